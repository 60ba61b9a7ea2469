"""The application: every router, the state they share, errors as problems; and how it is served."""

import asyncio
import os
import threading
from collections.abc import Callable
from socket import AF_INET, AF_INET6, create_server, socket

import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import ASGIApp

from models.errors import RefusedToStart
from streams.bootstrap import House
from web import problems
from web.assignments import endpoints as assignments
from web.blind_spots import endpoints as blind_spots
from web.customers import endpoints as customers
from web.dead_letters import endpoints as dead_letters
from web.events import endpoints as events
from web.events.admission import Admission
from web.experiments import api as experiment_api
from web.experiments import causes, library, opportunities
from web.experiments import endpoints as experiments
from web.experiments import tables as experiment_tables
from web.gaps import endpoints as gaps
from web.health import endpoints as health
from web.health.world import World
from web.journeys import endpoints as journeys
from web.live import endpoints as live
from web.live.feed import Feed
from web.metrics import endpoints as metrics
from web.pages.rendering import ROOT
from web.rescues import endpoints as rescues
from web.scores import endpoints as scores
from web.security import Secured
from web.targets import endpoints as targets
from web.today import endpoints as today

ROUTERS = (
    today.router,
    scores.router,
    journeys.router,
    customers.router,
    rescues.router,
    gaps.router,
    targets.router,
    library.router,
    opportunities.router,
    experiments.router,
    causes.router,
    experiment_api.router,
    experiment_tables.router,
    assignments.router,
    blind_spots.router,
    dead_letters.router,
    live.router,
    events.router,
    health.router,
    metrics.router,
)
GRACE_S = 3
BACKLOG = 2048


class Application(FastAPI):
    """The application, with the security layer outside of everything: errors of ours leave through it too."""

    def build_middleware_stack(self) -> ASGIApp:
        """Return what answers requests."""
        return Secured(super().build_middleware_stack(), any_host=self.state.house.settings.behind_proxy)


def create_app(house: House) -> FastAPI:
    """Return the application that serves ``house``."""
    app = Application(title="Ressenti", docs_url=None, redoc_url=None)
    app.state.house = house
    app.state.feed = Feed(None if house.store.embedded else house.store.partitions.positions)
    app.state.admission = Admission()
    app.state.world = World(house)
    house.engine.listen(app.state.feed.on_checkpoint)
    app.mount("/static", StaticFiles(directory=ROOT / "static"), name="static")
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app, app.state.world.tell)
    return app


def serve(house: House, host: str, port: int, started: Callable[[str], object] = lambda _: None) -> None:
    """Serve ``house`` until interrupted; ``started`` hears the address once it answers.

    Raises ``RefusedToStart`` when the address cannot be had.
    """
    door = listening(host, port)
    server = server_of(house, host, port)
    threading.Thread(target=_announce, args=(server, started), daemon=True).start()
    asyncio.run(server.serve(sockets=[door]))


def listening(host: str, port: int) -> socket:
    """Return a socket that listens at the address."""
    family = AF_INET6 if ":" in host else AF_INET
    try:
        return create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise RefusedToStart(
            f"address {host}:{port}: cannot be had ({os.strerror(error.errno or 0)}); name another with --port, or "
            "with RESSENTI_HOST"
        ) from None


def server_of(house: House, host: str, port: int) -> "Server":
    """Return the server of ``house``, not yet serving; port 0 takes a free one."""
    app = create_app(house)
    config = uvicorn.Config(
        app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S
    )
    return Server(config, app.state.feed)


class Server(uvicorn.Server):
    """A server that tells open pages to go before it waits for them."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        super().__init__(config)
        self._feed = feed

    @property
    def address(self) -> str:
        """Where it answers, once started."""
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End every stream, then everything else."""
        self._feed.close()
        await super().shutdown(sockets)


def _announce(server: Server, started: Callable[[str], object]) -> None:
    while not server.started and not server.should_exit:
        threading.Event().wait(0.02)
    if server.started:
        started(server.address)
