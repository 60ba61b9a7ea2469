"""The reconciler: brings reader and store together where a chunk was lost between them.

Chunks vanish when the group changes its generation, and nothing in Faust or aiokafka fetches them again. So we look
every few seconds: a partition of which nothing is under way here, and which is read from elsewhere than where the
store stands, twice in a row at the same two places, is sought. Once would not do: a chunk may be on its way from the
one to the other. A partition that is held here and not assigned, twice in a row, is let go: it is another's to fold,
and would look for ever as if nothing moved.
"""

import asyncio
from collections.abc import Collection, Mapping
from typing import Protocol

import structlog
from aiokafka.errors import KafkaError
from faust.exceptions import ConsumerNotStarted

from models.identifiers import Offset, Partition
from streams.worker.pump import Pump

_log = structlog.get_logger(__name__)

Standing = tuple[Offset, Offset | None]
"""Where the store stands, and where the partition is read from."""


class Positions(Protocol):
    """Who knows where partitions are read from."""

    async def positions(self) -> Mapping[Partition, Offset]:
        """Return where each assigned partition is read next; one that was not sought yet may be left out."""

    def assigned(self) -> Collection[Partition]:
        """Return the partitions that are this reader's just now."""


class Reconciler:
    """Looks every ``seconds``."""

    def __init__(self, pump: Pump, reader: Positions, seconds: float) -> None:
        self._pump = pump
        self._reader = reader
        self._seconds = seconds
        self._apart: dict[Partition, Standing] = {}
        self._foreign: frozenset[Partition] = frozenset()
        self.found = 0
        """How often something had been lost, since the start."""

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            await asyncio.sleep(self._seconds)
            try:
                await self.look()
            except (KafkaError, ConsumerNotStarted) as error:
                _log.info("where partitions are read from is not known", reason=repr(error))

    async def look(self) -> dict[Partition, Offset]:
        """Look once; return what was sought, and where."""
        positions = await self._reader.positions()
        foreign = frozenset(self._pump.wanted().keys() - set(self._reader.assigned()))
        apart = {
            partition: (wanted, positions.get(partition))
            for partition, wanted in self._pump.wanted().items()
            if positions.get(partition) != wanted and not self._pump.holds(partition) and partition not in foreign
        }
        await self._let_go(foreign)
        lost = {partition: at[0] for partition, at in apart.items() if self._apart.get(partition) == at}
        self._apart = {partition: at for partition, at in apart.items() if partition not in lost}
        if lost:
            self.found += len(lost)
            _log.warning("chunks were lost on the way: they are read again", offsets=lost)
            await self._pump.reread(lost)
        return lost

    async def _let_go(self, foreign: frozenset[Partition]) -> None:
        if stale := foreign & self._foreign:
            _log.warning("partitions were held that are not assigned: they are let go", partitions=sorted(stale))
            await self._pump.release(stale)
        self._foreign = foreign - stale
