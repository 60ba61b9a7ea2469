"""Tables of days say what the cells say at that moment, whoever wrote them, whatever was kept in between."""

import random
import threading
from collections.abc import Callable, Mapping

import pytest

from models.blocks import blocks_of
from models.cells import CellKey, Counts
from models.effects import Effects
from models.gaps.series import GROUPED, DayTable
from models.identifiers import DAY, HOUR, Epoch, Millis, Offset, Partition
from store import checkpoint as checkpoints
from store.cells import Cells
from store.database import Store
from store.day_movements import Movements
from store.day_tables import ROOM, DayTables

POLICIES = ("p@1", "p@2")
SCOPES = ("all", "channel:chat", "channel:never")
FIRST, LAST = 20_000, 20_012
NAMES = ("contact.n", "contact.f", "journey.said", "contact.loss.wait", "contact.observed.wait")
Written = Mapping[CellKey, Counts]


def cells(chance: random.Random, names: tuple[str, ...] = NAMES) -> dict[CellKey, Counts]:
    """Return differences to some cells of days, and to hours, which are no concern of theirs."""
    made: dict[CellKey, Counts] = {}
    for _ in range(chance.randrange(1, 8)):
        day, group = chance.randrange(FIRST, LAST + 1), chance.randrange(32)
        policy, scope = chance.choice(POLICIES), chance.choice(SCOPES[:2])
        counts = {name: chance.choice((-70_000, -3, 1, 5, 900)) for name in chance.sample(names, 2)}
        made[CellKey(policy, scope, "day", Millis(day * DAY), group)] = counts
        made[CellKey(policy, scope, "hour", Millis(day * DAY + 5 * HOUR), -1)] = counts
    return made


def effects(store: Store, partition: int, written: Written) -> Effects:
    """Return one record's worth of effects, continuing where the partition stands."""
    at = store.partitions.position(Partition(partition))
    made = Effects(at.partition, at.next_offset, Offset(at.next_offset + 1), at.epoch, Millis(0))
    made.cells = dict(written)
    return made


def here(store: Store, written: Written, partition: int = 0) -> None:
    """Write as this process does: the store hears of it."""
    store.checkpoint(effects(store, partition, written))


def elsewhere(store: Store, written: Written, partition: int = 0) -> None:
    """Write as another process does: the same checkpoint, and nobody here hears of it."""
    checkpoints.checkpoint(store._database, [effects(store, partition, written)])


def anew(store: Store, written: Written, partition: int = 0) -> None:
    """Rewrite rows outside the fold, as erasures and replays do."""
    with store.exclusive(Partition(partition)) as rewriter:
        rewriter.write(effects(store, partition, written))


Said = dict[tuple[int | str, ...], int]
"""Counts by (day, name) and by (day, group, name), zeros left out."""


def fresh(store: Store, policy: str, scope: str, days: tuple[int, int]) -> Said:
    """Return what the cells say, read one by one."""
    found: Said = {}
    span = (Millis(days[0] * DAY), Millis((days[1] + 1) * DAY))
    for (at, group), counts in Cells(store._database).by_group(policy, scope, span).items():
        for name, value in counts.items():
            found[at // DAY, name] = found.get((at // DAY, name), 0) + value
            if name in GROUPED:
                found[at // DAY, group, name] = value
    return {key: value for key, value in found.items() if value}


def said(table: DayTable) -> Said:
    """Return what ``table`` says."""
    found: Said = {
        (table.first + int(day), table.names[column]): int(table.totals[day, column])
        for day, column in zip(*table.totals.nonzero(), strict=True)
    }
    for name, values in table.grouped.items():
        for day, group in zip(*values.nonzero(), strict=True):
            found[table.first + int(day), int(group), name] = int(values[day, group])
    return found


def compare(store: Store, tables: DayTables, chance: random.Random) -> None:
    first = chance.randrange(FIRST - 3, LAST + 4)
    days = (first, chance.randrange(first, LAST + 6))
    policy, scopes = chance.choice(POLICIES), chance.sample(SCOPES, chance.randrange(1, 4))
    found = tables.tables(policy, scopes, days)
    assert sorted(found) == sorted(scopes)
    for scope, table in found.items():
        assert table.last == days[1] or len(table.totals) == 0
        assert said(table) == fresh(store, policy, scope, days), (policy, scope, days)


WRITERS: tuple[Callable[[Store, Written, int], None], ...] = (here, here, here, here, elsewhere, anew)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_kept_is_what_a_fresh_read_would_give(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    room = chance.choice((ROOM, 400_000, 0))
    store.day_tables = DayTables(store._database, room, Movements(chance.choice((20_000, 12))))
    names = (*NAMES, "contact.unheard_of") if seed % 3 == 0 else NAMES
    for _ in range(60):
        if chance.random() < 0.5:
            chance.choice(WRITERS)(store, cells(chance, names), chance.randrange(3))
        else:
            compare(store, store.day_tables, chance)
            assert store.day_tables.nbytes <= room


def test_what_is_heard_is_not_read_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(1)
    here(store, {CellKey("p@1", "all", "day", Millis(FIRST * DAY), 3): {"contact.n": 1}})
    store.day_tables.tables("p@1", SCOPES, (FIRST, LAST))
    monkeypatch.setattr("store.day_tables.read_days", _only_nothing)
    for partition in (0, 1, 0):
        here(store, cells(chance), partition)
        for scope, table in store.day_tables.tables("p@1", SCOPES, (FIRST + 2, LAST)).items():
            assert said(table) == fresh(store, "p@1", scope, (FIRST + 2, LAST))
    elsewhere(store, cells(chance))
    with pytest.raises(AssertionError, match="read again"):
        store.day_tables.tables("p@1", SCOPES, (FIRST + 2, LAST))


def _only_nothing(_connection: object, scopes: list[int], days: tuple[int, ...]) -> list[None]:
    assert not days, "read again"
    return [None] * len(scopes)


def test_tables_given_away_do_not_change_when_more_is_written(store: Store) -> None:
    key = CellKey("p@1", "all", "day", Millis(FIRST * DAY), 3)
    here(store, {key: {"contact.n": 1}})
    before = store.day_tables.tables("p@1", ["all"], (FIRST, LAST))["all"]
    here(store, {key: {"contact.n": 1}})
    after = store.day_tables.tables("p@1", ["all"], (FIRST, LAST))["all"]
    assert (before.between(FIRST, LAST), after.between(FIRST, LAST)) == ({"contact.n": 1}, {"contact.n": 2})
    with pytest.raises(ValueError, match="read-only"):
        after.grouped["contact.n"][0, 3] = 7


def test_time_that_passes_does_not_fill_the_memory(store: Store) -> None:
    here(store, {CellKey("p@1", "all", "day", Millis(FIRST * DAY), 3): {"contact.n": 1}})
    store.day_tables.tables("p@1", ["all"], (FIRST, FIRST + 27))
    taken = store.day_tables.nbytes
    for day in range(1, 100):
        store.day_tables.tables("p@1", ["all"], (FIRST + day, FIRST + 27 + day))
    assert store.day_tables.nbytes == taken > 0


def test_days_before_the_first_take_no_memory_until_they_are_written(store: Store) -> None:
    at = [Millis((FIRST + day) * DAY) for day in (0, 9)]
    here(store, {CellKey("p@1", "all", "day", at[1], 3): {"contact.n": 1}})
    store.day_tables.tables("p@1", ["all"], (FIRST - 3_000, FIRST + 9))
    assert 0 < store.day_tables.nbytes < 10_000
    here(store, {CellKey("p@1", "all", "day", at[0], 3): {"contact.n": 4}})
    table = store.day_tables.tables("p@1", ["all"], (FIRST - 3_000, FIRST + 9))["all"]
    assert (table.first, table.between(FIRST, FIRST + 9)) == (FIRST, {"contact.n": 5})


def test_totals_are_those_of_the_cells(store: Store) -> None:
    chance = random.Random(4)
    for _ in range(20):
        day, hour, group = chance.randrange(5), chance.randrange(24), chance.randrange(32)
        counts = {"contact.n": chance.randrange(1, 9), "contact.observed.wait": 1}
        keys = (("hour", day * DAY + hour * HOUR, -1), ("day", day * DAY, group))
        here(store, {CellKey("p@1", "all", grain, Millis(FIRST * DAY + at), g): counts for grain, at, g in keys})  # type: ignore[arg-type]
    for _ in range(40):
        start = FIRST * DAY + chance.randrange(-30, 130) * HOUR
        span = (Millis(start), Millis(start + chance.randrange(0, 130) * HOUR))
        found = store.day_tables.totals("p@1", ["all", "channel:never"], span)
        assert found == {"all": store.cells.total("p@1", "all", span), "channel:never": {}}


def test_readers_beside_a_writer_see_one_moment(store: Store) -> None:
    written, errors = threading.Event(), []
    key = CellKey("p@1", "all", "day", Millis(FIRST * DAY), 3)

    def read() -> None:
        while not written.is_set():
            with store.snapshot():
                at = sum(position.next_offset for position in store.partitions.positions().values())
                found = store.day_tables.tables("p@1", ["all"], (FIRST, LAST))["all"].between(FIRST, LAST)
            if found.get("contact.n", 0) != at:
                errors.append((found, at))

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for turn in range(60):
        (elsewhere if turn % 10 == 9 else here)(store, {key: {"contact.n": 1}}, turn % 3)
    written.set()
    for reader in readers:
        reader.join(20)
    assert errors == []


def test_a_forgotten_policy_leaves_nothing_in_memory(store: Store) -> None:
    key = CellKey("p@1", "all", "day", Millis(FIRST * DAY), 3)
    here(store, {key: {"contact.n": 1}})
    store.day_tables.tables("p@1", ["all"], (FIRST, LAST))
    store.cells.forget_policy("p@1")
    here(store, {key: {"contact.n": 5}})
    table = store.day_tables.tables("p@1", ["all"], (FIRST, LAST))["all"]
    assert table.between(FIRST, LAST) == {"contact.n": 5}


def test_pruned_days_leave_the_memory_too(store: Store) -> None:
    days = [CellKey("p@1", "all", "day", Millis((FIRST + day) * DAY), 3) for day in range(3)]
    here(store, {key: {"contact.n": 1} for key in days})
    store.day_tables.tables("p@1", ["all"], (FIRST, LAST))
    store.cells.prune("day", Millis((FIRST + 2) * DAY))
    assert store.day_tables.tables("p@1", ["all"], (FIRST, LAST))["all"].between(FIRST, LAST) == {"contact.n": 1}


def test_a_step_under_another_epoch_leads_nowhere() -> None:
    movements, key = Movements(), CellKey("p@1", "all", "day", Millis(0), 0)
    first = Effects(Partition(0), Offset(0), Offset(4), Epoch(1), Millis(0), cells={key: {"contact.n": 1}})
    movements.heard([first])
    before, after = {Partition(0): (Offset(0), Epoch(1))}, {Partition(0): (Offset(4), Epoch(1))}
    assert len(movements.between(before, after) or []) == 1
    assert movements.between(before, {Partition(0): (Offset(4), Epoch(2))}) is None
    assert movements.between(before, {Partition(0): (Offset(3), Epoch(1))}) is None
    assert movements.between(after, before) is None
    assert movements.between(after, after) == []


def test_a_step_that_was_taken_back_is_not_followed() -> None:
    movements, key = Movements(), CellKey("p@1", "all", "day", Millis(0), 0)
    undone, done = (
        Effects(Partition(0), Offset(0), Offset(4), Epoch(1), Millis(0), cells={key: {"contact.n": n}}) for n in (1, 2)
    )
    movements.heard([undone])
    movements.heard([done])
    found = movements.between({Partition(0): (Offset(0), Epoch(1))}, {Partition(0): (Offset(4), Epoch(1))})
    assert [dict(blocks_of(done.cells).rows)] == found


def test_many_readers_at_once_wait_for_each_other_and_not_for_ever(store: Store) -> None:
    chance = random.Random(9)
    for _ in range(5):
        here(store, cells(chance))
    span = (Millis(FIRST * DAY - HOUR), Millis(LAST * DAY + HOUR))
    expected = {scope: store.cells.total("p@1", scope, span) for scope in SCOPES}
    found: list[dict[str, Counts]] = []
    readers = [
        threading.Thread(target=lambda: found.append(store.day_tables.totals("p@1", SCOPES, span))) for _ in range(40)
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join(20)
    assert found == [expected] * 40
