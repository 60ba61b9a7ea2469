"""From the engine's thread to every open page: one word, ``changed``, at most a few times a second."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from models.effects import Effects

HEARTBEAT_S = 15.0
PAUSE_S = 0.25
"""Shortest time between two words to one page, so that a flood of events does not become a flood of requests."""


class Feed:
    """Tells its listeners that something changed; ``on_checkpoint`` may be called from any thread."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
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
            yield "retry: 2000\n\n"
            while not self._closed:
                yield await _next(changed)
                changed.clear()
                await asyncio.sleep(PAUSE_S)
        finally:
            self._waiting.pop(changed, None)


async def _next(changed: asyncio.Event) -> str:
    try:
        await asyncio.wait_for(changed.wait(), HEARTBEAT_S)
    except TimeoutError:
        return ": still here\n\n"
    return "event: changed\ndata: \n\n"
