"""What the consumer makes of fetches and of assignments, without a broker: one message, and who is told of them."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from faust.transport import consumer as faust_consumer
from faust.types import TP

from models.identifiers import Offset, Partition
from streams.worker import transport
from streams.worker.app import Whole
from streams.worker.parts import Fetched
from streams.worker.pump import Batching, Ground, Pump
from streams.worker.transport import ChunkConsumer
from tests.streams.worker.inside import reading
from tests.streams.worker.shelf import Shelf, chunk
from tests.streams.worker.waiting import came

P0, P1 = Partition(0), Partition(1)
T0, T1 = TP("t", 0), TP("t", 1)


@dataclass
class Thread:
    """The consumer's thread: what is assigned, and where it was sent."""

    assigned: set[TP]
    sought: list[dict[TP, int]] = field(default_factory=list)

    def assignment(self) -> set[TP]:
        return self.assigned

    async def seek_present(self, offsets: Mapping[TP, int]) -> None:
        self.sought.append(dict(offsets))


@dataclass
class Telling:
    """A pump that notes what it is told."""

    held: list[set[Partition]] = field(default_factory=list)
    hangs: bool = False

    async def hold(self, partitions: Collection[Partition]) -> Mapping[Partition, Offset]:
        self.held.append(set(partitions))
        if self.hangs:
            await asyncio.sleep(3_600)
        return {partition: Offset(7) for partition in partitions}


def consumer(thread: Thread, pump: object) -> ChunkConsumer:
    made: Any = ChunkConsumer.__new__(ChunkConsumer)
    made._thread = thread
    parts = SimpleNamespace(pump=pump, reading=reading("b:1", "t"))
    made.app = SimpleNamespace(parts=parts, consumer_generation_id=1)
    return cast("ChunkConsumer", made)


def test_what_is_assigned_is_held_and_sought_where_the_store_stands() -> None:
    thread, pump = Thread({T0, T1}), Telling()
    assert asyncio.run(consumer(thread, pump).seek_to_committed()) == {T0: 7, T1: 7}
    assert (pump.held, thread.sought) == ([{P0, P1}], [{T0: 7, T1: 7}])


def test_with_nothing_assigned_the_pump_is_told_and_nothing_is_sought() -> None:
    thread, pump = Thread(set()), Telling()
    assert asyncio.run(consumer(thread, pump).seek_to_committed()) == {}
    assert (pump.held, thread.sought) == ([set()], [])


@pytest.fixture
def passed_on(monkeypatch: pytest.MonkeyPatch) -> list[tuple[set[TP], int]]:
    """Return what Faust's own consumer was told of assignments."""
    told: list[tuple[set[TP], int]] = []

    async def on_partitions_assigned(_: object, assigned: set[TP], generation_id: int = 0) -> None:
        told.append((assigned, generation_id))

    monkeypatch.setattr(faust_consumer.Consumer, "on_partitions_assigned", on_partitions_assigned)
    return told


@pytest.mark.parametrize(("assigned", "held"), [(set[TP](), [set[Partition]()]), ({T0}, [])])
def test_only_an_assignment_of_nothing_lets_go_before_faust_asks_where_to_read(
    assigned: set[TP], held: list[set[Partition]], passed_on: list[tuple[set[TP], int]]
) -> None:
    pump = Telling()
    asyncio.run(consumer(Thread(assigned), pump).on_partitions_assigned(assigned, 5))
    assert (pump.held, passed_on) == (held, [(assigned, 5)])


def test_a_fold_that_hangs_does_not_keep_a_worker_from_taking_note_that_it_has_nothing(
    passed_on: list[tuple[set[TP], int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "RELEASE_SECONDS", 0.02)
    asyncio.run(consumer(Thread(set()), Telling(hangs=True)).on_partitions_assigned(set(), 5))
    assert passed_on == [(set(), 5)]


def test_the_chunks_of_one_fetch_are_one_message_and_the_pump_takes_them_all() -> None:
    shelf, failed = Shelf(), list[BaseException]()
    pump = Pump(shelf.folding(), Ground(shelf.check, failed.append), Batching(records=5, seconds=3_600))
    reader = consumer(Thread({T0, T1}), pump)

    async def body() -> None:
        running = asyncio.create_task(pump.run(reader))
        await reader.seek_to_committed()
        message = reader._to_message(T1, Fetched([chunk(1, 0, 2), chunk(0, 0, 3)]))
        assert (message.tp, message.partition, message.generation_id) == (T1, 1, 1)
        await pump.take(*Whole().loads_value(cast("Any", None), cast("Any", message)))
        await came(lambda: shelf.written and not pump.busy)
        await pump.stop()
        await running
        pump.close()

    asyncio.run(body())
    assert [{(e.partition, e.start, e.end) for e in effects} for effects in shelf.written] == [{(0, 0, 3), (1, 0, 2)}]
    assert not failed
