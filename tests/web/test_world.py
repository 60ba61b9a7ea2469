"""Whoever asks how we are is answered while everybody who is served hangs in something."""

import asyncio
import threading
from typing import cast

from anyio import to_thread

from models.effects import Counters
from streams.bootstrap import House
from web.health.world import World


class Answering:
    """As much of a house as a world looks at."""

    @property
    def log(self) -> "Answering":
        return self

    @property
    def store(self) -> "Answering":
        return self

    @property
    def partitions(self) -> "Answering":
        return self

    def counters(self) -> Counters:
        return Counters()

    def glance(self) -> dict[int, int]:
        return {}


def test_a_probe_waits_for_no_thread_that_serves() -> None:
    hanging = threading.Event()

    async def body() -> None:
        world = World(cast("House", Answering()))
        served = to_thread.current_default_thread_limiter()
        requests = [asyncio.create_task(to_thread.run_sync(hanging.wait)) for _ in range(int(served.total_tokens))]
        for _ in range(10):  # turns of the loop, in which each takes its thread
            await asyncio.sleep(0)
        assert not served.available_tokens
        try:
            async with asyncio.timeout(20):
                await world.aside(world.look)
        finally:
            hanging.set()
            await asyncio.gather(*requests)

    asyncio.run(body())
