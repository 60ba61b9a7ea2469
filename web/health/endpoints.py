"""``/livez`` and ``/readyz``, for whoever restarts processes and routes traffic."""

from http import HTTPStatus

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse

from models.errors import RessentiError
from web.house import HouseOf

router = APIRouter()


@router.get("/livez", response_class=PlainTextResponse)
def tell_alive(house: HouseOf) -> PlainTextResponse:
    """Answer 200 while the engine can still fold; 503 when it stopped for good and a restart is due."""
    failure = house.engine.failure
    if failure is not None:
        return PlainTextResponse(f"the engine stopped: {failure}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("alive\n")


@router.get("/readyz", response_class=PlainTextResponse)
def tell_ready(house: HouseOf) -> PlainTextResponse:
    """Answer 200 when log and store answer; 503 with the reason otherwise."""
    try:
        house.log.ends()
        house.store.partitions.counters()
    except RessentiError as error:
        return PlainTextResponse(f"not ready: {error}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("ready\n")
