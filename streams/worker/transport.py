"""Faust's transport with one message per fetch, under a URL scheme of our own.

Faust makes four tasks of every message before an agent sees it; one message for all that a fetch brought makes that
cost nothing. It goes by the first of its partitions, which is as good as any other: whether a chunk is still wanted is
for the fold's rule to say. Where a partition is read from is the store's to say, never Kafka's: it is asked at every
assignment.
"""

import asyncio
from collections.abc import Awaitable, Mapping
from typing import Any, ClassVar

import structlog
from aiokafka.errors import IllegalStateError, KafkaError
from faust.transport.drivers import TRANSPORTS
from faust.transport.drivers.aiokafka import Consumer, Transport
from faust.types import TP, ConsumerMessage

from models.identifiers import Offset, Partition
from streams.worker.consumer_thread import ChunkThread
from streams.worker.parts import Fetched, parts_of

_log = structlog.get_logger(__name__)

SCHEME = "ressenti"
RELEASE_SECONDS = 20.0
"""Longest wait for a checkpoint at work when partitions are taken away; after it, the fence protects."""


class Unread(dict[TP, int | None]):
    """Faust's note of how far each partition was read, which it drops messages by: always "nothing yet".

    A chunk that was under way when the reader was sent back would make Faust drop everything up to it. What is old is
    for the fold's rule to say.
    """

    def __getitem__(self, tp: TP) -> int | None:
        """Know nothing."""
        return None


class ChunkConsumer(Consumer):
    """Carries chunks from its thread to the agent."""

    _thread: ChunkThread

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Faust's
        super().__init__(*args, **kwargs)
        self._read_offset = Unread()

    def _new_consumer_thread(self) -> ChunkThread:
        return ChunkThread(self, loop=self.loop, beacon=self.beacon)

    def _to_message(self, tp: TP, record: Fetched) -> ConsumerMessage:
        """Return what was fetched as the message that Faust passes around."""
        return ConsumerMessage(
            topic=tp.topic,
            partition=tp.partition,
            offset=record[0].end - 1,
            timestamp=0.0,
            timestamp_type=1,
            headers={},
            key=None,
            value=record,  # type: ignore[arg-type]  # Faust passes it on as it is
            checksum=None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Go where the store stands; Faust calls it after every assignment of something. Never raises."""
        assigned = {Partition(tp.partition): tp for tp in self.assignment()}
        wanted = await parts_of(self.app).pump.hold(assigned.keys())
        if wanted:
            await self.go_to(wanted)
        return {assigned[partition]: offset for partition, offset in wanted.items()}

    async def go_to(self, offsets: Mapping[Partition, Offset]) -> None:
        """Read on from ``offsets``; what cannot be sought now is sought by the reconciler. Never raises."""
        topic = parts_of(self.app).reading.topic
        try:
            await self._thread.seek_present({TP(topic, partition): offset for partition, offset in offsets.items()})
        except (TimeoutError, IllegalStateError, KafkaError) as error:
            _log.info("a seek was overtaken", reason=repr(error), offsets=dict(offsets))

    def assigned(self) -> set[Partition]:
        """Return the partitions that are assigned just now."""
        return {Partition(tp.partition) for tp in self.assignment()}

    async def positions(self) -> dict[Partition, Offset]:
        """Return where each assigned partition is read next."""
        return await self._thread.positions()

    async def hint(self, offsets: Mapping[Partition, Offset]) -> None:
        """Tell Kafka how far the store is, for lag tools; raises ``KafkaError``."""
        await self._thread.hint(offsets)

    @property
    def expired(self) -> Mapping[Partition, int]:
        """How many offsets of each partition were gone before they were read, since the start."""
        return self._thread.expired

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """Finish the checkpoint at work, so that whoever comes next reads where we stopped, and forget the rest."""
        await _in_time(parts_of(self.app).pump.release([Partition(tp.partition) for tp in revoked]))
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """Let go of all where nothing is assigned: Faust asks only who has something where it is to be read from."""
        if not assigned:
            await _in_time(parts_of(self.app).pump.hold(()))
        await super().on_partitions_assigned(assigned, generation_id)

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: a full buffer holds the fetcher up by itself. Faust's way makes it sleep for a second."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Do nothing; see ``on_buffer_full``."""


async def _in_time(letting_go: Awaitable[object]) -> None:
    """Wait for ``letting_go``, but not so long that the group would take us for dead."""
    try:
        async with asyncio.timeout(RELEASE_SECONDS):
            await letting_go
    except TimeoutError:
        _log.warning("partitions are given away in the middle of a checkpoint", seconds=RELEASE_SECONDS)


class ChunkTransport(Transport):
    """Faust's Kafka transport with our consumer."""

    Consumer: ClassVar[type[ChunkConsumer]] = ChunkConsumer
    driver_version = f"{SCHEME}+{Transport.driver_version}"


def register() -> None:
    """Let Faust know our scheme."""
    TRANSPORTS.aliases[SCHEME] = f"{__name__}:{ChunkTransport.__name__}"
