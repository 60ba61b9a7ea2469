"""A worker that stands still without excuse is ended; one that waits, works or has nothing to do is not."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import LogChanged, StoreBusy
from models.identifiers import Offset, Partition
from streams.worker.liveness import Liveness, Look, Stall, Stalled, Watching, World
from streams.worker.pump import Progress, Pump

LIMIT = 60.0
looks = st.lists(st.builds(Look, st.integers(0, 2), st.booleans(), st.booleans()), max_size=40)


def still(looks: list[Look], times: list[float]) -> bool:
    """Return whether the last look ends a stretch of standing still as long as the limit: the plain definition."""
    last = looks[-1]
    stretch = []
    for n in range(len(looks) - 1, -1, -1):
        if looks[n].excused or not looks[n].behind or looks[n].moved != last.moved:
            break
        stretch.append(n)
    # The first look at a place says only that it was reached since the look before.
    begun = [n for n in stretch if n > 0 and looks[n - 1].moved == looks[n].moved]
    return bool(begun) and times[-1] - times[min(begun)] >= LIMIT


@given(looks=looks, gaps=st.lists(st.floats(0.5, 40), min_size=40, max_size=40))
def test_stalled_exactly_when_every_look_for_a_minute_saw_work_and_no_progress(
    looks: list[Look], gaps: list[float]
) -> None:
    stall, times = Stall(LIMIT), list[float]()
    for n, look in enumerate(looks):
        times.append(sum(gaps[: n + 1]))
        assert stall.after(look, times[-1]) == still(looks[: n + 1], times)


@dataclass
class Fake:
    """As much of a pump as liveness looks at, and the world."""

    progress: Progress = field(default_factory=Progress)
    end: Callable[[], int] = lambda: 9
    rebalancing: bool = False
    given_up: list[BaseException] = field(default_factory=list)

    def wanted(self) -> dict[Partition, Offset]:
        return {Partition(0): Offset(5)}

    def check(self) -> Mapping[Partition, Offset]:
        return {Partition(0): Offset(self.end()), Partition(1): Offset(100)}

    def watched(self) -> Liveness:
        world = World(self.check, lambda: self.rebalancing)
        return Liveness(cast("Pump", self), world, Watching(5.0, LIMIT), self.given_up.append)


def watch(fake: Fake, seconds: int = 200) -> Fake:
    liveness = fake.watched()
    for now in range(0, seconds, 5):
        liveness.look(float(now))
    return fake


def test_behind_and_nothing_folded_is_given_up_in_a_sentence() -> None:
    given_up = watch(Fake()).given_up
    assert isinstance(given_up[0], Stalled)
    assert "nothing was folded for 60 s" in str(given_up[0])


@pytest.mark.parametrize("fake", [Fake(end=lambda: 5), Fake(progress=Progress(waiting="the database is away"))])
def test_nothing_to_fold_and_a_database_that_is_away_are_no_standing_still(fake: Fake) -> None:
    """Another worker's partition may be behind all the same."""
    assert not watch(fake).given_up


def test_a_log_that_does_not_answer_is_no_standing_still_and_is_told() -> None:
    def away() -> int:
        raise StoreBusy("no broker answers")

    fake = Fake(end=away)
    liveness = fake.watched()
    for now in range(0, 200, 5):
        liveness.look(float(now))
    assert liveness.away == "no broker answers"
    assert not fake.given_up
    fake.end = lambda: 5
    liveness.look(200.0)
    assert liveness.away is None


def test_a_rebalance_that_never_ends_is_given_up() -> None:
    assert isinstance(watch(Fake(end=lambda: 5, rebalancing=True)).given_up[0], Stalled)


def test_another_log_ends_the_worker_at_once() -> None:
    def changed() -> int:
        raise LogChanged("another topic")

    fake = Fake(end=changed)
    fake.watched().look(0.0)
    assert [type(error) for error in fake.given_up] == [LogChanged]


def test_a_fault_in_the_watching_itself_ends_the_worker() -> None:
    def broken() -> int:
        raise ZeroDivisionError

    fake = Fake(end=broken)
    liveness = Liveness(
        cast("Pump", fake), World(fake.check, lambda: False), Watching(0.01, LIMIT), fake.given_up.append
    )
    liveness.start()
    liveness._thread.join(5)
    assert [type(error) for error in fake.given_up] == [ZeroDivisionError]
