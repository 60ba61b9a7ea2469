"""The checkpoint writes everything or nothing, once."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from traceback import format_exception

import pytest

from models.effects import Counters, CustomerRow, Effects, Forward
from models.errors import Fenced, RowRefused, StoreBusy, StoreFull
from models.identifiers import Epoch, Millis, Offset, Partition
from store.database import Store
from store.tables import STORE
from tests.store import samples
from tests.store.others import PowerCut, another, dying_after

WHO = samples.subject(1)
HERE = samples.home(WHO)


def test_everything_in_effects_is_written_and_the_position_moves(store: Store) -> None:
    effects = samples.full(WHO)
    assert store.checkpoint(effects) == [Forward(WHO, b"value")]
    position = store.partitions.position(HERE)
    assert (position.next_offset, position.watermark, position.counters) == (5, samples.T0 + 5, effects.counters)
    assert store.customers.row(WHO) == effects.customers[WHO]
    assert store.journeys.of(WHO) == [effects.journeys[WHO, "j"]]
    assert store.archive.of(WHO) == effects.archived
    assert [kept.row for kept in store.rescues.of(WHO)] == [effects.rescues[WHO, "j"]]
    assert store.units.of(WHO) == [effects.units["x", WHO]]
    assert store.verbatims.of(WHO) == effects.verbatims
    assert [kept.letter for kept in store.dead_letters.recent()] == effects.dead_letters
    assert [unsent.message for unsent in store.outbox.unsent()] == effects.outbox
    assert store.outbox.backlog() == len(effects.outbox) > 0
    for key, counts in effects.cells.items():
        if key.grain != "day":
            span = (key.bucket, Millis(key.bucket + 1))
            assert store.cells.series(key.policy, key.scope, key.grain, span) == {key.bucket: counts}


def test_counters_add_up_over_checkpoints_and_the_watermark_never_goes_back(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    later = replace(samples.full(WHO, start=5), watermark=Millis(1))
    store.checkpoint(later)
    position = store.partitions.position(HERE)
    assert (position.next_offset, position.watermark) == (10, samples.T0 + 5)
    assert position.counters.received == 8
    assert store.partitions.counters() == position.counters


@pytest.mark.parametrize(("start", "epoch"), [(5, 1), (0, 0), (0, 2), (1, 1)])
def test_a_checkpoint_from_elsewhere_is_fenced_and_writes_nothing(store: Store, start: int, epoch: int) -> None:
    before = samples.dump(store._database, STORE)
    with pytest.raises(Fenced, match="read position and epoch again"):
        store.checkpoint(samples.full(WHO, start, epoch))
    assert samples.dump(store._database, STORE) == before


def test_one_fenced_partition_rolls_back_all_of_them(store: Store) -> None:
    other = next(samples.subject(n) for n in range(2, 99) if samples.home(samples.subject(n)) != HERE)
    before = samples.dump(store._database, STORE)
    with pytest.raises(Fenced):
        store.checkpoint([samples.full(WHO), samples.full(other, start=3)])
    assert samples.dump(store._database, STORE) == before
    store.checkpoint([samples.full(WHO), samples.full(other)])
    assert store.partitions.counters().received == 8


def test_a_checkpoint_cannot_be_written_twice(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    after = samples.dump(store._database, STORE)
    with pytest.raises(Fenced):
        store.checkpoint(samples.full(WHO))
    assert samples.dump(store._database, STORE) == after


def test_dying_between_any_two_statements_leaves_nothing_behind(store: Store) -> None:
    before = samples.dump(store._database, STORE)
    for statements in range(200):
        try:
            with dying_after(store, statements):
                store.checkpoint(samples.full(WHO))
        except PowerCut:
            assert samples.dump(store._database, STORE) == before
        else:
            break
    assert statements > 10, "the checkpoint should have needed more statements than that"
    assert store.partitions.position(HERE).next_offset == 5


def test_a_full_disk_writes_nothing_and_says_so(sqlite_store: Store) -> None:
    with sqlite_store._database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 2}")
    before = samples.dump(sqlite_store._database, STORE)
    big = samples.full(WHO)
    big.customers[WHO] = replace(big.customers[WHO], state=b"x" * 100_000)
    with pytest.raises(StoreFull, match="free some space"):
        sqlite_store.checkpoint(big)
    assert samples.dump(sqlite_store._database, STORE) == before


def test_a_locked_store_is_busy_not_broken(store: Store) -> None:
    with another(store) as other, pytest.raises(StoreBusy, match="again"), other.exclusive(HERE):
        store.checkpoint(samples.full(WHO))
    store.checkpoint(samples.full(WHO))


def _too_large(row: CustomerRow) -> CustomerRow:
    return replace(row, last_at=Millis(2**63))


def _surrogate(row: CustomerRow) -> CustomerRow:
    return replace(row, subject=type(row.subject)("p1_\ud800"))


@pytest.mark.parametrize("spoil", [_too_large, _surrogate])
def test_a_value_no_database_takes_is_refused_and_nothing_is_written(
    store: Store, spoil: Callable[[CustomerRow], CustomerRow]
) -> None:
    before = samples.dump(store._database, STORE)
    effects = samples.full(WHO)
    effects.customers[WHO] = spoil(effects.customers[WHO])
    with pytest.raises(RowRefused) as refused:
        store.checkpoint(effects)
    assert samples.dump(store._database, STORE) == before
    assert WHO not in "".join(format_exception(refused.value)), "what is logged names nobody"


def test_forwards_are_handed_on_before_the_commit(store: Store) -> None:
    seen: list[tuple[Sequence[Forward], int]] = []

    def hand_on(forwards: Sequence[Forward]) -> None:
        with another(store) as other:
            seen.append((forwards, other.partitions.position(HERE).next_offset))

    assert store.checkpoint(samples.full(WHO), hand_on=hand_on) == []
    assert seen == [([Forward(WHO, b"value")], 0)]


def test_forwards_that_cannot_be_handed_on_keep_the_position(store: Store) -> None:
    def refuse(_: Sequence[Forward]) -> None:
        raise StoreFull("the log's disk is full")

    with pytest.raises(StoreFull):
        store.checkpoint(samples.full(WHO), hand_on=refuse)
    assert store.partitions.position(HERE).next_offset == 0


def test_the_fold_never_overwrites_what_people_wrote_on_a_rescue(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    store.rescues.take(WHO, "j", "Ada", Millis(77))
    store.rescues.attach(WHO, "j", "case-1")
    again = Effects(HERE, Offset(5), Offset(6), Epoch(1), samples.T0)
    again.rescues[WHO, "j"] = samples.rescue(WHO, left=True, score=3_000)
    store.checkpoint(again)
    [kept] = store.rescues.of(WHO)
    assert (kept.row, kept.taken_by, kept.taken_at, kept.case) == (again.rescues[WHO, "j"], "Ada", 77, "case-1")


def test_a_rescue_that_never_was_goes_unless_someone_acted_on_it(store: Store) -> None:
    effects = samples.full(WHO)
    effects.rescues[WHO, "k"] = samples.rescue(WHO, "k")
    store.checkpoint(effects)
    store.rescues.take(WHO, "k", "Ada", Millis(77))
    gone = Effects(HERE, Offset(5), Offset(6), Epoch(1), samples.T0)
    gone.rescues_gone = {(WHO, "j"), (WHO, "k")}
    store.checkpoint(gone)
    assert [kept.row.journey for kept in store.rescues.of(WHO)] == ["k"]


def test_journeys_that_are_no_more_leave(store: Store) -> None:
    store.checkpoint(samples.full(WHO))
    gone = Effects(HERE, Offset(5), Offset(6), Epoch(1), samples.T0)
    gone.journeys_gone.add((WHO, "j"))
    gone.journeys[WHO, "m"] = samples.journey_row(WHO, "m")
    store.checkpoint(gone)
    assert [row.key for row in store.journeys.of(WHO)] == ["m"]


def test_exclusive_writing_fences_the_fold_in_flight_and_moves_nothing(store: Store) -> None:
    position = store.partitions.position(HERE)
    with store.exclusive(HERE) as rewriter:
        rewriter.write(samples.full(WHO))
    with pytest.raises(Fenced):
        store.checkpoint(samples.full(WHO, epoch=position.epoch))
    after = store.partitions.position(HERE)
    assert (after.next_offset, after.epoch, after.counters) == (0, position.epoch + 1, position.counters)
    assert store.customers.row(WHO) is not None
    others = [p.epoch for number, p in store.partitions.positions().items() if number != HERE]
    assert set(others) == {position.epoch}


def test_an_exclusive_writing_that_fails_leaves_even_the_epoch(store: Store) -> None:
    epoch = store.partitions.position(HERE).epoch
    with pytest.raises(PowerCut), store.exclusive(HERE) as rewriter, dying_after(store, 2):
        rewriter.write(samples.full(WHO))
    assert store.partitions.position(HERE).epoch == epoch
    assert store.customers.row(WHO) is None


def test_counters_of_the_table_are_those_of_the_effects(store: Store) -> None:
    columns = {column.name for column in STORE.tables["partitions"].columns}
    assert columns - {"partition", "next_offset", "epoch", "watermark"} == set(Counters.__dataclass_fields__)
    assert store.partitions.position(Partition(0)).counters == Counters()
