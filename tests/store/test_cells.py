"""Cells add exactly, in any order and cut anywhere, and are read back merged over partitions."""

from collections import Counter
from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cells import CellKey, Counts, Grain
from models.effects import Effects
from models.identifiers import DAY, HOUR, Millis, Partition
from store.batches import batches
from store.cell_rows import scope_id
from store.database import Store
from store.tables import STORE
from tests.store import samples

DAY0 = Millis(samples.T0 - samples.T0 % DAY)

keys = st.builds(
    CellKey,
    st.sampled_from(["p@1", "p@2"]),
    st.sampled_from(["all", "channel:chat"]),
    st.sampled_from(["5m", "hour", "day"]),
    st.sampled_from([DAY0, Millis(DAY0 + DAY)]),
    st.sampled_from([-1, 3]),
)
counts = st.dictionaries(st.sampled_from(["contact.n", "contact.f"]), st.integers(-5, 5).filter(bool), max_size=2)
differences = st.lists(st.tuples(st.integers(0, 1), st.dictionaries(keys, counts, max_size=6)), max_size=6)


def effects(store: Store, partition: int, cells: Mapping[CellKey, Counts]) -> Effects:
    position = store.partitions.position(Partition(partition))
    made = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, Millis(0))
    made.cells = {key: dict(value) for key, value in cells.items()}
    return made


def stored(store: Store) -> dict[str, dict[str, str]]:
    return store.projection().tables["cells"]


def summed(parts: Iterable[tuple[int, Mapping[CellKey, Counts]]]) -> dict[CellKey, Counts]:
    total: dict[CellKey, Counter[str]] = {}
    for _, cells in parts:
        for key, value in cells.items():
            so_far = total.setdefault(key, Counter())
            for name, number in value.items():
                so_far[name] += number
    return {k: found for k, v in total.items() if (found := {name: n for name, n in v.items() if n})}


@given(parts=differences, seed=st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_any_order_and_any_cut_give_the_same_cells(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, dict[CellKey, Counts]]], seed: object
) -> None:
    expected = {
        f"{k.policy}/{k.scope}/{k.grain}/{k.bucket}/{k.group}": {name: str(n) for name, n in v.items()}
        for k, v in summed(parts).items()
    }
    shuffled = list(parts)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    with Store.open(tmp_path_factory.mktemp("cells"), partitions=2) as store:
        for partition, cells in shuffled:
            store.checkpoint(effects(store, partition, cells))
        assert stored(store) == expected
        for policy in ("p@1", "p@2"):
            assert_days(store, policy, [key for key in summed(parts) if key.policy == policy and key.grain == "day"])


def assert_days(store: Store, policy: str, held: list[CellKey]) -> None:
    """Check that questions for days are answered from ``held`` alone, whatever rows there are."""
    days: dict[str, list[Millis]] = {}
    for key in held:
        days.setdefault(key.scope, []).append(key.bucket)
    assert store.cells.first_days(policy) == {scope: min(found) // DAY for scope, found in days.items()}
    for scope in ("all", "channel:chat"):
        found = days.get(scope)
        assert store.cells.span(policy, scope) == ((min(found), max(found)) if found else None)
    begun = store.cells.days_begun(policy)
    assert all(begun[scope] <= min(found) // DAY for scope, found in days.items())


def test_a_day_whose_rows_cancel_out_is_none(store: Store) -> None:
    days = [Millis(DAY0 + n * DAY) for n in range(4)]
    for partition, sign in ((0, 1), (1, -1)):
        cells = {CellKey("p@1", "all", "day", day, 3): {"contact.n": sign} for day in (days[0], days[3])}
        store.checkpoint(effects(store, partition, cells))
    store.checkpoint(effects(store, 1, {CellKey("p@1", "all", "day", days[2], 3): {"contact.n": 1}}))
    assert store.cells.first_days("p@1") == {"all": days[2] // DAY}
    assert store.cells.span("p@1") == (days[2], days[2])


def test_what_is_rewritten_lies_in_one_row_and_what_comes_to_nothing_in_none(store: Store) -> None:
    one, other = (CellKey("p@1", scope, "day", DAY0, 3) for scope in ("all", "channel:chat"))
    for partition in (0, 1):
        store.checkpoint(effects(store, partition, {one: {"contact.n": 2}, other: {"contact.n": 1}}))
    taken = effects(store, 1, {one: {"contact.n": -3}, other: {"contact.n": -2}})
    with store.exclusive(Partition(1)) as rewriter:
        rewriter.write(taken)
    rows = samples.dump(store._database, STORE)["cells"]
    assert len(rows) == 1
    assert dict(store.cells.every()) == {one: {"contact.n": 1}}


def test_what_is_taken_back_leaves_no_row(store: Store) -> None:
    cells = {samples.cell(): {"contact.n": 2}, samples.cell(group=3): {"contact.n": 1}}
    store.checkpoint(effects(store, 0, cells))
    store.checkpoint(effects(store, 0, {key: {"contact.n": -value["contact.n"]} for key, value in cells.items()}))
    assert samples.dump(store._database, STORE)["cells"] == []


def test_more_cells_than_fit_one_statement_are_all_found_again(store: Store) -> None:
    cells = {samples.cell(bucket=samples.T0 + n * HOUR): {"contact.n": n + 1} for n in range(600)}
    for _ in range(2):
        store.checkpoint(effects(store, 0, cells))
    series = store.cells.series("p@1", "all", "hour", (samples.T0, Millis(samples.T0 + 600 * HOUR)))
    assert series == {Millis(samples.T0 + n * HOUR): {"contact.n": 2 * (n + 1)} for n in range(600)}


def test_readers_merge_partitions_and_stay_in_their_span_scope_policy_and_grain(store: Store) -> None:
    noise = [
        CellKey("p@2", "all", "hour", samples.T0, -1),
        CellKey("p@1", "channel:chat", "hour", samples.T0, -1),
        CellKey("p@1", "all", "5m", samples.T0, -1),
        samples.cell(bucket=samples.T0 + 2 * HOUR),
        samples.cell(bucket=samples.T0 - HOUR),
    ]
    for partition in (0, 1):
        wanted: dict[CellKey, Counts] = {samples.cell(): {"contact.n": 1 + partition}}
        store.checkpoint(effects(store, partition, wanted | {key: {"contact.n": 100} for key in noise}))
    span = (samples.T0, Millis(samples.T0 + 2 * HOUR))
    assert store.cells.series("p@1", "all", "hour", span) == {samples.T0: {"contact.n": 3}}


def test_all_cells_can_be_checked_one_by_one_whichever_partition_holds_what_of_them(store: Store) -> None:
    first: dict[CellKey, Counts] = {samples.cell(): {"contact.n": 1}, samples.cell(group=3): {"contact.n": 2}}
    store.checkpoint(effects(store, 0, first))
    store.checkpoint(effects(store, 1, {samples.cell(): {"contact.n": 9}, samples.cell(group=3): {"contact.n": -2}}))
    assert dict(store.cells.every()) == {samples.cell(): {"contact.n": 10}}


def test_days_are_read_by_customer_group(store: Store) -> None:
    for partition in (0, 1):
        cells: dict[CellKey, Counts] = {
            CellKey("p@1", "all", "day", DAY0, partition): {"journey.n": 1},
            CellKey("p@1", "all", "day", DAY0, 7): {"journey.n": 10},
        }
        store.checkpoint(effects(store, partition, cells))
    found = store.cells.by_group("p@1", "all", (DAY0, Millis(DAY0 + DAY)))
    assert found == {(DAY0, 0): {"journey.n": 1}, (DAY0, 1): {"journey.n": 1}, (DAY0, 7): {"journey.n": 20}}


@given(start=st.integers(0, 80), length=st.integers(0, 80))
@settings(max_examples=30, deadline=None)
def test_a_total_by_days_and_hours_is_the_sum_of_the_hours(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "totals"
    with Store.open(folder) as store:
        if store.partitions.position(Partition(0)).counters.received == 0:
            cells: dict[CellKey, Counts] = {}
            for hour in range(160):
                at = Millis(DAY0 + hour * HOUR)
                cells[CellKey("p@1", "all", "hour", at, -1)] = {"journey.n": hour + 1}
                day = cells.setdefault(CellKey("p@1", "all", "day", Millis(at - at % DAY), hour % 3), {})
                day["journey.n"] = day.get("journey.n", 0) + hour + 1
            made = effects(store, 0, cells)
            made.counters.received = 1
            store.checkpoint(made)
        span = (Millis(DAY0 + start * HOUR), Millis(DAY0 + (start + length) * HOUR))
        expected = sum(hour + 1 for hour in range(start, start + length))
        assert store.cells.total("p@1", "all", span).get("journey.n", 0) == expected


def test_scopes_seen_and_the_span_of_days_are_known(store: Store) -> None:
    assert (store.cells.scopes("p@1"), store.cells.span("p@1")) == ([], None)
    days = {CellKey("p@1", "all", "day", Millis(DAY0 + n * DAY), 0): {"contact.n": 1} for n in range(3)}
    store.checkpoint(effects(store, 0, {**days, CellKey("p@1", "channel:é", "hour", DAY0, -1): {"contact.n": 1}}))
    assert store.cells.scopes("p@1") == ["all", "channel:é"]
    assert store.cells.scopes("p@2") == []
    assert store.cells.span("p@1") == (DAY0, DAY0 + 2 * DAY)


def test_a_policys_cells_can_be_forgotten_alone(store: Store) -> None:
    cells: dict[CellKey, Counts] = {
        CellKey(policy, "all", "day", DAY0, 0): {"contact.n": 1} for policy in ("p@1", "p@2")
    }
    store.checkpoint(effects(store, 0, cells))
    assert store.cells.forget_policy("p@1") == 1
    assert list(stored(store)) == [f"p@2/all/day/{DAY0}/0"]
    assert (store.cells.scopes("p@1"), store.cells.scopes("p@2")) == ([], ["all"])


@pytest.mark.parametrize(("grain", "left"), [("5m", 1), ("hour", 2)])
def test_pruning_lets_old_five_minutes_go_and_nothing_else(store: Store, grain: Grain, left: int) -> None:
    cells: dict[CellKey, Counts] = {
        CellKey("p@1", "all", grain, Millis(DAY0 + n * HOUR), -1): {"contact.n": 1} for n in range(2)
    }
    store.checkpoint(effects(store, 0, cells))
    store.cells.prune("5m", Millis(DAY0 + HOUR))
    assert len(dict(store.cells.every())) == left


def test_scope_numbers_fit_a_signed_64_bit_integer_and_differ() -> None:
    numbers = {scope_id(policy, f"touchpoint:{n}") for policy in ("a", "b") for n in range(2_000)}
    assert len(numbers) == 4_000
    assert 0 <= min(numbers) <= max(numbers) < 2**63


@given(st.lists(st.integers(), min_size=0, max_size=700))
def test_batches_hold_every_key_in_runs_of_few_lengths(keys: list[int]) -> None:
    runs = list(batches(keys))
    assert {key for run in runs for key in run} == set(keys)
    assert {len(run) for run in runs} <= {1, 2, 4, 8, 16, 32, 64, 128, 256}
