"""``/livez``, ``/readyz`` and ``/metrics`` of a worker."""

from http import HTTPStatus

from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from starlette.types import ASGIApp

from streams.worker.worker import Worker
from web.security import Secured
from web.worker.catalogue import WorkerMetrics


def worker_app(worker: Worker, *, any_host: bool) -> ASGIApp:
    """Return the application that tells of ``worker``; unless ``any_host``, only under this machine's own names."""
    registry = CollectorRegistry()
    registry.register(WorkerMetrics(worker))
    router = APIRouter()

    @router.get("/livez", response_class=PlainTextResponse)
    def tell_alive() -> PlainTextResponse:
        """Answer 200 until the worker cannot go on; 503 with the reason then: the process is about to end."""
        if worker.failure is not None:
            return _unavailable(f"the worker ends: {worker.failure}")
        return PlainTextResponse("alive\n")

    @router.get("/readyz", response_class=PlainTextResponse)
    def tell_ready() -> PlainTextResponse:
        """Answer 200 while Kafka and the database answer; 503 with the reason otherwise."""
        if worker.waiting is not None:
            return _unavailable(f"not ready: {worker.waiting}")
        return PlainTextResponse(f"ready, folding {len(worker.wanted)} partitions\n")

    @router.get("/metrics")
    def expose_metrics() -> Response:
        """Return the worker's metrics in Prometheus' text format."""
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    app = FastAPI(title="Ressenti worker", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)
    return Secured(app, any_host=any_host)


def _unavailable(why: str) -> PlainTextResponse:
    return PlainTextResponse(why + "\n", HTTPStatus.SERVICE_UNAVAILABLE)
