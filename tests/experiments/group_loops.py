"""Experiments of every design, started, and rows with a known effect, for the tests of this room."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.cohorts import Snapshot
from experiments.design import Arm, Baseline, Design, DesignKind
from experiments.designs import BeforeAfter, Clusters, Layout, Rollout, Switchback
from experiments.designs.panel import GroupRow
from experiments.grouped import snapshot_of_groups
from experiments.ledger import Experiment
from experiments.plan import Expected, Guardrail, Plan
from experiments.rehearsal import Rehearsal
from experiments.schedule import timetable_of
from experiments.spending import Stopping
from models.identifiers import DAY, HOUR, Millis
from tests.experiments.loops import AUTHOR, REVIEWER, T0, a_plan, an_opening, day

SITES = tuple(f"site {i:02}" for i in range(20))
DAYS = 56
WINDOW = Millis(6 * HOUR)
LAYOUTS: dict[DesignKind, Layout] = {
    "cluster": Clusters(SITES, 0.02),
    "switchback": Switchback(Millis(DAY), ("north", "south")),
    "rollout": Rollout(SITES, waves=5, every=2),
    "before_after": BeforeAfter(past=112),
}
STOPPING: dict[DesignKind, Stopping] = {"cluster": "spending", "switchback": "spending"}


@dataclass(frozen=True)
class Lived:
    """What really happens: points gained, points carried into the next period, contacts added, drift by wave."""

    gain: float = 5.0
    carried: float = 0.0
    contacts: float = 0.0
    drift: float = 0.0
    off_schedule: float = 0.0


def plan_of(kind: DesignKind) -> Plan:
    design = Design(
        arms=(Arm("control"), Arm("history_shown")),
        units=3_000,
        end=day(DAYS),
        policy="default@1",
        baseline=Baseline(mean=70.0, variance=400.0, units_per_day=200.0),
        kind=kind,
        window=WINDOW,
        stopping=STOPPING.get(kind, "fixed"),
        layout=LAYOUTS[kind],
        rehearsal=Rehearsal(1_000, 48, 1.2, 18.0, float(DAYS)),
    )
    plan = replace(a_plan(), design=design, expected=Expected("journey_score", "up", 5.0, day(DAYS + 14), "all"))
    return replace(plan, guardrails=(Guardrail("contact_score", "up", 10.0),))


@cache
def started(kind: DesignKind) -> Experiment:
    """Return a running experiment of that design, having passed every gate."""
    draft = life.revise(life.open_draft(an_opening(), AUTHOR, day(-9), ()), AUTHOR, day(-8), plan_of(kind))
    planned = life.plan(life.explain(draft, AUTHOR, day(-7)), AUTHOR, day(-6))
    return life.start(planned, REVIEWER, T0, ())


@cache
def rows_of(kind: DesignKind, lived: Lived, seed: int = 3) -> tuple[GroupRow, ...]:
    """Return one row a cluster and half-day from 112 days before the start; a row sums thirty customers."""
    experiment = started(kind)
    table, rng, rows = timetable_of(experiment), np.random.default_rng(seed), []
    for cluster in sorted(table.treated):
        level, before = rng.normal(0, 4), False
        for half in range(-2 * 112, 2 * DAYS):
            at = Millis(T0 + half * DAY // 2)
            period = table.period_at(at)
            treated = period is not None and table.is_treated(cluster, period)
            felt = lived.gain * treated + lived.carried * before
            rose = level + _drift(table.treated[cluster], at, lived)
            rows.append(_row(rng, cluster, at, (_score(rng, rose + felt), _score(rng, rose))))
            before = treated if half % 2 else before
    if not lived.off_schedule:
        return tuple(rows)
    arms = [arm.name for arm in plan_of(kind).design.arms]  # type: ignore[union-attr]
    return tuple(_met(row, arms[rng.random() < 0.5]) if rng.random() < lived.off_schedule else row for row in rows)


def _drift(treated: tuple[bool, ...], at: Millis, lived: Lived) -> float:
    """Return a rise before the turn, the steeper the sooner the turn."""
    return lived.drift * treated.count(True) * (at - T0) / DAY / 56


def _score(rng: np.random.Generator, shift: float) -> float:
    return float(70 + shift + rng.normal(0, 3))


def _row(rng: np.random.Generator, cluster: str, at: Millis, scores: tuple[float, float]) -> GroupRow:
    n, score, past = 60.0, *scores
    repeated = n * (600 - 5 * score)
    values = (n * 100 * score, n, n * 100 * past, n, repeated, n, n * 100 * rng.normal(75, 3), n)
    return GroupRow(cluster, at, Millis(at + WINDOW), values, units=30)


def _met(row: GroupRow, arm: str) -> GroupRow:
    return GroupRow(row.cluster, row.at, row.closes_at, row.values, row.units, arm)


def seen(kind: DesignKind, lived: Lived, at: Millis, experiment: Experiment | None = None, seed: int = 3) -> Snapshot:
    """Return what the rows show at ``at``."""
    rows = (row for row in rows_of(kind, lived, seed) if row.at <= at)
    return snapshot_of_groups(experiment or started(kind), rows, at)
