"""``/metrics``."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST

from web.health.world import WorldOf
from web.house import HouseOf
from web.metrics.exposition import HouseMetrics, exposed

router = APIRouter()


@router.get("/metrics")
async def expose_metrics(request: Request, house: HouseOf, world: WorldOf) -> Response:
    """Return every metric in Prometheus' text format; while the store is away, those that do not need it."""
    metrics = HouseMetrics(house, world)
    text = await world.aside(lambda: exposed(metrics))
    if metrics.away is not None:
        world.tell(request.url.path, metrics.away)
    return Response(text, media_type=CONTENT_TYPE_LATEST)
