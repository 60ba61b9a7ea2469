"""What the consumer's thread makes of aiokafka's answers, where a real broker would rarely give them."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.types import TP

from models.chunks import Chunk
from models.errors import LogChanged
from models.identifiers import Partition
from streams.worker import consumer_thread
from streams.worker.consumer_thread import LITTLE, MOMENT_S, ChunkThread
from streams.worker.covering import Covering
from tests.streams.worker.inside import reading

T0, T1 = TopicPartition("t", 0), TopicPartition("t", 1)


@dataclass
class State:
    """A partition's state in aiokafka."""

    position: int = 0
    has_valid_position: bool = True


class Assignment:
    """An assignment in aiokafka: another one after every rebalance."""

    def __init__(self, **positions: int) -> None:
        self.states = {TopicPartition("t", int(name[1:])): State(at) for name, at in positions.items()}
        self.tps = self.states.keys()

    def state_value(self, tp: TP) -> State | None:
        return self.states.get(TopicPartition(*tp))


@dataclass
class Broker:
    """A consumer of aiokafka that answers as told."""

    assigned: Assignment
    fetch: Callable[[], Mapping[TP, list[ConsumerRecord[bytes, bytes]]]] = dict
    ails: Exception | None = None
    starts: int = 0
    ends: int = 1_000
    while_asked: Callable[[], object] = lambda: None
    sought: dict[TP, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._subscription = SimpleNamespace(subscription=SimpleNamespace(assignment=self.assigned))
        self._coordinator = SimpleNamespace(check_errors=self._check_errors)
        self._fetcher = SimpleNamespace(
            _closed=False,
            fetched_records=self._fetched,
            _subscriptions=SimpleNamespace(fetch_context=contextlib.nullcontext),
        )
        self._closed = False

    def rebalance(self, assigned: Assignment) -> None:
        self._subscription.subscription.assignment = assigned

    def seek(self, tp: TP, offset: int) -> None:
        self.sought[tp] = offset
        state = self._subscription.subscription.assignment.state_value(tp)
        state.position = offset

    async def position(self, tp: TP) -> int:
        state = self._subscription.subscription.assignment.state_value(tp)
        return int(state.position)

    async def beginning_offsets(self, tps: list[TP]) -> dict[TP, int]:
        self.while_asked()
        return dict.fromkeys(tps, self.starts)

    async def end_offsets(self, tps: list[TP]) -> dict[TP, int]:
        return dict.fromkeys(tps, self.ends)

    def _check_errors(self) -> None:
        if self.ails is not None:
            raise self.ails

    async def _fetched(self, *_: object, **__: object) -> Mapping[TP, list[ConsumerRecord[bytes, bytes]]]:
        return self.fetch()


def record(offset: int, partition: int = 0) -> "ConsumerRecord[bytes, bytes]":
    return ConsumerRecord("t", partition, offset, 5, 1, b"k", b"v", None, 1, 1, ())


@dataclass
class Bench:
    broker: Broker
    given_up: list[BaseException] = field(default_factory=list)

    def __post_init__(self) -> None:
        thread: Any = ChunkThread.__new__(ChunkThread)
        thread._covering, thread._assigned, thread.expired = Covering(), None, {}
        thread._not_before = 0.0
        thread._parts = SimpleNamespace(reading=reading("b:1", "t"), give_up=self.given_up.append)
        thread.consumer = SimpleNamespace(flow_active=True, _read_offset={})
        thread.app = SimpleNamespace(conf=SimpleNamespace(broker_request_timeout=5))
        thread.log = SimpleNamespace(dev=lambda *_: None)
        self.thread = cast("ChunkThread", thread)

    def seek(self, **offsets: int) -> None:
        wanted = {TopicPartition("t", int(name[1:])): at for name, at in offsets.items()}
        asyncio.run(self.thread._seek_wait(self.broker, wanted))

    def fetched(self, *offsets: int, position: int) -> Chunk | None:
        """Return the chunk that fetching these ``offsets`` gives, the reader then standing at ``position``."""

        def fetch() -> Mapping[TP, list[ConsumerRecord[bytes, bytes]]]:
            state = self.broker._subscription.subscription.assignment.state_value(T0)
            state.position = position
            return {TP(*T0): [record(offset) for offset in offsets]} if offsets else {}

        self.broker.fetch = fetch
        return self.again()

    def again(self) -> Chunk | None:
        found = asyncio.run(self.thread._fetch_records(self.broker, {TP(*T0)}, 0.0, 10))
        return next((chunk for fetches in found.values() for (chunk,) in fetches), None)


def test_a_fetch_is_a_chunk_from_the_seek_to_the_position() -> None:
    bench = Bench(Broker(Assignment(p0=0, p1=0)))
    bench.seek(p0=40)
    chunk = bench.fetched(41, 43, position=45)
    assert chunk is not None
    assert (chunk.partition, chunk.start, chunk.end, [r.offset for r in chunk.records]) == (0, 40, 45, [41, 43])
    assert chunk.records[0] == (41, 5, b"k", b"v")
    follows = bench.fetched(50, position=51)
    assert follows is not None
    assert (follows.start, follows.end) == (45, 51)


def test_a_chunk_never_begins_where_an_earlier_assignment_ended() -> None:
    """The position after a rebalance may be Kafka's, anywhere: between the two lies what nobody has read."""
    bench = Bench(Broker(Assignment(p0=0)))
    bench.seek(p0=0)
    bench.fetched(0, 1, position=500)
    bench.broker.rebalance(Assignment(p0=900))
    chunk = bench.fetched(900, position=901)
    assert chunk is not None
    assert chunk.start == 900


def test_what_ails_the_group_is_told_and_raised() -> None:
    error = GroupAuthorizationFailedError("group")
    bench = Bench(Broker(Assignment(p0=0), ails=error))
    with pytest.raises(GroupAuthorizationFailedError):
        bench.again()
    assert bench.given_up == [error]


def failing(error: Exception) -> Callable[[], Mapping[TP, list[ConsumerRecord[bytes, bytes]]]]:
    def fetch() -> Mapping[TP, list[ConsumerRecord[bytes, bytes]]]:
        raise error

    return fetch


def test_a_partition_that_was_not_sought_yet_is_no_error() -> None:
    bench = Bench(Broker(Assignment(p0=0), fetch=failing(NoOffsetForPartitionError(T0))))
    assert bench.again() is None
    assert not bench.given_up


def test_expired_offsets_are_counted_and_are_a_hole_in_the_next_chunk() -> None:
    bench = Bench(Broker(Assignment(p0=0), starts=80))
    bench.seek(p0=30)
    bench.broker.fetch = failing(OffsetOutOfRangeError({T0: 30}))
    assert bench.again() is None
    assert (bench.broker.sought, bench.thread.expired) == ({T0: 80}, {Partition(0): 50})
    chunk = bench.fetched(80, position=81)
    assert chunk is not None
    assert (chunk.start, chunk.end) == (30, 81)


def test_a_seek_that_comes_while_a_lost_position_is_looked_up_is_not_undone() -> None:
    """Else what lies between the seek and the log's start would be claimed as a hole, and never be read."""
    bench = Bench(Broker(Assignment(p0=0), starts=80))
    bench.seek(p0=30)
    bench.broker.fetch = failing(OffsetOutOfRangeError({T0: 30}))
    bench.broker.while_asked = lambda: bench.broker.seek(T0, 90)
    assert bench.again() is None
    assert bench.broker.sought == {T0: 90}
    assert not bench.thread.expired


def test_a_position_beyond_the_logs_end_ends_the_worker() -> None:
    bench = Bench(Broker(Assignment(p0=0), ends=20))
    bench.seek(p0=30)
    bench.broker.fetch = failing(OffsetOutOfRangeError({T0: 30}))
    with pytest.raises(LogChanged, match="offset 30, but the log ends at 20"):
        bench.again()
    assert [type(error) for error in bench.given_up] == [LogChanged]


def test_a_log_that_went_back_ends_the_worker() -> None:
    bench = Bench(Broker(Assignment(p0=0)))
    bench.seek(p0=30)
    with pytest.raises(LogChanged):
        bench.fetched(0, position=1)
    assert [type(error) for error in bench.given_up] == [LogChanged]


def test_the_end_of_a_partition_that_is_gone_is_not_asserted() -> None:
    bench = Bench(Broker(Assignment(p0=0)))
    bench.thread._consumer = cast("Any", bench.broker)
    assert bench.thread.highwater(TP(*T1)) == 0


def bringing(bench: Bench, *fetches: Mapping[TP, int]) -> list[float]:
    """Let each fetch bring so many records of each partition; return a list of when each came, which grows."""
    to_come, came = iter(fetches), list[float]()

    def fetch() -> Mapping[TP, list[ConsumerRecord[bytes, bytes]]]:
        came.append(asyncio.get_running_loop().time())
        found: dict[TP, list[ConsumerRecord[bytes, bytes]]] = {}
        for tp, many in next(to_come).items():
            state = bench.broker._subscription.subscription.assignment.state_value(tp)
            found[tp] = [record(state.position + n, tp.partition) for n in range(many)]
            state.position += many
        return found

    bench.broker.fetch = fetch
    return came


def fetches(bench: Bench, times: int, seconds: float = 10.0) -> int:
    """Fetch so many ``times``; return how many of them came to an end within ``seconds``."""
    ended = 0

    async def body() -> None:
        nonlocal ended
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                for _ in range(times):
                    await bench.thread._fetch_records(bench.broker, {TP(*T0), TP(*T1)})
                    ended += 1

    asyncio.run(body())
    return ended


@pytest.mark.parametrize("brought", [{}, {TP(*T0): 1}, {TP(*T0): LITTLE - 2, TP(*T1): 1}])
def test_a_moment_passes_after_a_fetch_that_brought_little(brought: Mapping[TP, int]) -> None:
    """Else each event that trickles in would be a fetch, a message and a checkpoint of its own."""
    bench = Bench(Broker(Assignment(p0=0, p1=0)))
    came = bringing(bench, brought, {})
    assert fetches(bench, 2) == 2
    assert came[1] - came[0] >= MOMENT_S == 0.05


@pytest.mark.parametrize("brought", [{TP(*T0): LITTLE}, {TP(*T0): LITTLE - 1, TP(*T1): 1}])
def test_with_a_backlog_the_next_fetch_follows_at_once(
    brought: Mapping[TP, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer_thread, "MOMENT_S", 3_600.0)
    bench = Bench(Broker(Assignment(p0=0, p1=0)))
    bringing(bench, brought, {})
    assert fetches(bench, 2) == 2


def test_after_a_backlog_a_fetch_that_brings_little_is_followed_by_a_moment_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(consumer_thread, "MOMENT_S", 3_600.0)
    bench = Bench(Broker(Assignment(p0=0, p1=0)))
    bringing(bench, {TP(*T0): LITTLE}, {TP(*T0): 1}, {})
    assert fetches(bench, 3, seconds=4.0) == 2


def test_what_a_fetch_brought_of_two_partitions_is_one_message() -> None:
    bench = Bench(Broker(Assignment(p0=0, p1=0)))
    bench.seek(p0=0, p1=0)
    bringing(bench, {TP(*T0): 3, TP(*T1): 2})
    found = asyncio.run(bench.thread._fetch_records(bench.broker, {TP(*T0), TP(*T1)}))
    ((tp, (fetched,)),) = found.items()
    assert tp in {TP(*T0), TP(*T1)}
    assert sorted((chunk.partition, chunk.start, chunk.end) for chunk in fetched) == [(0, 0, 3), (1, 0, 2)]
