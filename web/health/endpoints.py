"""``/livez`` and ``/readyz``, for whoever restarts processes and routes traffic."""

from http import HTTPStatus

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse

from models.errors import RessentiError
from web.health.world import WorldOf
from web.house import HouseOf

router = APIRouter()


@router.get("/livez", response_class=PlainTextResponse)
async def tell_alive(house: HouseOf) -> PlainTextResponse:
    """Answer 200 while the engine can still fold; 503 when it stopped for good and a restart is due."""
    failure = house.engine.failure
    if failure is not None:
        return PlainTextResponse(f"the engine stopped: {failure}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("alive\n")


@router.get("/readyz", response_class=PlainTextResponse)
async def tell_ready(request: Request, world: WorldOf) -> PlainTextResponse:
    """Answer 200 when log and store answer; 503 with the reason otherwise, also when they hang."""
    try:
        await world.aside(world.look)
    except RessentiError as error:
        world.tell(request.url.path, error)
        return PlainTextResponse(f"not ready: {error}\n", HTTPStatus.SERVICE_UNAVAILABLE)
    return PlainTextResponse("ready\n")
