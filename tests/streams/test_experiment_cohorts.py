"""Looks that read each unit once say what a look that reads every unit says; what comes late is counted, no more."""

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as with_fields

from experiments import life_cycle as life
from experiments.cohorts import Pending, Snapshot, columns_of, snapshot_of
from experiments.ledger import Experiment
from experiments.maturing import Cohort
from experiments.moments import Comoments
from experiments.plan import Guardrail
from models.effects import Effects, UnitRow
from models.identifiers import DAY, HOUR, Millis, Partition, Subject
from store.database import Store
from store.units import Asked
from streams.experiment_cohorts import bring_up, look, seen
from streams.experiment_open import OpenUnits
from tests.experiments.loops import OWNER, REVIEWER, WINDOW, day, running

ARMS = ("control", "history_shown")
LAST = 40
"""Days within which everything happens."""


def unit(number: int, exposed: float, *, arm: int = 0, total: int = 5, crossed: bool = False) -> UnitRow:
    at = day(exposed)
    return UnitRow(
        experiment="e1",
        subject=Subject(f"p1_{number:026d}"),
        arm=ARMS[arm],
        exposed_at=at,
        matures_at=Millis(at + WINDOW),
        pre_n=1,
        pre_sum=number % 7,
        n=2,
        total=total,
        mechanism_n=1,
        mechanism=3,
        guardrails={"contacts": (1, number % 3)},
        crossed=crossed,
        cluster="",
    )


def write(store: Store, rows: list[UnitRow]) -> None:
    position = store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, day(0))
    effects.units = {(row.experiment, row.subject): row for row in rows}
    store.checkpoint(effects)


def plainly(experiment: Experiment, rows: list[UnitRow], at: Millis) -> Snapshot:
    """Return the snapshot in the plainest way there is, with nothing of what is tested but the figures' own class."""
    design = experiment.plan.design
    assert design is not None
    first, last = experiment.started_at or 0, experiment.stopped_at or design.end
    inside = [row for row in rows if first <= row.exposed_at <= last]
    mature = [row for row in inside if row.matures_at <= at and not row.crossed]
    cohorts = []
    for arm in ARMS:
        for day_ in sorted({row.exposed_at // DAY * DAY for row in mature if row.arm == arm}):
            own = [row for row in mature if row.arm == arm and row.exposed_at // DAY * DAY == day_]
            table = [
                [r.total, r.n, r.pre_sum, r.pre_n, r.mechanism, r.mechanism_n, *r.guardrails["contacts"][::-1]]
                for r in own
            ]
            cohorts.append(Cohort(arm, Millis(day_), Comoments.of(np.array(table, dtype=float))))
    return Snapshot(
        cohorts=tuple(cohorts),
        enrolled={arm: sum(row.arm == arm for row in inside) for arm in ARMS},
        pending=sum(row.matures_at > at and not row.crossed for row in inside),
        watermark=at,
        crossed=sum(row.crossed for row in inside),
        outside=len(rows) - len(inside),
    )


def same(one: Snapshot, other: Snapshot) -> None:
    assert (dict(one.enrolled), one.pending, one.crossed, one.outside) == (
        *(dict(other.enrolled), other.pending, other.crossed, other.outside),
    )
    assert [(c.arm, c.day, c.moments.n) for c in one.cohorts] == [(c.arm, c.day, c.moments.n) for c in other.cohorts]
    for mine, theirs in zip(one.cohorts, other.cohorts, strict=True):
        np.testing.assert_allclose(mine.moments.means, theirs.moments.means, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(mine.moments.products, theirs.moments.products, rtol=1e-9, atol=1e-9)


arrivals = st.lists(
    st.tuples(
        st.floats(-2, 33, allow_nan=False),
        st.integers(0, 1),
        st.integers(-50, 50),
        st.booleans(),
    ),
    max_size=30,
)


@pytest.fixture(scope="module", autouse=True)
def kept_long() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("streams.experiment_open.RECOUNT", 1_000 * DAY)
        yield


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with Store.open(tmp_path_factory.mktemp("cohorts"), partitions=1) as store:
        yield store


@given(drawn=arrivals, looks=st.lists(st.tuples(st.integers(0, LAST), st.booleans()), max_size=6), halt=st.booleans())
@settings(max_examples=40, deadline=None)
def test_looking_often_or_once_says_the_same(
    shared: Store,
    drawn: list[tuple[float, int, int, bool]],
    looks: list[tuple[int, bool]],
    halt: bool,  # noqa: FBT001 - drawn
) -> None:
    """Units are written when they are exposed, whoever looks in between and whether or not it keeps what it read.

    Open units are counted in full once (``kept_long``), and carried along from then on.
    """
    for row in shared.units.rows("e1"):
        shared.erase(row.subject, "test")
    shared.cohorts.forget("e1")
    counts = OpenUnits(shared.units)
    experiment = life.halt(running(), OWNER, day(12), "enough") if halt else running()
    rows = [unit(i, at, arm=arm, total=n, crossed=x) for i, (at, arm, n, x) in enumerate(drawn)]
    for at, keeps in [*sorted(looks), (LAST, True)]:
        write(shared, [row for row in rows if row.exposed_at <= day(at)])
        plain = plainly(experiment, shared.units.rows("e1"), day(at))
        same(snapshot_of(experiment, shared.units.rows("e1"), day(at)), plain)
        if keeps:
            matured = bring_up(shared, experiment, day(at), nullcontext)
            same(seen(shared, experiment, matured, day(at), counts), plain)
        same(look(shared, experiment, day(at)), plain)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=1) as opened:
        yield opened


def brought_up(store: Store, experiment: Experiment, at: float) -> Snapshot:
    bring_up(store, experiment, day(at), nullcontext)
    return look(store, experiment, day(at))


def total_of(snapshot: Snapshot, experiment: Experiment) -> float:
    arm = snapshot.arm(ARMS[0], len(columns_of(experiment)))
    return float(arm.means[0]) * arm.n


def test_a_mature_unit_is_frozen_and_what_comes_late_is_counted(store: Store) -> None:
    experiment = running()
    write(store, [unit(1, 1.0, total=10), unit(2, 1.5, total=20)])
    assert total_of(brought_up(store, experiment, 10), experiment) == pytest.approx(30)
    write(store, [unit(1, 1.0, total=99), unit(3, 1.2, total=40)])
    write(store, [unit(4, 5.0, total=7)])
    after = brought_up(store, experiment, 36)
    assert total_of(after, experiment) == pytest.approx(37)
    assert after.late == 1
    assert sum(after.enrolled.values()) == 3


def test_a_forgotten_customer_leaves_the_cohort_too(store: Store) -> None:
    experiment = running()
    write(store, [unit(1, 1.0, total=10), unit(2, 1.5, total=20), unit(3, 2.5, total=40)])
    brought_up(store, experiment, 12)
    store.erase(Subject(f"p1_{2:026d}"), "Ada")
    store.erase(Subject(f"p1_{3:026d}"), "Ada")
    after = brought_up(store, experiment, 13)
    assert total_of(after, experiment) == pytest.approx(10)
    assert len(after.cohorts) == 1
    assert store.cohorts.stale("e1") == []


def test_a_guardrail_added_later_counts_from_then_on(store: Store) -> None:
    experiment = running()
    write(store, [unit(1, 1.0), unit(2, 1.5)])
    brought_up(store, experiment, 10)
    watched = life.add_guardrail(experiment, REVIEWER, day(10), Guardrail("departure", "down", 0.1))
    born = replace(unit(3, 4.0), guardrails={"contacts": (1, 0), "departure": (1, 6)})
    write(store, [born])
    after = brought_up(store, watched, 20)
    columns = columns_of(watched)
    arm = after.arm(ARMS[0], len(columns))
    assert arm.n == 3
    assert arm.means[columns.index("departure.total")] == pytest.approx(2.0)
    assert with_fields(watched, unplanned=()).plan == experiment.plan


def test_a_first_look_in_pages_can_be_broken_off_and_goes_on(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = running()
    write(store, [unit(i, i * HOUR / DAY, arm=i % 2, total=i) for i in range(200)])
    pages = 0

    def dies_at_the_third() -> nullcontext[None]:
        nonlocal pages
        pages += 1
        if pages == 3:
            raise KeyboardInterrupt
        return nullcontext()

    paged = store.units.matured
    monkeypatch.setattr(store.units, "matured", lambda asked, since, until: paged(asked, since, until, 10))
    with pytest.raises(KeyboardInterrupt):
        bring_up(store, experiment, day(36), dies_at_the_third)
    kept = store.cohorts.of("e1")
    assert kept is not None
    assert 0 < sum(cohort.moments.n for cohort in kept.cohorts.values()) < 200
    same(brought_up(store, experiment, 36), snapshot_of(experiment, store.units.rows("e1"), day(36)))


def test_open_units_are_carried_along_from_look_to_look(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counted in full once, they stay exact for a week of hourly looks in which units enter and mature."""
    experiment = running()
    rows = [unit(i, i / 8, arm=i % 2, crossed=i % 9 == 0) for i in range(160)]
    counts, full = OpenUnits(store.units), 0
    counted = store.units.pending

    def noted(asked: Asked, after: Millis, closes: tuple[int, int]) -> dict[str, Pending]:
        nonlocal full
        full += after < day(15)
        return counted(asked, after, closes)

    monkeypatch.setattr(store.units, "pending", noted)
    for hours in range(9 * 24, 15 * 24, 5):
        at = day(hours / 24)
        write(store, [row for row in rows if row.exposed_at <= at])
        matured = bring_up(store, experiment, at, nullcontext)
        found = seen(store, experiment, matured, at, counts)
        same(found, plainly(experiment, store.units.rows("e1"), at))
    assert full == 1


def test_a_customer_may_be_forgotten_between_adding_a_guardrail_and_the_next_units(store: Store) -> None:
    """The cohort that is read anew must fit the others, which are still kept without the new guardrail's columns."""
    experiment = running()
    write(store, [unit(1, 1.0, total=10), unit(2, 1.5, total=20), unit(3, 2.5, total=40)])
    brought_up(store, experiment, 12)
    watched = life.add_guardrail(experiment, REVIEWER, day(12), Guardrail("departure", "down", 0.1))
    store.erase(Subject(f"p1_{2:026d}"), "Ada")
    after = brought_up(store, watched, 12.5)
    assert total_of(after, watched) == pytest.approx(50)
    write(store, [replace(unit(4, 6.0, total=7), guardrails={"contacts": (1, 0), "departure": (1, 6)})])
    arm = brought_up(store, watched, 20).arm(ARMS[0], len(columns_of(watched)))
    assert arm.n == 3
    assert arm.means[columns_of(watched).index("departure.total")] == pytest.approx(2.0)
