"""What was lost on the way is read again; what is merely on its way is left alone."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import cast

from aiokafka.errors import KafkaConnectionError
from hypothesis import given
from hypothesis import strategies as st

from models.identifiers import Offset, Partition
from streams.worker.pump import Pump
from streams.worker.reconciler import Reconciler
from tests.streams.worker.waiting import came

P0, P1 = Partition(0), Partition(1)


@dataclass
class Fake:
    """As much of a pump and of a consumer as the reconciler looks at."""

    stands: dict[Partition, Offset] = field(default_factory=dict)
    read: dict[Partition, Offset] = field(default_factory=dict)
    held: set[Partition] = field(default_factory=set)
    sought: list[dict[Partition, Offset]] = field(default_factory=list)
    away: bool = False
    others: set[Partition] = field(default_factory=set)
    """Partitions that are not assigned here."""
    released: list[set[Partition]] = field(default_factory=list)

    def wanted(self) -> dict[Partition, Offset]:
        return dict(self.stands)

    def holds(self, partition: Partition) -> bool:
        return partition in self.held

    async def reread(self, offsets: Mapping[Partition, Offset]) -> None:
        self.sought.append(dict(offsets))
        self.read |= offsets

    async def positions(self) -> Mapping[Partition, Offset]:
        if self.away:
            raise KafkaConnectionError
        return dict(self.read)

    def assigned(self) -> Collection[Partition]:
        return self.stands.keys() - self.others

    async def release(self, partitions: Collection[Partition]) -> None:
        self.released.append(set(partitions))
        for partition in partitions:
            del self.stands[partition]

    def reconciler(self, seconds: float = 5.0) -> Reconciler:
        return Reconciler(cast("Pump", self), self, seconds)


def look(reconciler: Reconciler) -> dict[Partition, Offset]:
    return asyncio.run(reconciler.look())


def test_a_partition_apart_at_the_same_places_in_two_looks_is_sought_once() -> None:
    fake = Fake({P0: Offset(10), P1: Offset(3)}, {P0: Offset(25), P1: Offset(3)})
    reconciler = fake.reconciler()
    assert look(reconciler) == {}
    assert look(reconciler) == {P0: 10}
    assert (look(reconciler), fake.sought, reconciler.found) == ({}, [{P0: 10}], 1)


def test_a_partition_that_was_never_read_is_sought_too() -> None:
    reconciler = Fake({P0: Offset(10)}).reconciler()
    look(reconciler)
    assert look(reconciler) == {P0: 10}


def test_what_is_held_and_not_assigned_in_two_looks_is_let_go_and_never_sought() -> None:
    fake = Fake({P0: Offset(10), P1: Offset(3)}, {P1: Offset(3)}, others={P0})
    reconciler = fake.reconciler()
    assert (look(reconciler), fake.released) == ({}, [])
    assert (look(reconciler), fake.released) == ({}, [{P0}])
    assert (look(reconciler), fake.stands, fake.sought) == ({}, {P1: 3}, [])


def test_what_is_not_assigned_for_one_look_is_kept() -> None:
    fake = Fake({P0: Offset(10)}, {P0: Offset(10)})
    reconciler = fake.reconciler()
    for others in ({P0}, set[Partition](), {P0}, set[Partition]()):
        fake.others = others
        look(reconciler)
    assert (fake.released, fake.sought) == ([], [])


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.booleans()), max_size=12))
def test_nothing_that_moves_or_is_under_way_is_sought(steps: list[tuple[int, int, bool]]) -> None:
    fake = Fake()
    reconciler = fake.reconciler()
    before: tuple[int, int] | None = None
    for stands, read, under_way in steps:
        fake.stands, fake.read = {P0: Offset(stands)}, {P0: Offset(read)}
        fake.held = {P0} if under_way else set()
        apart = None if under_way or stands == read else (stands, read)
        lost = apart is not None and apart == before
        assert look(reconciler) == ({P0: stands} if lost else {})
        before = None if lost else apart


def test_it_goes_on_looking_when_positions_are_not_known() -> None:
    fake = Fake({P0: Offset(10)}, {P0: Offset(25)}, away=True)

    async def body() -> None:
        running = asyncio.create_task(fake.reconciler(0.005).run())
        await asyncio.sleep(0.05)
        fake.away = False
        await came(lambda: fake.sought)
        running.cancel()

    asyncio.run(body())
    assert fake.sought == [{P0: 10}]
