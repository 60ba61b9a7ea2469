"""The demo's clock: told, never back, then the machine's."""

from demo.clock import DemoClock


def test_it_is_the_machine_s_time_until_told() -> None:
    clock = DemoClock()
    assert abs(clock() - DemoClock.machine()) < 5_000


def test_told_times_only_go_forward() -> None:
    clock = DemoClock()
    clock.tell(2_000)
    clock.tell(1_000)
    assert clock() == 2_000
    clock.tell(3_000)
    assert clock() == 3_000


def test_it_follows_the_machine_again_once_let_go() -> None:
    clock = DemoClock()
    clock.tell(2_000)
    clock.let_go()
    assert abs(clock() - DemoClock.machine()) < 5_000
