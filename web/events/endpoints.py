"""``POST /v1/events``: a verdict for each event; 202 only when what was accepted is durable."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from web.events.admission import admitted
from web.events.body import BATCH, NDJSON, STRUCTURED, events_of
from web.house import HouseOf

router = APIRouter()
Source = Annotated[str | None, Depends(admitted)]


_BODY = {
    STRUCTURED: {"schema": {"type": "object"}},
    BATCH: {"schema": {"type": "array", "items": {"type": "object"}}},
    NDJSON: {"schema": {"type": "string"}},
}
"""What the interface's own schema says of bodies; each event's is in ``ressenti schema``."""


@router.post(
    "/v1/events",
    status_code=HTTPStatus.ACCEPTED,
    openapi_extra={"requestBody": {"required": True, "content": _BODY}},
)
async def receive_events(request: Request, house: HouseOf, source: Source) -> JSONResponse:
    """Take one event, a batch or NDJSON.

    202 when at least one event is durable or known already; 400 when every one was rejected. The body counts the
    verdicts and lists them in the order of the events. 429 and 503 say in Retry-After when to send it all again.
    """
    events = await events_of(request)
    verdicts = await run_in_threadpool(house.collector.collect, events, source)
    counts = dict.fromkeys(("accepted", "duplicate", "rejected"), 0)
    for verdict in verdicts:
        counts[verdict.status] += 1
    all_rejected = bool(verdicts) and counts["rejected"] == len(verdicts)
    status = HTTPStatus.BAD_REQUEST if all_rejected else HTTPStatus.ACCEPTED
    return JSONResponse({**counts, "verdicts": [verdict.as_json() for verdict in verdicts]}, status)
