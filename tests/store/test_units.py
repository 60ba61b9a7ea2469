"""Units as cohorts read them: page by page as their windows close, counted without reading a row."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import sqlite

from experiments.cohorts import Pending
from experiments.maturing import Cohort, Key, Matured
from experiments.moments import Comoments
from models.effects import Effects, UnitRow
from models.errors import Fenced
from models.identifiers import DAY, Millis, Partition
from store import units as queries
from store.database import Store
from store.units import Asked
from tests.store import samples

ASKED = Asked("x", ("control", "treated"), ("contacts",))
SPAN = 20

drawn = st.lists(
    st.tuples(st.sampled_from(ASKED.arms), st.integers(0, SPAN), st.booleans(), st.integers(-9, 9)), max_size=25
)


def rows_of(given_: list[tuple[str, int, bool, int]]) -> list[UnitRow]:
    """Return units that close at T0 + their number, exposed a day before."""
    return [
        replace(
            samples.unit(samples.subject(i), arm=arm, total=total),
            exposed_at=Millis(samples.T0 + closes - DAY),
            matures_at=Millis(samples.T0 + closes),
            guardrails={"contacts": (1, total)} if total else {},
            crossed=crossed,
        )
        for i, (arm, closes, crossed, total) in enumerate(given_)
    ]


def written(store: Store, rows: list[UnitRow]) -> None:
    position = store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, samples.T0)
    effects.units = {(row.experiment, row.subject): row for row in rows}
    store.checkpoint(effects)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("units"), partitions=1) as store:
        yield store


@given(drawn=drawn, since=st.integers(-1, SPAN), until=st.integers(0, SPAN), page=st.integers(1, 4))
@settings(max_examples=60, deadline=None)
def test_each_unit_that_closes_in_a_span_is_read_once(
    shared: Store, drawn: list[tuple[str, int, bool, int]], since: int, until: int, page: int
) -> None:
    for row in shared.units.rows("x"):
        shared.erase(row.subject, "test")
    rows = rows_of(drawn)
    written(shared, [*rows, samples.unit(samples.subject(999), "y")])
    low, high = Millis(samples.T0 + since), Millis(samples.T0 + until)
    pages = list(shared.units.matured(ASKED, low, high, page))
    read = sorted(
        (arm, int(at), bool(crossed), tuple(values))
        for table, _ in pages
        for arm, at, crossed, values in zip(
            table.arms, table.exposed, table.crossed, table.values.tolist(), strict=True
        )
    )
    wanted = sorted(
        (r.arm, r.exposed_at, r.crossed, (r.total, r.n, r.pre_sum, r.pre_n, r.mechanism, r.mechanism_n, *guard(r)))
        for r in rows
        if low < r.matures_at <= high
    )
    assert read == wanted
    reaches = [low, *(reach for _, reach in pages)]
    assert all(one < other for one, other in pairwise(reaches))
    assert not pages or reaches[-1] == high


def guard(row: UnitRow) -> tuple[int, int]:
    n, total = row.guardrails.get("contacts", (0, 0))
    return total, n


@given(drawn=drawn, after=st.integers(-1, SPAN), low=st.integers(0, SPAN), high=st.integers(0, SPAN))
@settings(max_examples=60, deadline=None)
def test_open_units_are_counted_by_what_they_are(
    shared: Store, drawn: list[tuple[str, int, bool, int]], after: int, low: int, high: int
) -> None:
    for row in shared.units.rows("x"):
        shared.erase(row.subject, "test")
    rows = rows_of(drawn)
    written(shared, rows)
    since = Millis(samples.T0 + after)
    found = shared.units.pending(ASKED, since, (samples.T0 + low, samples.T0 + high))
    for arm in ASKED.arms:
        still = [row for row in rows if row.arm == arm and row.matures_at > since]
        inside = [row for row in still if samples.T0 + low <= row.matures_at <= samples.T0 + high]
        alone = sum(not row.crossed for row in inside)
        assert found[arm] == Pending(alone, len(inside) - alone, len(still) - len(inside))
    assert shared.units.closed(ASKED, since) == sum(row.matures_at <= since for row in rows)


def test_counting_and_paging_read_no_row(shared: Store) -> None:
    which = {"experiment": "x", "arm": "a", "crossed": False, "since": 0, "until": 9, "page": 3}
    for query in (queries._COUNT, queries._REACH):
        compiled = query.compile(dialect=sqlite.dialect())
        values = tuple(which.get(name, 1) for name in compiled.positiontup or ())
        with shared._database.read() as connection:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
        assert any("USING COVERING INDEX ix_units_arm" in row[-1] for row in plan), plan


def test_a_customer_met_the_arm_of_its_row(store: Store) -> None:
    written(store, [samples.unit(samples.subject(1), arm="treated")])
    assert store.units.met("x", samples.subject(1)) == "treated"
    assert store.units.met("x", samples.subject(2)) is store.units.met("y", samples.subject(1)) is None


def a_cohort(day: int = 0, n: int = 3, crossed: int = 1) -> Cohort:
    rows = np.arange(float(2 * n)).reshape(n, 2) / 3.0
    return Cohort("control", Millis(day * DAY), Comoments.of(rows), "lyon", crossed)


def matured(*cohorts: Cohort, until: int = 5, outside: int = 2) -> Matured:
    return Matured(Millis(until), ("total", "n"), {cohort.key: cohort for cohort in cohorts}, outside)


def told(kept: Matured | None) -> object:
    if kept is None:
        return None
    cohorts = {
        key: (c.crossed, c.moments.n, c.moments.means.tolist(), c.moments.products.tolist())
        for key, c in kept.cohorts.items()
    }
    return kept.until, kept.columns, kept.outside, cohorts


def test_cohorts_come_back_bit_for_bit_and_grow(store: Store) -> None:
    assert store.cohorts.of("x") is None
    first = matured(a_cohort(0), a_cohort(1))
    store.cohorts.save("x", None, first)
    assert told(store.cohorts.of("x")) == told(first)
    read = store.cohorts.of("x")
    assert read is not None
    grown = replace(read, until=Millis(9), cohorts={**read.cohorts, a_cohort(1).key: a_cohort(1, n=7)})
    store.cohorts.save("x", read, grown)
    assert told(store.cohorts.of("x")) == told(grown)
    store.cohorts.forget("x")
    assert store.cohorts.of("x") is None


def test_two_who_go_on_from_the_same_are_told_apart(store: Store) -> None:
    first = matured(a_cohort())
    store.cohorts.save("x", None, first)
    with pytest.raises(Fenced, match="read its units meanwhile"):
        store.cohorts.save("x", None, first)
    store.cohorts.save("x", first, matured(a_cohort(), until=7))
    with pytest.raises(Fenced, match="read its units meanwhile"):
        store.cohorts.save("x", first, matured(a_cohort(n=9), until=8))
    assert told(store.cohorts.of("x")) == told(matured(a_cohort(), until=7))


def test_an_erasure_marks_the_cohort_that_holds_the_unit_and_no_other(store: Store) -> None:
    who = samples.subject(1)
    row = replace(samples.unit(who), exposed_at=Millis(samples.T0), cluster="lyon")
    written(store, [row])
    day = samples.T0 - samples.T0 % DAY
    mine = replace(a_cohort(), day=Millis(day))
    store.cohorts.save("x", None, matured(mine, replace(mine, day=Millis(day + DAY)), replace(mine, arm="treated")))
    store.cohorts.save("y", None, matured(mine))
    assert store.cohorts.stale("x") == []
    store.erase(who, "Ada")
    assert store.cohorts.stale("x") == [Key("control", Millis(day), "lyon")]
    assert store.cohorts.stale("y") == []
    later = store.cohorts.of("x")
    assert later is not None
    store.cohorts.save("x", later, replace(later, until=Millis(99), cohorts={mine.key: a_cohort()}))
    assert store.cohorts.stale("x") == [mine.key]
    store.cohorts.reread("x", mine)
    assert store.cohorts.stale("x") == []
    store.cohorts.reread("x", Cohort.empty(mine.key, 2))
    left = store.cohorts.of("x")
    assert left is not None
    assert mine.key not in left.cohorts
