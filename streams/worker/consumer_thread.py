"""The consumer's thread: where fetches and seeks happen, so where alone it can be known what a fetch covers.

Each fetch becomes one ``Fetched``: a ``Chunk`` of each partition that something came from. Four ways in which Faust or
aiokafka would lose or stall in silence are closed here::

    1. Only what is committed is read: Faust asks for everything, and aborted transactions would be counted.
    2. No offset is ever reset by itself. A position that the log no longer has is looked up: before its first offset,
       retention took records away, which is counted and reported, and the reading goes on at the first one with the
       hole inside the chunk; beyond its end, the topic is another one, and the worker ends.
    3. What ails the group's coordination is raised here. aiokafka tells it only to callers of its own ``getmany``,
       which Faust goes around, and waits for ever until it is heard.
    4. A fetch that waits for new records holds up those of every other partition on that broker; it waits briefly.

Where events trickle in, each would be a fetch of its own, and brokers, Faust and this process would be busy with
handing over. So what comes within a moment is fetched together; with a backlog nothing waits.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import cast

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from aiokafka.structs import OffsetAndMetadata
from faust.transport.consumer import RecordMap
from faust.transport.drivers.aiokafka import AIOKafkaConsumerThread, Transport
from faust.types import TP
from mode.threads import WorkerThread

from models.chunks import Chunk, Record
from models.errors import LogChanged
from models.identifiers import Millis, Offset, Partition
from models.interactions.binary import structured
from streams.worker.covering import Covering
from streams.worker.parts import Fetched, parts_of

_log = structlog.get_logger(__name__)

NEVER_IDLE_MS = 24 * 3_600 * 1_000
"""aiokafka leaves a group whose consumer fetches nothing for so long, and then never rejoins; a store that is away for
an hour must not have that effect, and our own liveness sees what hangs."""
FETCH_WAIT_MS = 100
MOMENT_S = 0.05
"""Least time from a fetch that brought little to the next; half of it is what an event waits longer, on average."""
LITTLE = 2_000
"""Records of a fetch from which on the next one follows at once."""


class Thread(WorkerThread):
    """The thread itself; what crashes in it was told already, and Python need not print it."""

    def run(self) -> None:
        """Run until stopped."""
        with contextlib.suppress(Exception):
            super().run()


class ChunkThread(AIOKafkaConsumerThread):
    """Reads chunks and follows seeks; everything public is called from the event loop of the worker."""

    Worker = Thread

    def __post_init__(self) -> None:
        """Begin knowing nothing."""
        super().__post_init__()
        self._parts = parts_of(self.app)
        self._covering = Covering()
        self._assigned: object | None = None
        self._not_before = 0.0
        self.expired: dict[Partition, int] = {}
        """How many offsets of each partition were gone before they were read."""

    def _create_worker_consumer(self, transport: Transport) -> AIOKafkaConsumer:  # noqa: ARG002 - Faust's signature
        reading = self._parts.reading
        return AIOKafkaConsumer(
            bootstrap_servers=list(reading.bootstrap),
            client_id="ressenti-worker",
            group_id=reading.group,
            group_instance_id=reading.instance,
            partition_assignment_strategy=[RoundRobinPartitionAssignor],
            isolation_level="read_committed",  # 1
            auto_offset_reset="none",  # 2
            enable_auto_commit=False,
            max_poll_records=reading.records,
            max_poll_interval_ms=NEVER_IDLE_MS,
            fetch_max_wait_ms=FETCH_WAIT_MS,  # 4
            session_timeout_ms=round(reading.session_seconds * 1_000),
            heartbeat_interval_ms=round(reading.heartbeat_seconds * 1_000),
            rebalance_timeout_ms=60_000,
            **reading.security,
        )

    async def _fetch_records(
        self,
        consumer: AIOKafkaConsumer,
        active_partitions: set[TP],
        timeout: float | None = None,  # noqa: ASYNC109 - Faust's signature
        max_records: int | None = None,
    ) -> RecordMap:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self._not_before - loop.time())
        try:
            consumer._coordinator.check_errors()  # 3  # noqa: SLF001 - tests/streams/worker/test_contract_faust.py holds it
            fetched = await super()._fetch_records(consumer, active_partitions, timeout, max_records)
            if sum(map(len, fetched.values())) < LITTLE:
                self._not_before = loop.time() + MOMENT_S
            # Nothing may be awaited between the fetch and this, or a seek could come between.
            return self._chunks(consumer, fetched, active_partitions)
        except NoOffsetForPartitionError:
            return {}  # not sought yet
        except OffsetOutOfRangeError as error:
            await self._find_again(consumer, error.args[0])
            return {}
        except (KafkaError, LogChanged) as error:
            self._parts.give_up(error)
            raise

    async def _seek_wait(self, consumer: AIOKafkaConsumer, partitions: Mapping[TP, int]) -> None:
        self._begin(consumer)
        for tp, offset in partitions.items():
            self._covering.seek(Partition(tp.partition), Offset(offset))
        await super()._seek_wait(consumer, partitions)

    async def seek_present(self, offsets: Mapping[TP, int]) -> None:
        """Read on from ``offsets`` where they are still assigned."""
        await self.call_thread(self._seek_present, self._ensure_consumer(), offsets)

    async def _seek_present(self, consumer: AIOKafkaConsumer, offsets: Mapping[TP, int]) -> None:
        here = consumer.assignment()
        await self._seek_wait(consumer, {tp: offset for tp, offset in offsets.items() if tp in here})

    async def positions(self) -> dict[Partition, Offset]:
        """Return where each assigned partition is read next."""
        found: dict[Partition, Offset] = await self.call_thread(self._positions, self._ensure_consumer())
        return found

    async def _positions(self, consumer: AIOKafkaConsumer) -> dict[Partition, Offset]:
        return {Partition(tp.partition): position for tp, position in _positions(consumer).items()}

    async def hint(self, offsets: Mapping[Partition, Offset]) -> None:
        """Commit ``offsets`` to Kafka for whoever looks at its lag; raises ``KafkaError``. Nothing leans on it."""
        await self.call_thread(self._hint, self._ensure_consumer(), offsets)

    async def _hint(self, consumer: AIOKafkaConsumer, offsets: Mapping[Partition, Offset]) -> None:
        here = consumer.assignment()
        tps = {TopicPartition(self._parts.reading.topic, partition): offset for partition, offset in offsets.items()}
        told = {tp: OffsetAndMetadata(offset, "") for tp, offset in tps.items() if tp in here}
        if told:
            await consumer.commit(told)

    def highwater(self, tp: TP) -> int:
        """Return the end of ``tp`` as last heard, 0 for one that is gone: Faust asks from another thread."""
        assignment = self._ensure_consumer()._subscription.subscription.assignment  # noqa: SLF001 - test_contract_faust.py holds it
        state = None if assignment is None else assignment.state_value(tp)
        return 0 if state is None or state.highwater is None else int(state.highwater)

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: whether the worker moves is seen from outside (``streams.worker.liveness``)."""

    def on_crash(self, msg: str, *fmt: object, **_: object) -> None:
        """Tell of a crash in our log; mode would print it."""
        _log.critical("the consumer's thread crashed", reason=msg.format(*fmt), exc_info=True)

    def _begin(self, consumer: AIOKafkaConsumer) -> None:
        """Know nothing of positions under another assignment than the one they were seen under."""
        assigned = consumer._subscription.subscription.assignment  # noqa: SLF001 - test_contract_faust.py holds it
        if assigned is not self._assigned:
            self._assigned = assigned
            self._covering.begin()

    def _chunks(self, consumer: AIOKafkaConsumer, fetched: RecordMap, active: Iterable[TP]) -> RecordMap:
        self._begin(consumer)
        positions = _positions(consumer)
        chunks: dict[TP, Chunk] = {}
        for tp in active:
            if tp in positions:
                records = [_record(one) for one in fetched.get(tp, ())]
                chunk = self._covering.chunk(Partition(tp.partition), records, positions[tp])
                if chunk is not None:
                    chunks[tp] = chunk
        return {next(iter(chunks)): [Fetched(chunks.values())]} if chunks else {}

    async def _find_again(self, consumer: AIOKafkaConsumer, lost: Mapping[TP, int]) -> None:
        """Go on at the first offset of partitions whose position the log no longer has."""
        starts = await consumer.beginning_offsets(list(lost))
        ends = await consumer.end_offsets(list(lost))
        for tp, position in lost.items():
            if _positions(consumer).get(tp) != position:
                continue  # sought, or assigned anew, while we looked
            if position > ends[tp]:
                error = _cut(tp, position, ends[tp])
                self._parts.give_up(error)
                raise error
            if position < starts[tp]:
                self._note_expired(Partition(tp.partition), position, starts[tp])
                consumer.seek(tp, starts[tp])  # but the chunk begins where we stood: the hole is inside it

    def _note_expired(self, partition: Partition, position: int, start: int) -> None:
        self.expired[partition] = self.expired.get(partition, 0) + start - position
        _log.critical(
            "records were deleted before they were scored: lengthen the topic's retention, or add workers",
            partition=partition,
            lost=start - position,
            first_lost=position,
            read_on_from=start,
        )


def _record(one: ConsumerRecord[bytes, bytes]) -> Record:
    value = one.value or b""
    if one.headers:
        value = structured(value, one.headers)
    return _made((Offset(one.offset), Millis(one.timestamp), one.key or b"", value))


_made = cast("Callable[[tuple[Offset, Millis, bytes, bytes]], Record]", partial(tuple.__new__, Record))
"""``Record`` of its fields; a third of the time its constructor takes, for every record."""


def _cut(tp: TP, position: int, end: int) -> LogChanged:
    return LogChanged(
        f"partition {tp.partition}: the store has folded up to offset {position}, but the log ends at {end}: records "
        "are missing; restore the log from a backup at least as recent as the store, or move the store away to build "
        "a new one"
    )


def _positions(consumer: AIOKafkaConsumer) -> dict[TP, Offset]:
    assignment = consumer._subscription.subscription.assignment  # noqa: SLF001 - test_contract_faust.py holds it
    if assignment is None:
        return {}
    states = {tp: assignment.state_value(tp) for tp in assignment.tps}
    return {tp: Offset(state.position) for tp, state in states.items() if state.has_valid_position}
