"""Cyclic garbage that is made between folds goes; a fold itself is left in peace."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from streams.garbage import FULL_SECONDS, Garbage


class Knot:
    """Refers to itself, so that only the collector takes it."""

    def __init__(self) -> None:
        self.me = self


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def garbage(clock: Clock) -> Iterator[Garbage]:
    gc.collect()
    yield Garbage(clock)
    assert gc.isenabled()


def knots(count: int) -> list["weakref.ref[Knot]"]:
    return [weakref.ref(Knot()) for _ in range(count)]


def left(made: list["weakref.ref[Knot]"]) -> int:
    return sum(one() is not None for one in made)


def test_what_is_made_between_folds_does_not_pile_up(garbage: Garbage) -> None:
    """Few enough each time that the collector never comes by itself: a fold makes what came before it count as old."""
    made: list[weakref.ref[Knot]] = []
    for _ in range(200):
        made += knots(5)
        with garbage.undisturbed():
            pass
    assert left(made) <= 5


def test_what_ended_during_or_after_a_fold_goes_with_the_next_full_look(garbage: Garbage, clock: Clock) -> None:
    lives = [Knot() for _ in range(20)]
    made = [weakref.ref(one) for one in lives]
    with garbage.undisturbed():
        pass
    lives.clear()
    with garbage.undisturbed():
        assert left(made) == 20
    clock.now = FULL_SECONDS
    with garbage.undisturbed():
        assert left(made) == 0


def test_nothing_is_collected_during_a_fold(garbage: Garbage) -> None:
    before = [each["collections"] for each in gc.get_stats()]
    with garbage.undisturbed():
        inside = [each["collections"] for each in gc.get_stats()]
        made = knots(10_000)
        assert left(made) == 10_000
        assert [each["collections"] for each in gc.get_stats()] == inside
    assert inside != before


def test_what_a_fold_leaves_counts_as_old(garbage: Garbage) -> None:
    with garbage.undisturbed():
        kept = [[n] for n in range(10_000)]
    young = {id(each) for generation in (0, 1) for each in gc.get_objects(generation)}
    assert not young.intersection(map(id, kept))


def test_a_collector_that_was_switched_off_stays_off(garbage: Garbage) -> None:
    gc.disable()
    try:
        with garbage.undisturbed():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
