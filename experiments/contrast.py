"""How one metric of an experiment is compared: between two arms of customers, or over a timetable of groups.

Both answer the same three questions of a metric; which estimator serves which is chosen here. What the effects mean for
the experiment is ``evaluation``'s.
"""

from dataclasses import dataclass
from typing import Protocol

from experiments.cohorts import Snapshot, columns_of
from experiments.design import Design
from experiments.designs import Layout, Opinion, Timetable
from experiments.designs.panel import MetricColumns, Reading, Table, table_of
from experiments.estimators import Estimate, NoEstimate, cuped, cuped_ratio, mean_difference, ratio_difference
from experiments.grouped import readings
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.moments import Comoments
from experiments.schedule import timetable_of

TOTAL, COUNT, PRE_TOTAL, PRE_COUNT, MECHANISM, MECHANISM_COUNT, FIRST_GUARDRAIL = range(7)

Found = Estimate | NoEstimate


class Contrast(Protocol):
    """What is asked of the data, in the metrics' integer units, treatment − control."""

    @property
    def mature(self) -> dict[str, int]:
        """Mature units by arm."""
        ...

    def primary(self, metric: str) -> Found:
        """Return the effect on the expected metric, adjusted by what is known of the time before."""
        ...

    def plain(self, metric: str, total: int) -> Found:
        """Return the effect on a metric whose total and n are in the columns ``total`` and ``total`` + 1."""
        ...

    def opinion(self, metric: str, total: int = TOTAL) -> Opinion:
        """Return what else chance could have drawn for the metric in that column, and the design's checks."""
        ...


def contrast_of(experiment: Experiment, design: Design, snapshot: Snapshot) -> Contrast:
    """Return the contrast of the experiment's design."""
    if design.layout is None:
        control, treatment = (snapshot.arm(arm.name, len(columns_of(experiment))) for arm in design.arms)
        return Customers(design, control, treatment)
    cells = readings(experiment, snapshot)
    return Groups(design, design.layout, timetable_of(experiment), cells, experiment.salt)


@dataclass(frozen=True, slots=True)
class Customers:
    """Two arms of customers."""

    design: Design
    control: Comoments
    treatment: Comoments

    @property
    def mature(self) -> dict[str, int]:
        """Mature units by arm."""
        return {self.design.arms[0].name: self.control.n, self.design.arms[1].name: self.treatment.n}

    def primary(self, metric: str) -> Found:
        """Return the effect, adjusted by the frozen pre-period (CUPED)."""
        if measure_of(metric).kind == "ratio":
            return cuped_ratio(self.control, self.treatment)
        return cuped(self.control, self.treatment, TOTAL, PRE_TOTAL)

    def plain(self, metric: str, total: int) -> Found:
        """Return the plain difference of ratios or means, as the metric is."""
        if measure_of(metric).kind == "ratio":
            return ratio_difference(self.control, self.treatment, total, total + 1)
        return mean_difference(self.control.column(total), self.treatment.column(total))

    def opinion(self, metric: str, total: int = TOTAL) -> Opinion:
        """Return none: the estimate's own variance is that of the draw."""
        del metric, total
        return Opinion()


@dataclass(frozen=True, slots=True)
class Groups:
    """Clusters, periods or dates on their timetable."""

    design: Design
    layout: Layout
    timetable: Timetable
    cells: tuple[Reading, ...]
    salt: str

    @property
    def mature(self) -> dict[str, int]:
        """Mature units by arm, from the experiment's begin on."""
        counts = {arm.name: 0 for arm in self.design.arms}
        for cell in self.cells:
            if cell.period >= 0:
                counts[self.design.arms[self.timetable.is_treated(cell.cluster, cell.period)].name] += cell.units
        return counts

    def primary(self, metric: str) -> Found:
        """Return the design's own effect, with the units' level before where it takes one."""
        return self.layout.effect(self._table(metric, TOTAL, before=True))

    def plain(self, metric: str, total: int) -> Found:
        """Return the design's own effect."""
        return self.layout.effect(self._table(metric, total, before=False))

    def opinion(self, metric: str, total: int = TOTAL) -> Opinion:
        """Return what else the design could have drawn, and its checks; of the very table the effect is read from."""
        return self.layout.opinion(self._table(metric, total, before=total == TOTAL), self.salt)

    def _table(self, metric: str, total: int, *, before: bool) -> Table:
        ratio = measure_of(metric).kind == "ratio"
        count, before_count = (total + 1, PRE_COUNT) if ratio else (None, None)
        columns = MetricColumns(total, count, PRE_TOTAL if before else None, before_count if before else None)
        return table_of(self.cells, self.timetable, columns)
