"""Waiting, within bounds, for what other threads and processes do."""

import asyncio
import time
from collections.abc import Callable

SECONDS = 30.0


def until(true: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait until it is ``true``."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.01)


async def came(true: Callable[[], object], seconds: float = SECONDS) -> None:
    """Wait in the event loop until it is ``true``."""
    async with asyncio.timeout(seconds):
        while not true():  # noqa: ASYNC110 - what is waited for is a thread's, or a fake's
            await asyncio.sleep(0.002)
