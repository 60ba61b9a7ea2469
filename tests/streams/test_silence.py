"""Silence goes through the log: waits, overdue promises and rescues that no event announces."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.customers import unpack
from models.identifiers import DAY, HOUR, MINUTE, Millis
from store.database import Store
from streams.calls import calls_now
from streams.engine import Engine
from streams.keeper import StoreKeeper
from streams.report import report
from streams.silence import LEAP, RescueWatch, Silence, live_rescues, until
from tests.streams.events import SCOPES, SUBJECTS, T0, contact, event

ANNE = SUBJECTS[0]


class Clock:
    """A clock that is moved by hand."""

    now = Millis(T0)

    def __call__(self) -> Millis:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=4, clock=clock) as opened:
        opened.definitions.declare(SCOPES, "test", Millis(T0))
        yield opened


def waiting(store: Store) -> Engine:
    """Let Anne stand in a queue, with a step repeated before."""
    engine = Engine(store.log, StoreKeeper(store))
    store.log.append([contact(ANNE, T0, "c1", "queued", steps_repeated=2)])
    engine.drain()
    return engine


def test_a_wait_is_told_to_the_log_when_it_is_due(store: Store, clock: Clock) -> None:
    engine, silence = waiting(store), Silence(store.log, store.customers)
    assert silence.tick(Millis(T0 + MINUTE // 2)) == 0
    clock.now = Millis(T0 + 3 * MINUTE)
    assert silence.tick(clock.now) == 1
    assert silence.tick(clock.now) == 0, "told once is enough while it is not folded"
    before = store.journeys.of(ANNE)[0].score  # type: ignore[arg-type]
    engine.drain()
    row = store.customers.row(ANNE)  # type: ignore[arg-type]
    assert row is not None
    assert unpack(row.state).asof == clock.now
    after = store.journeys.of(ANNE)[0].score  # type: ignore[arg-type]
    assert after is not None
    assert before is not None
    assert after < before
    assert store.partitions.counters().due == 1


def test_a_live_rescue_needs_no_event(store: Store, clock: Clock) -> None:
    engine = waiting(store)
    policy = store.definitions.current().active
    assert live_rescues(store, policy, Millis(T0 + MINUTE)) == []
    clock.now = Millis(T0 + 8 * MINUTE)
    (rescue,) = live_rescues(store, policy, clock.now)
    assert (rescue.subject, rescue.contact, rescue.left_at) == (ANNE, "c1", None)
    assert store.rescues.open(clock.now) == []
    assert RescueWatch(store.log, store).tick(clock.now) == 1
    engine.drain()
    (kept,) = store.rescues.open(clock.now)
    assert kept.row == rescue
    assert RescueWatch(store.log, store).tick(clock.now) == 0


def test_an_import_is_settled_by_one_record_and_stays_open_to_the_rest(store: Store, clock: Clock) -> None:
    engine, silence = Engine(store.log, StoreKeeper(store)), Silence(store.log, store.customers)
    clock.now = Millis(T0 + 900 * DAY)
    promised = event(ANNE, "promise", T0, {"promise": "p", "due": "2023-11-15T00:00:00Z"}, history=True)
    store.log.append([promised])
    engine.drain()
    rounds = 0
    while silence.tick(clock.now):
        engine.drain()
        rounds += 1
    assert rounds == 1
    row = store.customers.row(ANNE)  # type: ignore[arg-type]
    assert row is not None
    assert row.next_due is None
    store.log.append([event(ANNE, "complaint", T0 + 20 * DAY, {"complaint": "k"}, history=True)])
    engine.drain()
    assert store.partitions.counters().late == 0


def test_one_record_lets_no_more_than_a_week_and_a_day_pass() -> None:
    assert until(Millis(T0), Millis(T0 + HOUR)) == T0 + HOUR
    assert until(Millis(T0), Millis(T0 + 900 * DAY)) == T0 + LEAP


def test_the_report_lists_the_same_calls_as_the_page(store: Store, clock: Clock) -> None:
    engine = waiting(store)
    policy = store.definitions.current().active
    clock.now = Millis(T0 + 8 * MINUTE)
    RescueWatch(store.log, store).tick(clock.now)
    store.log.append([contact(ANNE, clock.now + 1, "c1", "ended", outcome="abandoned")])
    engine.drain()
    clock.now = Millis(clock.now + MINUTE)
    assert live_rescues(store, policy, clock.now) == [], "she gave up"
    (call,) = calls_now(store, policy, clock.now)
    (told,) = report(store, clock.now)["rescues"]
    assert (told["subject"], told["left_why"]) == (call.row.subject, call.row.left_why) == (ANNE, "abandoned")
    store.rescues.take(call.row.subject, call.row.journey, "Ada", clock.now)
    assert calls_now(store, policy, clock.now) == []
    assert report(store, clock.now)["rescues"] == []
