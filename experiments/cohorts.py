"""From unit rows to what estimators take: which columns a unit has, and all that one evaluation looks at.

How rows become cohorts that are frozen once mature is in ``maturing``; how cohorts are compared, in ``evaluation``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from experiments.designs.panel import Reading
from experiments.ledger import Experiment
from experiments.maturing import Cohort, Enrolment, Matured, UnitTable
from experiments.moments import Comoments
from models.effects import UnitRow
from models.identifiers import Millis

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


def table_of(units: Sequence[UnitRow], guardrails: Sequence[str]) -> UnitTable:
    """Return the rows by column."""
    return UnitTable(
        arms=[unit.arm for unit in units],
        exposed=np.array([unit.exposed_at for unit in units], dtype=np.int64),
        clusters=[unit.cluster for unit in units],
        crossed=np.array([unit.crossed for unit in units], dtype=np.bool_),
        values=np.array([row_of(unit, guardrails) for unit in units], dtype=np.float64),
    )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All an evaluation looks at, as of ``watermark`` (the minimum over partitions).

    ``enrolled``: every exposed unit per arm, mature or not, crossed or not: what the sample ratio is judged on.
    ``pending``: units whose window is still open. ``crossed``: units that met two arms, left out of the comparison.
    ``outside``: units exposed before the start or after enrolment stopped, left out. ``late``: units that came after
    their cohort was frozen, left out. ``readings``: instead of cohorts, where rows are laid on a timetable (see
    ``grouped``); ``off_schedule`` of their units met another arm than the timetable's, and count where that has them.
    """

    cohorts: tuple[Cohort, ...]
    enrolled: Mapping[str, int]
    pending: int
    watermark: Millis
    crossed: int = 0
    outside: int = 0
    late: int = 0
    readings: tuple[Reading, ...] = ()
    off_schedule: int = 0

    def arm(self, name: str, columns: int) -> Comoments:
        """Return one arm's mature units, all cohorts merged."""
        merged = Comoments.empty(columns)
        for cohort in self.cohorts:
            if cohort.arm == name:
                merged = merged.merge(cohort.moments)
        return merged


@dataclass(frozen=True, slots=True)
class Pending:
    """Units of one arm whose window is open: those that met this arm only, and those that met two."""

    alone: int = 0
    crossed: int = 0
    outside: int = 0


def snapshot(
    experiment: Experiment, matured: Matured, pending: Mapping[str, Pending], watermark: Millis, late: int = 0
) -> Snapshot:
    """Return what an evaluation looks at: the frozen cohorts, and how many units are still open."""
    names = [arm.name for arm in experiment.plan.design.arms] if experiment.plan.design is not None else []
    cohorts = tuple(matured.cohorts[key] for key in sorted(matured.cohorts) if key.arm in names)
    enrolled = {name: pending[name].alone + pending[name].crossed if name in pending else 0 for name in names}
    for cohort in cohorts:
        enrolled[cohort.arm] += cohort.moments.n + cohort.crossed
    return Snapshot(
        cohorts=tuple(cohort for cohort in cohorts if cohort.moments.n),
        enrolled=enrolled,
        pending=sum(pending[name].alone for name in names if name in pending),
        watermark=watermark,
        crossed=sum(c.crossed for c in cohorts) + sum(pending[name].crossed for name in names if name in pending),
        outside=matured.outside + sum(open_.outside for open_ in pending.values()),
        late=late,
    )


def snapshot_of(experiment: Experiment, units: Iterable[UnitRow], watermark: Millis) -> Snapshot:
    """Return the snapshot of an experiment's unit rows read all at once: the plain way, for few units and for tests."""
    names = [arm.name for arm in experiment.plan.design.arms] if experiment.plan.design is not None else []
    enrolment, guardrails = Enrolment.of(experiment), [g.metric for g in experiment.guardrails]
    known = list(units)
    of_arms = [unit for unit in known if unit.arm in names]
    mature = [unit for unit in of_arms if unit.matures_at <= watermark]
    matured = Matured(Millis(0), columns_of(experiment), outside=len(known) - len(of_arms))
    if mature:
        matured = matured.absorb(table_of(mature, guardrails), enrolment, watermark)
    pending: dict[str, Pending] = {}
    for unit in of_arms:
        if unit.matures_at > watermark:
            pending[unit.arm] = _counted(pending.get(unit.arm, Pending()), unit, enrolment)
    return snapshot(experiment, matured, pending, watermark)


def _counted(before: Pending, unit: UnitRow, enrolment: Enrolment) -> Pending:
    if not enrolment.holds(unit.exposed_at):
        return replace(before, outside=before.outside + 1)
    if unit.crossed:
        return replace(before, crossed=before.crossed + 1)
    return replace(before, alone=before.alone + 1)
