"""Who leads: one at a time, taken over when it is not heard of, and checked where it writes."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from models.errors import Fenced
from models.identifiers import Millis
from store.database import Store
from store.making import LogFacts
from streams.leadership import LEASE, Leadership

pytestmark = pytest.mark.postgres

NOW = Millis(1_800_000_000_000)


@pytest.fixture
def stores(postgres: str) -> Iterator[tuple[Store, Store]]:
    """Yield the same store as two workers have it."""
    with (
        Store.connect(postgres, log=LogFacts("a log", 4), clock=lambda: NOW) as one,
        Store.connect(postgres, clock=lambda: NOW) as other,
    ):
        yield one, other


def after(millis: int) -> Millis:
    return Millis(NOW + millis)


def test_one_of_many_that_ask_at_once_leads(stores: tuple[Store, Store]) -> None:
    many = [Leadership(stores[number % 2]) for number in range(8)]
    start = Barrier(len(many))

    def ask(leadership: Leadership) -> bool:
        start.wait()
        return leadership.lead(NOW)

    with ThreadPoolExecutor(len(many)) as pool:
        assert sum(pool.map(ask, many)) == 1


def test_a_leader_that_is_heard_of_leads_on_and_one_that_is_not_is_replaced(stores: tuple[Store, Store]) -> None:
    one, other = Leadership(stores[0]), Leadership(stores[1])
    for beat in range(5):
        at = beat * LEASE // 2
        assert one.lead(after(at))
        assert not other.lead(after(at + 1))
    last = 4 * LEASE // 2
    assert not other.lead(after(last + LEASE - 1))
    assert other.lead(after(last + LEASE))
    assert not one.lead(after(last + LEASE + 1)), "who was replaced does not take it back while the new one is heard of"


def test_a_leader_that_was_replaced_writes_nothing(stores: tuple[Store, Store]) -> None:
    one, other = Leadership(stores[0]), Leadership(stores[1])
    assert one.lead(NOW)
    with one.writing():
        stores[0].settings.set("found", "by one", NOW)
    assert other.lead(after(LEASE))

    def write_late() -> None:
        with one.writing():
            stores[0].settings.set("found", "by one, late", NOW)

    with pytest.raises(Fenced, match="another process leads now"):
        write_late()
    assert stores[1].settings.get("found") == "by one"


def test_nobody_takes_over_in_the_middle_of_a_writing(stores: tuple[Store, Store]) -> None:
    one, other = Leadership(stores[0]), Leadership(stores[1])
    assert one.lead(NOW)
    with ThreadPoolExecutor(1) as pool:
        with one.writing():
            asked = pool.submit(other.lead, after(LEASE))
            stores[0].settings.set("found", "by one", NOW)
        assert asked.result(10)
    assert stores[1].settings.get("found") == "by one"


def test_what_only_the_leader_does_is_done_by_one(stores: tuple[Store, Store]) -> None:
    done: list[str] = []
    one = Leadership(stores[0]).alone(lambda _: done.append("one"))
    other = Leadership(stores[1]).alone(lambda _: done.append("other"))
    for beat in range(4):
        one(after(beat * 1_000))
        other(after(beat * 1_000))
    assert done == ["one"] * 4
    other(after(3_000 + LEASE))
    assert done[-1] == "other"
