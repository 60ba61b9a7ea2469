"""``/metrics``."""

from fastapi import APIRouter
from fastapi.responses import Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from web.house import HouseOf
from web.metrics.exposition import registry_of

router = APIRouter()


@router.get("/metrics")
def expose_metrics(house: HouseOf) -> Response:
    """Return every metric in Prometheus' text format."""
    return Response(generate_latest(registry_of(house)), media_type=CONTENT_TYPE_LATEST)
