"""What each design is evaluated from, read out of a real store: sites, switchbacks, roll-outs, before and after."""

import math
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace as with_fields

from experiments import life_cycle as life
from experiments.cohorts import Snapshot
from experiments.design import Arm, Baseline, Design, DesignKind
from experiments.designs import BeforeAfter, Clusters, Layout, Rollout, Switchback
from experiments.designs.panel import GroupRow
from experiments.evaluation import evaluate
from experiments.grouped import readings, snapshot_of_groups
from experiments.ledger import Experiment
from experiments.plan import Expected, Guardrail
from experiments.power import precision
from experiments.schedule import arm_at, timetable_of
from experiments.scopes import scope_of
from experiments.states import SYSTEM
from models.cells import CellKey, Counts
from models.definitions import DeclaredScopes
from models.effects import Effects, UnitRow
from models.errors import InvalidInput
from models.identifiers import DAY, HOUR, Millis, Partition, Subject
from store.database import Store
from streams.experiment_baseline import Past, Sampled
from streams.experiment_cohorts import bring_up, look
from streams.experiment_rehearsal import rehearsed
from tests.experiments.loops import AUTHOR, REVIEWER, T0, a_draft, a_plan, day
from tests.streams.events import SUBJECTS, always, definitions, event, experiment, records
from tests.streams.worlds import folded

POLICY = "p@1"
ARMS = ("control", "changed")
SITES = tuple(f"site{i:02}" for i in range(24))
GAIN = 6.0


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=1) as opened:
        opened.definitions.declare(DeclaredScopes(segments=frozenset(("site", name) for name in SITES)), "test", T0)
        yield opened


def started(kind: DesignKind, layout: Layout, days: float, window: Millis = DAY) -> Experiment:
    """Return an experiment of that design, started at T0; power is waived."""
    design = Design(
        tuple(Arm(name) for name in ARMS), 60, day(days), POLICY, None, kind, window, stopping="fixed", layout=layout
    )
    plan = with_fields(
        a_plan(),
        design=design,
        expected=Expected("contact_score", "up", GAIN, day(days + 30), "all"),
        guardrails=(Guardrail("good_contact", "up", 10.0),),
    )
    draft = life.revise(a_draft(), AUTHOR, day(-8), plan)
    waived = life.waive_power(life.explain(draft, AUTHOR, day(-7)), REVIEWER, day(-7), "a test")
    return life.start(life.plan(waived, AUTHOR, day(-6)), REVIEWER, T0, ())


def ended(experiment: Experiment, at: Millis) -> Experiment:
    return life.stop_enrolment(experiment, SYSTEM, at, success_boundary=False)


def write_units(store: Store, units: list[UnitRow]) -> None:
    position = store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, T0)
    effects.units = {(unit.experiment, unit.subject): unit for unit in units}
    store.checkpoint(effects)


def unit(  # noqa: PLR0913, PLR0917 - a row
    number: int, at: int, arm: str, cluster: str, score: float, window: int
) -> UnitRow:
    return UnitRow(
        experiment="e1",
        subject=Subject(f"p1_{number:026d}"),
        arm=arm,
        exposed_at=Millis(at),
        matures_at=Millis(at + window),
        pre_n=1,
        pre_sum=7_000,
        n=1,
        total=round(100 * score),
        mechanism_n=1,
        mechanism=300,
        guardrails={"good_contact": (1, 1)},
        crossed=number % 50 == 49,
        cluster=cluster,
    )


def group_row(row: UnitRow) -> GroupRow:
    n, total = row.guardrails["good_contact"]
    values = (row.total, row.n, row.pre_sum, row.pre_n, row.mechanism, row.mechanism_n, total, n)
    return GroupRow(
        row.cluster, row.exposed_at, row.matures_at, tuple(map(float, values)), 1, row.arm, crossed=row.crossed
    )


def as_readings(experiment: Experiment, found: Snapshot) -> dict[tuple[str, int], tuple[int, tuple[float, ...]]]:
    """Return the readings by cluster and period, those of both arms together."""
    summed: dict[tuple[str, int], tuple[int, tuple[float, ...]]] = {}
    for each in readings(experiment, found):
        units, values = summed.get((each.cluster, each.period), (0, (0.0,) * len(each.values)))
        added = tuple(round(a + b, 6) for a, b in zip(values, each.values, strict=True))
        summed[each.cluster, each.period] = (units + each.units, added)
    return summed


def looked(store: Store, experiment: Experiment, times: list[Millis]) -> Snapshot:
    """Return the last of several looks, each of which keeps what it read."""
    for at in times:
        bring_up(store, experiment, at, nullcontext)
    return look(store, experiment, times[-1])


def test_sites_are_read_from_cohorts_as_from_the_units_themselves(store: Store) -> None:
    experiment = started("cluster", Clusters(SITES), 14)
    random = np.random.default_rng(1)
    levels = dict(zip(SITES, random.normal(70, 3, len(SITES)), strict=True))
    units = []
    for i in range(2_400):
        site, at = SITES[i % len(SITES)], T0 + i * 13 * DAY // 2_400
        arm = arm_at(experiment, site, Millis(at))
        assert arm is not None
        gain = GAIN if arm == ARMS[1] else 0.0
        units.append(unit(i, at, arm, site, levels[site] + gain + random.normal(0, 5), DAY))
    write_units(store, units)
    experiment = ended(experiment, day(14))
    found = looked(store, experiment, [day(3), day(9.5), day(20)])
    slow = snapshot_of_groups(experiment, map(group_row, units), day(20))
    assert as_readings(experiment, found) == as_readings(experiment, slow)
    said = evaluate(experiment, found, day(20))
    assert said.estimate is not None
    assert (said.estimate.counted, said.verdict.grade) == ("clusters", "B")
    assert said.estimate.value == pytest.approx(GAIN, abs=3)
    assert found.late == 0


@pytest.mark.parametrize("period", [4 * HOUR, 2 * DAY])
@pytest.mark.parametrize("washout", [0, HOUR])
def test_a_switchback_is_read_by_its_periods(store: Store, period: Millis, washout: int) -> None:
    lanes = ("",) if period > DAY else ("north", "south")
    layout = Switchback(period, lanes, Millis(washout))
    experiment = started("switchback", layout, 60 if period > DAY else 14, Millis(2 * HOUR))
    random = np.random.default_rng(2)
    units = []
    for i in range(3_000):
        lane, at = lanes[i % len(lanes)], T0 + i * (55 if period > DAY else 13) * DAY // 3_000
        arm = arm_at(experiment, lane, Millis(at)) or ARMS[0]
        met = ARMS[arm == ARMS[0]] if i % 40 == 7 else arm
        units.append(unit(i, at, met, lane, 70 + GAIN * (arm == ARMS[1]) + random.normal(0, 5), 2 * HOUR))
    write_units(store, units)
    experiment = ended(experiment, day(61 if period > DAY else 14))
    last = day(70)
    found = looked(store, experiment, [day(1.3), day(5.1), day(8), last])
    slow = snapshot_of_groups(experiment, map(group_row, units), last)
    assert as_readings(experiment, found) == as_readings(experiment, slow)
    assert found.off_schedule == slow.off_schedule > 0
    said = evaluate(experiment, found, last)
    assert said.estimate is not None
    assert said.estimate.value == pytest.approx(GAIN, abs=2)


def test_only_whole_periods_of_a_switchback_count(store: Store) -> None:
    experiment = started("switchback", Switchback(Millis(4 * HOUR)), 14, Millis(HOUR))
    write_units(store, [unit(i, T0 + i * HOUR // 2, ARMS[0], "", 70, HOUR) for i in range(100)])
    for hours in (3, 4, 5, 8.9, 9, 30):
        at = Millis(T0 + round(hours * HOUR))
        periods = {each.period for each in readings(experiment, looked(store, experiment, [at]))}
        assert periods == set(range(int((hours - 1) // 4))), hours


def write_cells(store: Store, scope: str, days: range, level: Callable[[int], float], seed: int = 3) -> None:
    """Write a scope's days: two hundred contacts each, around ``level`` of the day."""
    random = np.random.default_rng(seed)
    position = store.partitions.position(Partition(0))
    effects = Effects(position.partition, position.next_offset, position.next_offset, position.epoch, T0)
    for number in days:
        mean = level(number) + random.normal(0, 0.7)
        for group in range(10):
            total = round(20 * 100 * mean)
            counts: Counts = {"contact.n": 20, "contact.f": total, "contact.shown": total, "contact.good": 9}
            effects.cells[CellKey(POLICY, scope, "day", day(number), group)] = counts
    store.checkpoint(effects)


def test_before_and_after_is_read_from_the_scopes_days(store: Store) -> None:
    experiment = started("before_after", BeforeAfter(150), 35)
    write_cells(store, "all", range(-150, 40), lambda number: 70 + GAIN * (number >= 0))
    experiment = ended(experiment, day(35))
    found = look(store, experiment, day(45))
    said = evaluate(experiment, found, day(45))
    assert said.estimate is not None
    assert (said.estimate.counted, said.verdict.grade, said.verdict.standing) == ("days", "C", "provisional")
    assert said.estimate.value == pytest.approx(GAIN, abs=1)
    assert len(found.readings) == 150 + 35
    early = look(store, running_of(experiment), day(20))
    assert len(early.readings) == 150 + 19
    assert early.pending == 200


def running_of(experiment: Experiment) -> Experiment:
    return started("before_after", BeforeAfter(150), 35) if experiment.stopped_at else experiment


def test_a_roll_out_is_read_from_each_sites_days(store: Store) -> None:
    experiment = started("rollout", Rollout(SITES, 4), 21)
    timetable = timetable_of(experiment)
    for i, site in enumerate(SITES):
        joins = [timetable.is_treated(site, p) for p in range(timetable.first, timetable.beyond)].count(False)
        first = (timetable.origin - T0) // DAY + (joins + timetable.first) * 7
        write_cells(
            store,
            f"segment:site={site}",
            range(-30, 28),
            lambda number, i=i, first=first: 65 + i / 4 + GAIN * (number >= first),  # type: ignore[misc]
            seed=i,
        )
    experiment = ended(experiment, day(25))
    said = evaluate(experiment, look(store, experiment, day(40)), day(40))
    assert said.estimate is not None
    assert said.estimate.value == pytest.approx(GAIN, abs=1)
    assert said.verdict.grade == "B"


def test_a_cluster_without_a_scope_of_its_own_is_refused_in_words() -> None:
    known = ["all", "segment:site=lyon", "channel:lyon", "touchpoint:nice"]
    assert scope_of("", "channel:chat", known) == "channel:chat"
    assert scope_of("nice", "all", known) == "touchpoint:nice"
    assert scope_of("segment:site=lyon", "all", known) == "segment:site=lyon"
    for name, says in (("lyon", "several scopes are called so"), ("brest", "no scope is called so")):
        with pytest.raises(InvalidInput, match=says):
            scope_of(name, "all", known)


@pytest.mark.parametrize(
    ("data", "cluster"),
    [
        ({"segment": {"site": "lyon"}}, "lyon"),
        ({"segment": {"cluster": "nice"}}, "nice"),
        ({"touchpoint": "nice", "channel": "chat"}, "nice"),
        ({"staff": "lyon"}, "lyon"),
        ({"segment": {"site": "brest"}}, ""),
        ({}, ""),
    ],
)
def test_a_unit_belongs_to_the_cluster_its_exposure_names(data: dict[str, object], cluster: str) -> None:
    anne = SUBJECTS[0]
    met = event(anne, "exposure", T0, {"experiment": "x1", "arm": "a", **data}, id="x")
    defined = definitions(experiments=(replace(experiment("x1"), clusters=("lyon", "nice")),))
    found = folded(records([met], T0 + DAY), always(defined)).units["x1", Subject(anne)]
    assert found.cluster == cluster


def test_a_design_is_rehearsed_on_the_scopes_own_past(store: Store) -> None:
    write_cells(store, "all", range(-300, 0), lambda _: 70.0)
    for i, site in enumerate(SITES):
        write_cells(store, f"segment:site={site}", range(-60, 0), lambda _, i=i: 65 + i / 4, seed=i)  # type: ignore[misc]
    cases = {
        "before_after": started("before_after", BeforeAfter(150), 35),
        "rollout": started("rollout", Rollout(SITES, 4), 21),
        "cluster": started("cluster", Clusters(SITES, 0.1), 14),
    }
    for kind, each in cases.items():
        design = rehearsed(store, each.plan, "salt", T0).design
        assert design is not None
        assert design.rehearsal is not None, kind
        # Of before and after there is one past, whose dates overlap: its rate is one draw, told and not tested.
        assert kind == "before_after" or design.rehearsal.rate < 0.12, (kind, design.rehearsal)
        assert design.rehearsal.runs > 50
        assert design.rehearsal.standard_error < GAIN
    untold = started("switchback", Switchback(Millis(4 * HOUR)), 14, Millis(HOUR))
    found = rehearsed(store, untold.plan, "salt", T0).design
    assert found is not None
    assert found.rehearsal is None


@pytest.mark.parametrize("units", [400, 20_000])
def test_customers_are_rehearsed_for_large_plans_too(store: Store, monkeypatch: pytest.MonkeyPatch, units: int) -> None:
    """A plan may need more customers than are read of the past; its error follows from that of those."""
    random = np.random.default_rng(5)
    scores = np.clip(random.normal(7_000, 1_500, 900), 0, 10_000).round().astype(int).tolist()
    past = Sampled(tuple(Past((1, score), (0, 0)) for score in scores), 1.0)
    monkeypatch.setattr("streams.experiment_rehearsal.sampled_past", lambda *_: past)
    monkeypatch.setattr("streams.experiment_rehearsal.ENOUGH", 800)
    made = a_plan().design
    assert made is not None
    design = with_fields(made, units=units, baseline=Baseline(70.0, 225.0, 1e4))
    found = rehearsed(store, with_fields(a_plan(), design=design), "salt", T0).design
    assert found is not None
    assert found.rehearsal is not None
    assert found.rehearsal.units == min(units, 800)
    assert abs(found.rehearsal.rate - 0.05) < 0.03
    assert precision(units, found).standard_error == pytest.approx(15.0 * math.sqrt(4 / units), rel=0.1)
    scarce = Sampled(past.customers[:300], 1.0)
    monkeypatch.setattr("streams.experiment_rehearsal.sampled_past", lambda *_: scarce)
    untold = rehearsed(store, with_fields(a_plan(), design=design), "salt", T0).design
    assert untold is not None
    assert untold.rehearsal is None
