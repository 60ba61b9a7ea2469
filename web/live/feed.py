"""From where events are folded to every open page: one word, ``changed``, at most a few times a second.

An engine in this process says so itself. Where workers fold, the store is looked at while a page is open.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import structlog
from starlette.concurrency import run_in_threadpool

from models.effects import Effects
from models.errors import RessentiError

_log = structlog.get_logger(__name__)

HEARTBEAT_S = 15.0
PAUSE_S = 0.25
"""Shortest time between two words to one page, so that a flood of events does not become a flood of requests."""


class Feed:
    """Tells its listeners that something changed; ``on_checkpoint`` may be called from any thread.

    ``look``, when given, returns something that differs once anything was folded elsewhere; it blocks for one short
    read, every ``PAUSE_S`` while there are listeners.
    """

    def __init__(self, look: Callable[[], object] | None = None) -> None:
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._look = look
        self._following: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many pages are open."""
        return len(self._waiting)

    def on_checkpoint(self, _effects: Sequence[Effects]) -> None:
        """Wake every open page; quick, never raises."""
        for event, loop in list(self._waiting.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """End every stream, so that a server that stops need not wait for open pages."""
        self._closed = True
        self.on_checkpoint(())

    async def words(self) -> AsyncIterator[str]:
        """Yield server-sent events until the page is closed; a comment keeps quiet connections open."""
        changed = asyncio.Event()
        self._waiting[changed] = asyncio.get_running_loop()
        try:
            self._follow()
            yield "retry: 2000\n\n"
            while not self._closed:
                yield await _next(changed)
                changed.clear()
                await asyncio.sleep(PAUSE_S)
        finally:
            self._waiting.pop(changed, None)

    def _follow(self) -> None:
        if self._look is not None and (self._following is None or self._following.done()):
            self._following = asyncio.create_task(self._looking(self._look))

    async def _looking(self, look: Callable[[], object]) -> None:
        """Say ``changed`` whenever ``look`` returns something else, until the last page is closed."""
        seen: object = None
        told = False
        while self._waiting and not self._closed:
            try:
                found = await run_in_threadpool(look)
                told = False
            except RessentiError as away:
                if not told:  # once: it is looked for four times a second
                    _log.info("open pages hear nothing just now", reason=str(away))
                found, told = seen, True
            if seen is not None and found != seen:
                self.on_checkpoint(())
            seen = found
            await asyncio.sleep(PAUSE_S)


async def _next(changed: asyncio.Event) -> str:
    try:
        await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
    except TimeoutError:
        return ": still here\n\n"
    return "event: changed\ndata: \n\n"
