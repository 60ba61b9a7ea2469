"""Errors as RFC 9457 problem details: one shape for every refusal, with the remedy in it.

Programs get it as JSON; a browser, which asks for HTML, gets the same as a small page.
"""

from collections.abc import Mapping
from http import HTTPStatus
from time import monotonic
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from models.errors import Fenced, Forbidden, InvalidInput, NotFound, RessentiError, Retryable
from web.pages.rendering import templates

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
TELL_AGAIN_S = 30.0
"""How often the log says that requests cannot be served for now; each of them is told."""


class Problem(Exception):
    """A refusal with its HTTP status; ``remedy`` says what the caller should do."""

    def __init__(
        self, status: HTTPStatus, detail: str, remedy: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.remedy = remedy
        self.headers = dict(headers or {})


def respond(problem: Problem, request: Request) -> Response:
    """Return ``problem`` as ``application/problem+json``, or as a page where HTML is asked for."""
    if "text/html" in request.headers.get("accept", ""):
        view = {"problem": problem, "path": request.url.path, "back": request.method != "GET"}
        return templates.TemplateResponse(
            request, "problem.html", view, status_code=problem.status, headers=problem.headers
        )
    body = {
        "type": f"urn:ressenti:problem:{problem.status.phrase.lower().replace(' ', '-')}",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
        "instance": request.url.path,
    }
    if problem.remedy:
        body["remedy"] = problem.remedy
    return JSONResponse(body, status_code=problem.status, media_type=MEDIA_TYPE, headers=problem.headers)


def unavailable(detail: str) -> Problem:
    """Return the 503 that asks the client to keep its events and come back."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        "keep the events and send them again after the delay in Retry-After; duplicates are recognised",
        {"Retry-After": str(RETRY_AFTER_S)},
    )


STATUS: tuple[tuple[type[Exception], HTTPStatus], ...] = (
    (NotFound, HTTPStatus.NOT_FOUND),
    (Forbidden, HTTPStatus.CONFLICT),
    (Fenced, HTTPStatus.CONFLICT),
    (InvalidInput, HTTPStatus.BAD_REQUEST),
)
"""The most special class first; the first that fits decides."""


def problem_of(error: Exception) -> Problem:
    """Return how ``error`` looks over HTTP; what is none of the caller's doing is told in the log only."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, Retryable):
        return unavailable(str(error))
    if isinstance(error, HTTPException):
        return Problem(HTTPStatus(error.status_code), str(error.detail), headers=error.headers)
    if isinstance(error, RequestValidationError):
        return Problem(HTTPStatus.BAD_REQUEST, "; ".join(_sentence(fault) for fault in error.errors()))
    for kind, status in STATUS:
        if isinstance(error, kind):
            return Problem(status, str(error))
    return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "this is an error of ours", "please report it, with the log")


def _sentence(fault: Mapping[str, Any]) -> str:
    if fault["type"] == "json_invalid":
        return "body: it is no JSON; send one JSON object"
    where = ".".join(str(part) for part in fault["loc"] if part not in {"body", "query", "path"})
    return f"{where or 'body'}: {fault['msg']}"


def install(app: FastAPI) -> None:
    """Make ``app`` answer every error as a problem."""
    told_at = -TELL_AGAIN_S

    async def handle(request: Request, error: Exception) -> Response:
        nonlocal told_at
        problem = problem_of(error)
        if problem.status is HTTPStatus.SERVICE_UNAVAILABLE and monotonic() >= told_at + TELL_AGAIN_S:
            told_at = monotonic()
            _log.warning("requests are answered with 503 for now", path=request.url.path, reason=problem.detail)
        if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed", path=request.url.path, exc_info=error)
        return respond(problem, request)

    for kind in (Problem, RessentiError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)
