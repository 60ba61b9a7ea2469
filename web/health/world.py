"""Whether log and store answer: looked at without hanging with them; told in the log when they do not, and when again.

What each request is answered meanwhile is ``web.problems``'s business.
"""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Annotated, TypeVar

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request

from models.effects import Counters
from models.errors import RessentiError, Retryable
from streams.bootstrap import House
from streams.glancing import Glance

_log = structlog.get_logger(__name__)

T = TypeVar("T")

PROBES = 4
"""Threads for whoever asks how we are, so that they wait for nobody who is served."""
TELL_AGAIN_S = 30.0
"""How often the log says that requests cannot be served for now; each of them is told."""
LOOK_AGAIN_S = 2.0
"""How often it is looked whether log and store are back, from the first request that was turned away."""


class World:
    """What a house needs of the world outside of its process."""

    def __init__(self, house: House) -> None:
        self._log = house.log
        self._store = Glance("the database", house.store.partitions.counters)
        self._threads = CapacityLimiter(PROBES)
        self._told_at = -TELL_AGAIN_S
        self._returning: asyncio.Task[None] | None = None

    async def aside(self, call: Callable[[], T]) -> T:
        """Return what ``call`` does in a thread, while all those that serve requests may hang in something."""
        return await to_thread.run_sync(call, limiter=self._threads)

    def look(self) -> None:
        """Return when log and store answer; raises, within a few seconds, the ``RessentiError`` that says why not."""
        self.store()
        self._log.glance()

    def store(self) -> Counters:
        """Return the store's counters, or raise within two seconds what keeps it from telling them."""
        return self._store.answer()

    def tell(self, path: str, error: Exception) -> None:
        """Say in the log that ``path`` could not be served; for what may pass, have it said when it has.

        To be called in the event loop; does not block.
        """
        if monotonic() >= self._told_at + TELL_AGAIN_S:
            self._told_at = monotonic()
            _log.warning("requests are answered with 503 for now", path=path, reason=str(error))
        if isinstance(error, Retryable) and (self._returning is None or self._returning.done()):
            self._returning = asyncio.create_task(self._tell_return())

    async def _tell_return(self) -> None:
        began = monotonic()
        while True:
            await asyncio.sleep(LOOK_AGAIN_S)
            try:
                await self.aside(self.look)
            except Retryable:
                continue
            except RessentiError as error:
                _log.error("what was away did not come back as it was", reason=str(error))
                return
            self._told_at = -TELL_AGAIN_S
            _log.info("log and database answer again", seconds=round(monotonic() - began))
            return


def world_of(request: Request) -> World:
    """Return the world of the application's house."""
    world = request.app.state.world
    assert isinstance(world, World)  # noqa: S101 - set once, by the application's maker
    return world


WorldOf = Annotated[World, Depends(world_of)]
