"""From unit rows to what estimators take: the mature units of each arm and day, as co-moments that merge.

Nothing that happens after a unit matured changes its row; an event from inside its window that arrives late still does,
until the verdict, which keeps its own figures. Which rows belong to a cohort is decided here, how they are compared in
``evaluation``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from experiments.ledger import Experiment
from experiments.moments import Comoments
from models.effects import UnitRow
from models.identifiers import DAY, Millis

FIXED_COLUMNS = ("total", "n", "pre_total", "pre_n", "mechanism", "mechanism_n")


def columns_of(experiment: Experiment) -> tuple[str, ...]:
    """Return the columns of this experiment's cohorts: the fixed ones, then total and n of each guardrail."""
    guardrails = (f"{g.metric}.{moment}" for g in experiment.guardrails for moment in ("total", "n"))
    return (*FIXED_COLUMNS, *guardrails)


def row_of(unit: UnitRow, guardrails: Sequence[str]) -> list[float]:
    """Return one unit as a row of the columns; a guardrail the unit was born before counts nothing."""
    own = (unit.total, unit.n, unit.pre_sum, unit.pre_n, unit.mechanism, unit.mechanism_n)
    row = [float(value) for value in own]
    for metric in guardrails:
        n, total = unit.guardrails.get(metric, (0, 0))
        row += [float(total), float(n)]
    return row


@dataclass(frozen=True, slots=True)
class Cohort:
    """The mature units of one arm that were exposed on one UTC day; ``moments`` has ``columns_of`` columns."""

    arm: str
    day: Millis
    moments: Comoments


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All an evaluation looks at, as of ``watermark`` (the minimum over partitions).

    ``enrolled``: every exposed unit per arm, mature or not, crossed or not: what the sample ratio is judged on.
    ``pending``: units whose window is still open. ``crossed``: units that met two arms, left out of the comparison.
    ``outside``: units exposed before the start or after enrolment stopped, left out.
    """

    cohorts: tuple[Cohort, ...]
    enrolled: Mapping[str, int]
    pending: int
    watermark: Millis
    crossed: int = 0
    outside: int = 0

    def arm(self, name: str, columns: int) -> Comoments:
        """Return one arm's mature units, all cohorts merged."""
        merged = Comoments.empty(columns)
        for cohort in self.cohorts:
            if cohort.arm == name:
                merged = merged.merge(cohort.moments)
        return merged


def _inside(unit: UnitRow, experiment: Experiment) -> bool:
    """Return whether the unit was exposed while enrolment was open."""
    started, stopped = experiment.started_at, experiment.stopped_at
    if started is not None and unit.exposed_at < started:
        return False
    return stopped is None or unit.exposed_at <= stopped


def snapshot_of(experiment: Experiment, units: Iterable[UnitRow], watermark: Millis) -> Snapshot:
    """Return the snapshot of an experiment's unit rows: one pass, memory of the mature rows' numbers."""
    names = [arm.name for arm in experiment.plan.design.arms] if experiment.plan.design is not None else []
    guardrails = [g.metric for g in experiment.guardrails]
    rows: dict[tuple[str, Millis], list[list[float]]] = defaultdict(list)
    enrolled = dict.fromkeys(names, 0)
    pending = crossed = outside = 0
    for unit in units:
        if unit.arm not in enrolled or not _inside(unit, experiment):
            outside += 1
            continue
        enrolled[unit.arm] += 1
        if unit.crossed:
            crossed += 1
        elif unit.matures_at > watermark:
            pending += 1
        else:
            day = Millis(unit.exposed_at - unit.exposed_at % DAY)
            rows[unit.arm, day].append(row_of(unit, guardrails))
    cohorts = tuple(Cohort(arm, day, Comoments.of(np.array(table))) for (arm, day), table in sorted(rows.items()))
    return Snapshot(cohorts, enrolled, pending, watermark, crossed, outside)
