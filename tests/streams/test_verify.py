"""Whatever is wrong with the cells is told, in the same order every time, however many customers are summed at once."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cells import CellKey, Contribution, Counts, merged
from models.effects import Effects
from models.identifiers import DAY, HOUR, Epoch, Millis, Offset, Partition
from store.database import Store
from streams import verify as module
from streams.engine import Engine, Limits
from streams.keeper import StoreKeeper
from streams.verify import SHOWN, Sums, Verified, verify
from tests.streams.events import SCOPES, T0, company

TODAY = Millis(T0 - T0 % DAY)
UNHEARD_OF = "touchpoint:nowhere"


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store in which everything holds; who changes it puts it right again."""
    folder: Path = tmp_path_factory.mktemp("verify") / "data"
    with Store.open(folder, partitions=4, clock=lambda: Millis(T0 + DAY)) as store:
        store.definitions.declare(SCOPES, "test", Millis(T0))
        store.log.append(company(seed=5, customers=25))
        Engine(store.log, StoreKeeper(store), Limits(chunk_records=50)).drain()
        assert verify(store).ok
        yield store


def write(store: Store, cells: dict[CellKey, Counts]) -> None:
    """Add ``cells`` to what is there, as nobody but a fault would."""
    effects = Effects(Partition(0), Offset(0), Offset(0), Epoch(0), Millis(0))
    effects.cells = cells
    with store.exclusive(Partition(0)) as careless:
        careless.write(effects)


def found_with(store: Store, cells: dict[CellKey, Counts]) -> Verified:
    """Return what is found while ``cells`` are added to what is there."""
    write(store, cells)
    try:
        return verify(store)
    finally:
        write(store, {key: {name: -count for name, count in counts.items()} for key, counts in cells.items()})


def every(store: Store, *grains: str) -> dict[CellKey, Counts]:
    return {key: counts for key, counts in store.cells.every() if key.grain in grains}


Fault = Callable[[CellKey, Counts], tuple[dict[CellKey, Counts], str]]


def a_wrong_count(key: CellKey, counts: Counts) -> tuple[dict[CellKey, Counts], str]:
    name, count = max(counts.items())
    return {key: {name: 1}}, f"{name} is {count + 1}, the rows sum to {count}"


def a_count_too_many(key: CellKey, _: Counts) -> tuple[dict[CellKey, Counts], str]:
    return {key: {"a.new_one": 4}}, "a.new_one is 4, the rows sum to 0"


def a_cell_missing(key: CellKey, counts: Counts) -> tuple[dict[CellKey, Counts], str]:
    name, count = min(counts.items())
    return {key: {name: -count for name, count in counts.items()}}, f"{name} is 0, the rows sum to {count}"


def a_cell_too_many(key: CellKey, _: Counts) -> tuple[dict[CellKey, Counts], str]:
    return {key._replace(scope=UNHEARD_OF): {"contact.n": 2}}, "contact.n is 2, the rows sum to 0"


@pytest.mark.parametrize("grain", ["hour", "day"])
@pytest.mark.parametrize("fault", [a_wrong_count, a_count_too_many, a_cell_missing, a_cell_too_many])
def test_what_is_wrong_with_a_cell_is_told_and_nothing_else(healthy: Store, fault: Fault, grain: str) -> None:
    kept = every(healthy, grain)
    for key in (min(kept), max(kept)):
        cells, words = fault(key, kept[key])
        (wrong,) = cells
        found = found_with(healthy, cells)
        sentence = f"cell {wrong.scope} {grain} {wrong.bucket} under {wrong.policy}: {words}"
        assert (found.ok, found.found, found.differences) == (False, 1, [sentence])
    assert verify(healthy).ok


def test_five_minutes_may_be_gone_and_may_not_be_wrong(healthy: Store) -> None:
    kept = every(healthy, "5m")
    gone, _ = a_cell_missing(min(kept), kept[min(kept)])
    assert found_with(healthy, gone).ok
    wrong, words = a_wrong_count(max(kept), kept[max(kept)])
    assert [sentence.endswith(words) for sentence in found_with(healthy, wrong).differences] == [True]


def test_five_minutes_that_are_old_may_be_gone_or_hold_what_changed_since(healthy: Store) -> None:
    latest = max(at.watermark for at in healthy.partitions.positions().values())
    old, young = (min(every(healthy, "5m"))._replace(bucket=Millis(latest - age)) for age in (3 * DAY, HOUR))
    assert found_with(healthy, {old: {"contact.n": -1}}).ok
    assert not found_with(healthy, {young: {"contact.n": -1}}).ok


def test_cells_up_to_where_the_archive_has_expired_are_not_compared(
    healthy: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to there they hold more than rows tell; what comes after is as sure as ever."""
    buckets = sorted({key.bucket for key in every(healthy, "hour")})
    horizon = buckets[len(buckets) // 2]
    monkeypatch.setattr(module, "_expired", lambda *_: horizon)
    kept = every(healthy, "hour")
    within, after = ({key for key in kept if (key.bucket <= horizon) == early} for early in (True, False))
    assert found_with(healthy, {key: {"contact.n": 1} for key in within}).ok
    assert found_with(healthy, {key: a_cell_missing(key, kept[key])[0][key] for key in within}).ok
    assert found_with(healthy, {key: {"contact.n": 1} for key in after}).found == len(after) > 0


def test_of_many_differences_the_first_are_told_and_all_are_counted(healthy: Store) -> None:
    kept = every(healthy, "hour", "day")
    wrong = {key: a_wrong_count(key, counts) for key, counts in kept.items()}
    extra = {key._replace(scope=UNHEARD_OF): {"contact.n": 2} for key in kept}
    found = found_with(healthy, {**{key: one for cells, _ in wrong.values() for key, one in cells.items()}, **extra})
    words = {key: words for key, (_, words) in wrong.items()} | dict.fromkeys(
        extra, "contact.n is 2, the rows sum to 0"
    )
    told = [f"cell {key.scope} {key.grain} {key.bucket} under {key.policy}: {words[key]}" for key in sorted(words)]
    assert (found.found, found.differences) == (len(words), told[:SHOWN])
    assert len(words) > SHOWN


def test_what_was_told_before_leaves_less_room(healthy: Store) -> None:
    told = Verified()
    for number in range(SHOWN - 2):
        told.differ(str(number))
    keys = sorted(every(healthy, "hour"))[:5]
    told.differ_by((key, f"cell {keys.index(key)}") for key in reversed(keys))
    assert (told.found, told.differences[SHOWN - 2 :]) == (SHOWN + 3, ["cell 0", "cell 1"])


@pytest.mark.parametrize("together", [1, 7])
def test_the_sums_are_the_same_however_many_customers_are_taken_together(
    healthy: Store, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "TOGETHER", together)
    found = verify(healthy)
    assert (found.ok, found.customers, found.cells) == (
        True,
        healthy.customers.count(),
        len(every(healthy, "5m", "hour", "day")),
    )


def test_a_cell_that_cancels_out_need_not_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TOGETHER", 1)
    sums, result = Sums(), Verified()
    one = Contribution("p", ("all",), TODAY, live=False, counts={"contact.n": 1})
    for sign in (1, -1):
        sums.gather([(one, sign)], 3)
    module._check_cells(sums.blocks(), [], module.NEVER, result)
    assert result.ok


_contributions = st.builds(
    Contribution,
    policy=st.sampled_from(["p", "q"]),
    scopes=st.sampled_from([("all",), ("all", "x")]),
    at=st.integers(0, 5).map(lambda n: Millis(TODAY + n * 7 * HOUR)),
    live=st.booleans(),
    counts=st.dictionaries(st.sampled_from(["contact.n", "contact.f", "new"]), st.integers(-3, 3), min_size=1),
)
_customers = st.lists(st.tuples(st.lists(_contributions, max_size=4), st.integers(0, 3)), max_size=12)


@given(customers=_customers, together=st.integers(1, 5))
@settings(deadline=None)
def test_sums_are_what_dictionaries_add_up_to(customers: list[tuple[list[Contribution], int]], together: int) -> None:
    sums, expected = Sums(), dict[CellKey, list[Counts]]()
    for found, group in customers:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(module, "TOGETHER", together)
            sums.gather(((one, 1) for one in found), group)
        for one in found:
            for scope in one.scopes:
                day, hour, five = (Millis(one.at - one.at % span) for span in (DAY, HOUR, HOUR // 12))
                keys = [CellKey(one.policy, scope, "day", day, group), CellKey(one.policy, scope, "hour", hour, -1)]
                keys += [CellKey(one.policy, scope, "5m", five, -1)] if one.live else []
                for key in keys:
                    expected.setdefault(key, []).append(one.counts)
    added = {key: counts for key, parts in expected.items() if (counts := merged(parts))}
    assert {key: counts for key, counts in sums.blocks().items() if counts} == added
