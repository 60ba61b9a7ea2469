"""Several writers side by side on PostgreSQL: the fence, the order of locks, and what reads before it writes."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from sqlalchemy import text

from models.definitions import DeclaredScopes
from models.effects import Effects, Forward, OutboxMessage
from models.errors import Fenced, Forbidden, Retryable, RowRefused
from models.identifiers import Centi, Epoch, Millis, Offset, Partition, Subject
from models.targets import Course
from store.address import Address
from store.arrays import MOST_BYTES
from store.database import Store
from store.tables import STORE
from store.upserts import VERY_MANY
from tests.store import samples
from tests.store.others import another

pytestmark = pytest.mark.postgres

MANY = 8


PATIENT_MS = 20_000
"""Nobody here gives up because the machine is busy with other things."""


@pytest.fixture
def store(postgres_store: Store) -> Iterator[Store]:
    with another(postgres_store, PATIENT_MS) as opened:
        yield opened


@pytest.fixture
def other(postgres_store: Store) -> Iterator[Store]:
    """Yield the same store as another process has it."""
    with another(postgres_store, PATIENT_MS) as opened:
        yield opened


def in_partition(number: int, count: int = 1) -> list[Subject]:
    """Return some customers of one partition."""
    found = (samples.subject(n) for n in range(10_000))
    return [who for who in found if samples.home(who) == number][:count]


def at_once(acts: Sequence[Callable[[], object]]) -> list[object]:
    """Do all of ``acts`` at the same time; return what each returned or raised."""
    start = threading.Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        start.wait()
        try:
            return act()
        except Exception as error:  # noqa: BLE001 - the test looks at it
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(one, acts))


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as made:
        yield made


def kept_waiting(pool: ThreadPoolExecutor, act: Callable[[], object]) -> "Future[object]":
    """Begin ``act`` in another thread, and see that it has to wait."""
    begun = pool.submit(act)
    time.sleep(0.3)
    assert not begun.done()
    return begun


def test_of_two_that_fold_the_same_chunk_one_is_fenced(store: Store, other: Store, pool: ThreadPoolExecutor) -> None:
    who = samples.subject(1)
    late: list[Future[object]] = []

    def hold(_: Sequence[Forward]) -> None:
        late.append(kept_waiting(pool, lambda: other.checkpoint(samples.full(who))))

    assert store.checkpoint(samples.full(who), hand_on=hold) == []
    with pytest.raises(Fenced, match="read position and epoch again"):
        late[0].result(10)
    assert store.partitions.position(samples.home(who)).counters.received == 4


def test_a_fold_waits_for_a_rewriting_and_is_fenced_by_it(store: Store, other: Store, pool: ThreadPoolExecutor) -> None:
    who = samples.subject(1)
    with store.exclusive(samples.home(who)):
        late = kept_waiting(pool, lambda: other.checkpoint(samples.full(who)))
    with pytest.raises(Fenced):
        late.result(10)


def test_a_fold_of_another_partition_waits_for_an_erasure_and_both_are_counted(
    store: Store, other: Store, pool: ThreadPoolExecutor
) -> None:
    """The erasure merges the rows that the other adds to."""
    (who,), (folded,) = in_partition(3), in_partition(11)
    store.checkpoint(samples.full(who))
    late: list[Future[object]] = []

    added = samples.full(who)
    taken = Effects(added.partition, added.start, added.end, added.epoch, added.watermark)
    taken.cells = {key: {name: -n for name, n in counts.items()} for key, counts in added.cells.items()}
    with store.exclusive(samples.home(who)) as rewriter:
        rewriter.write(taken)
        late.append(kept_waiting(pool, lambda: other.checkpoint(samples.full(folded))))
    assert late[0].result(10) == [Forward(folded, b"value")]
    assert dict(store.cells.every()) == samples.full(folded).cells


def test_a_fold_that_waited_for_a_rewriting_that_failed_goes_on(
    store: Store, other: Store, pool: ThreadPoolExecutor
) -> None:
    who = samples.subject(1)
    late: list[Future[object]] = []

    def fail() -> None:
        with store.exclusive(samples.home(who)):
            late.append(kept_waiting(pool, lambda: other.checkpoint(samples.full(who))))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert late[0].result(10) == [Forward(who, b"value")]


def test_checkpoints_over_the_same_partitions_in_any_order_never_block_each_other_for_good(
    store: Store, other: Store
) -> None:
    ones, twos = in_partition(3, MANY), in_partition(11, MANY)
    for round_ in range(MANY):
        here, there = samples.full(ones[round_], 5 * round_), samples.full(twos[round_], 5 * round_)
        ends = at_once([partial(store.checkpoint, [here, there]), partial(other.checkpoint, [there, here])])
        assert [type(end) for end in ends if isinstance(end, Exception)] == [Fenced], ends
    assert store.partitions.position(Partition(3)).next_offset == 5 * MANY


def test_checkpoints_of_different_partitions_that_meet_the_same_new_scopes_both_go_through(
    store: Store, other: Store
) -> None:
    parts = [in_partition(number)[0] for number in range(6)]
    for round_ in range(MANY):
        chunks = [samples.full(who, 5 * round_) for who in parts]
        for place, chunk in enumerate(chunks):
            # Each half of the chunks meets the same new names, in opposite orders.
            names = [f"touchpoint:{round_}-{n}" for n in range(40)]
            for name in names if place % 2 else reversed(names):
                chunk.cells[samples.cell(name)] = {"contact.n": 1}
        ends = at_once([partial(store.checkpoint, chunks[:3]), partial(other.checkpoint, chunks[3:][::-1])])
        assert not [end for end in ends if isinstance(end, Exception)], ends
    sums = [store.cells.total("p@1", f"touchpoint:0-{n}", (samples.T0, Millis(samples.T0 + 1))) for n in range(40)]
    assert sums == [{"contact.n": len(parts)}] * 40


def test_new_scopes_are_written_in_one_order_whoever_meets_them(store: Store) -> None:
    chunks = [samples.full(in_partition(number)[0]) for number in (4, 2)]
    for name in [f"touchpoint:{n}" for n in (7, 1, 9, 3, 5, 8, 2)]:
        for chunk in chunks:
            chunk.cells[samples.cell(name)] = {"contact.n": 1}
    store.checkpoint(chunks)
    with store._database.read() as connection:
        as_they_lie = connection.execute(text("SELECT id FROM scopes ORDER BY ctid")).scalars().all()
    assert len(as_they_lie) == 9
    assert list(as_they_lie) == sorted(as_they_lie)


def test_definitions_changed_by_many_at_once_are_one_version_each(store: Store, other: Store) -> None:
    def declare(here: Store, number: int) -> Callable[[], object]:
        return lambda: here.definitions.declare(DeclaredScopes(touchpoints=frozenset({f"t{number}"})), "x", Millis(1))

    ends = at_once([declare(store if n % 2 else other, n) for n in range(MANY)])
    assert not [end for end in ends if isinstance(end, Exception)], ends
    assert [row.version for row in store.definitions.history()] == list(range(1, MANY + 2))
    assert {at.epoch for at in store.partitions.positions().values()} == {1 + MANY}


def test_a_definition_applies_from_where_a_fold_that_was_writing_ends(
    store: Store, other: Store, pool: ThreadPoolExecutor
) -> None:
    who = samples.subject(1)
    scopes = DeclaredScopes(channels=frozenset({"chat"}))
    late: list[Future[object]] = []

    def declare(_: Sequence[Forward]) -> None:
        late.append(kept_waiting(pool, lambda: other.definitions.declare(scopes, "x", Millis(1))))

    store.checkpoint(samples.full(who), hand_on=declare)
    late[0].result(10)
    steps = store.definitions.timeline(samples.home(who)).steps
    assert [first for first, _ in steps] == [0, 5]


def test_messages_of_no_fold_get_places_of_their_own(store: Store, other: Store) -> None:
    message = OutboxMessage(Offset(0), 0, "gaps", "k", b"{}")
    ends = at_once([partial(here.outbox.add, [message, message]) for here in (store, other) * 4])
    assert ends == [None] * MANY
    assert [unsent.message.offset for unsent in store.outbox.unsent()] == list(range(2 * MANY))


def test_courses_set_by_many_at_once_are_one_version_each(store: Store, other: Store) -> None:
    def put(here: Store, number: int) -> Callable[[], object]:
        return lambda: here.courses.put_course(Course("c", f"Sentence {number}.", "Ada", ()), "Ada", Millis(1))

    assert at_once([put(store if n % 2 else other, n) for n in range(MANY)]) == [None] * MANY
    with store._database.read() as connection:
        written = connection.execute(
            STORE.tables["courses"].select().with_only_columns(STORE.tables["courses"].c.version)
        )
        assert sorted(written.scalars()) == list(range(1, MANY + 1))


def test_a_rescue_that_many_reach_for_is_taken_by_one(store: Store, other: Store) -> None:
    who = samples.subject(1)
    store.checkpoint(samples.full(who))
    ends = at_once(
        [partial((store if n % 2 else other).rescues.take, who, "j", f"p{n}", Millis(1)) for n in range(MANY)]
    )
    assert [type(end) for end in ends].count(Forbidden) == MANY - 1


def test_a_writer_that_stands_still_is_thrown_out_so_that_others_go_on(
    postgres: str, store: Store, other: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert store.partition_count == 16
    monkeypatch.setattr("store.postgres.IDLE_SECONDS", 1)
    who = samples.subject(1)

    def stand_still(_: Sequence[Forward]) -> None:
        other.checkpoint(replace(samples.full(who), forwards=[]))  # waits until the server has had enough

    with Store.connect(Address(postgres), clock=store.clock) as stalled:
        with pytest.raises(Retryable, match="nothing was written"):
            stalled.checkpoint(samples.full(who), hand_on=stand_still)
        assert stalled.partitions.position(samples.home(who)).counters.received == 4, "by the other one, once"


def test_people_commit_to_the_disk_and_folds_need_not_wait_for_it(store: Store) -> None:
    for durable, expected in ((True, "on"), (False, "off"), (True, "on")):
        with store._database.write(durable=durable) as connection:
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == expected


@pytest.mark.parametrize(
    "spoil",
    [
        lambda row: replace(row, subject=Subject("p1_\0")),
        lambda row: replace(row, subject=Subject("p" * 129)),
        lambda row: replace(row, score=2**31),
        lambda row: replace(row, last_at=2**64),
    ],
    ids=["NUL", "too long", "beyond int4", "beyond int8"],
)
def test_what_postgresql_does_not_take_is_refused_and_nothing_is_written(
    store: Store, spoil: Callable[[object], object]
) -> None:
    who = samples.subject(1)
    before = samples.dump(store._database, STORE)
    effects: Effects = samples.full(who)
    effects.customers[who] = spoil(effects.customers[who])  # type: ignore[assignment]
    with pytest.raises(RowRefused):
        store.checkpoint(effects)
    assert samples.dump(store._database, STORE) == before
    store.checkpoint(samples.full(who))


@pytest.mark.parametrize("spoil", [{"score": 2**31}, {"score": -(2**31) - 1}, {"last_at": 2**63}, {"subject": "p1_\0"}])
def test_a_value_that_does_not_fit_is_refused_among_very_many_rows_too(store: Store, spoil: dict[str, object]) -> None:
    effects = samples.full(samples.subject(1))
    some = [samples.subject(number) for number in range(VERY_MANY + 1)]
    effects.customers = {who: samples.customer(who, []) for who in some}
    effects.customers[some[7]] = replace(effects.customers[some[7]], **spoil)  # type: ignore[arg-type]
    with pytest.raises(RowRefused):
        store.checkpoint(effects)
    assert store.customers.count() == 0
    effects.customers[some[7]] = replace(
        samples.customer(some[7], []), score=Centi(2**31 - 1), last_at=Millis(2**63 - 1)
    )
    store.checkpoint(effects)
    assert store.customers.load(effects.partition, some) == {who: row.state for who, row in effects.customers.items()}
    scores = {row.subject: row.score for row in store.customers.every(effects.partition, limit=VERY_MANY + 1)}
    assert (scores[some[7]], scores[some[8]]) == (2**31 - 1, 8_000)


def test_very_many_rows_overwrite_each_other_across_checkpoints(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.staging.MOST_ROWS", 200)
    some = [samples.subject(number) for number in range(VERY_MANY + 1)]
    here = samples.home(samples.subject(1))
    for round_ in range(3):
        effects = Effects(here, Offset(round_), Offset(round_ + 1), Epoch(1), samples.T0)
        effects.customers = {who: replace(samples.customer(who, []), score=Centi(round_)) for who in some}
        effects.journeys = {(who, "j"): samples.journey_row(who, score=round_) for who in some}
        store.checkpoint(effects)
        assert {row.score for row in store.customers.every(here, limit=2 * VERY_MANY)} == {round_}
    assert (store.customers.count(), store.journeys.count()) == (VERY_MANY + 1, VERY_MANY + 1)


def test_very_many_rows_written_twice_in_one_transaction_are_those_of_each_time(store: Store) -> None:
    one, two = ([samples.subject(number) for number in span] for span in (range(600), range(600, 1_200)))
    here = samples.home(samples.subject(1))
    with store.exclusive(here) as rewriter:
        for some in (one, two):
            effects = Effects(here, Offset(0), Offset(0), Epoch(0), samples.T0)
            effects.customers = {who: replace(samples.customer(who, []), state=who.encode()) for who in some}
            rewriter.write(effects)
            with store._database.write() as connection:
                connection.execute(text("UPDATE customers SET state = 'seen'"))
    assert {row.state for row in store.customers.every(here, limit=2_000)} == {b"seen"}


def test_rows_that_need_several_statements_all_arrive_and_the_last_of_one_key_wins(store: Store) -> None:
    some = in_partition(5, 30)
    effects = samples.full(some[0])
    effects.customers = {
        who: replace(samples.customer(who, []), state=bytes([n]) * 60_000) for n, who in enumerate(some)
    }
    effects.verbatims = [samples.verbatim(some[0], "v", at) for at in (1, 3, 2)]
    assert sum(len(row.state) for row in effects.customers.values()) > 3 * MOST_BYTES
    store.checkpoint(effects)
    assert store.customers.load(Partition(5), some) == {who: row.state for who, row in effects.customers.items()}
    assert [words.at for words in store.verbatims.of(some[0])] == [2]
