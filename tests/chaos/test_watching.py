"""Pauses, from looks at a store that stands here and there."""

from tests.chaos.watching import Pauses


def test_the_longest_wait_of_any_partition_is_told_once() -> None:
    pauses = Pauses(lambda: {0: 10, 1: 10})
    pauses.look(0.0, {0: 0, 1: 10})
    pauses.look(2.0, {0: 4, 1: 10})
    pauses.look(5.0, {0: 10, 1: 10})
    pauses.look(50.0, {0: 10, 1: 10})
    assert pauses.take() == 3.0
    assert pauses.take() == 0.0


def test_another_partition_that_goes_on_does_not_hide_the_one_that_waits() -> None:
    pauses = Pauses(lambda: {0: 10, 1: 100})
    for second in range(8):
        pauses.look(float(second), {0: 0, 1: 10 * second})
    assert pauses.take() == 7.0


def test_a_store_that_does_not_answer_or_that_fell_back_ends_no_pause() -> None:
    pauses = Pauses(lambda: {0: 10})
    pauses.look(0.0, {0: 5})
    pauses.look(1.0, None)
    pauses.look(3.0, {0: 2})
    pauses.look(4.0, {0: 2})
    assert pauses.take() == 4.0


def test_nothing_waits_where_nothing_was_sent() -> None:
    ends: dict[int, int] = {}
    pauses = Pauses(lambda: ends)
    pauses.look(0.0, {0: 0})
    pauses.look(9.0, {0: 0})
    ends[0] = 1
    pauses.look(10.0, {0: 0})
    pauses.look(10.5, {0: 1})
    assert pauses.take() == 0.5
