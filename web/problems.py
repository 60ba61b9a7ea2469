"""Errors as RFC 9457 problem details: one shape for every refusal, with the remedy in it.

Programs get it as JSON; a browser, which asks for HTML, gets the same as a small page.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException

from models.errors import Fenced, Forbidden, InvalidInput, LogChanged, NotFound, RessentiError, Retryable
from web.pages.rendering import templates

_log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = 2


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


def refused_for_good(detail: str) -> Problem:
    """Return the 503 of a process that takes nothing any more, with no promise of when another one will."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        detail,
        "keep the events: they are taken once whoever runs this has mended that and has started anew what serves it; "
        "sending them again before then does not help",
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
    if isinstance(error, (Retryable, LogChanged)):
        return (unavailable if isinstance(error, Retryable) else refused_for_good)(str(error))
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


def install(app: FastAPI, tell: Callable[[str, Exception], object]) -> None:
    """Make ``app`` answer every error as a problem; ``tell`` hears, in the event loop, what was answered with 503."""

    async def handle(request: Request, error: Exception) -> Response:
        problem = problem_of(error)
        if problem.status is HTTPStatus.SERVICE_UNAVAILABLE:
            tell(request.url.path, error)
        if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            _log.error("a request failed", path=request.url.path, exc_info=error)
        return respond(problem, request)

    for kind in (Problem, RessentiError, HTTPException, RequestValidationError, Exception):
        app.add_exception_handler(kind, handle)
