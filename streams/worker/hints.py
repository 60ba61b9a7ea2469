"""Hints: how far the store is, committed to Kafka now and then for tools that show a group's lag.

Nothing of ours reads them; one that is lost or late changes nothing.
"""

import asyncio
from collections.abc import Mapping
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted

from models.identifiers import Offset, Partition
from streams.worker.pump import Pump

_log = structlog.get_logger(__name__)

MOST_SECONDS = 5.0
"""Longest wait for Kafka to take a hint."""


class Committing(Protocol):
    """Who commits to Kafka."""

    async def hint(self, offsets: Mapping[Partition, Offset]) -> None:
        """Commit ``offsets``; raises ``KafkaError``."""


class Hints:
    """Gives hints every ``seconds``."""

    def __init__(self, pump: Pump, consumer: Committing, seconds: float) -> None:
        self._pump = pump
        self._consumer = consumer
        self._seconds = seconds
        self._given: dict[Partition, Offset] = {}

    async def run(self) -> None:
        """Give hints until cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            await self.give()

    async def give(self) -> None:
        """Give those that changed; never raises."""
        wanted = self._pump.wanted()
        changed = {partition: offset for partition, offset in wanted.items() if self._given.get(partition) != offset}
        if not changed:
            return
        try:
            async with asyncio.timeout(MOST_SECONDS):
                await self._consumer.hint(changed)
        except (KafkaError, ConsumerNotStarted, TimeoutError) as error:
            _log.debug("Kafka did not take a hint", reason=repr(error))
        else:
            self._given = wanted
