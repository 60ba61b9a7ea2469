"""Rows of clusters and periods: what the designs that do not randomise customers are evaluated from.

Whoever keeps the rows gives ``GroupRow``s (a unit with its cluster, or the sum of a scope's day); ``readings_of`` sums
them over the timetable into ``Reading``s, and ``table_of`` makes a metric's table, which the designs estimate from.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from experiments.designs.timetable import Timetable
from models.identifiers import Millis

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One unit of a cluster, or the sum of one cluster's day.

    - ``cluster``: the site, team or line; "" where the design has none (the whole scope is one).
    - ``at``: the unit's first exposure, or the begin of the day summed.
    - ``closes_at``: when its values are final: the unit's window closes, or the day is over.
    - ``values``: sums in the order of ``cohorts.columns_of``, in the metrics' integer units.
    - ``units``: how many customers the sums are over; 1 for a unit.
    - ``arm``: the arm that was really met, where that was recorded; the timetable says which it should have been.
    - ``crossed``: the unit met both arms within its window.
    """

    cluster: str
    at: Millis
    closes_at: Millis
    values: tuple[float, ...]
    units: int = 1
    arm: str = ""
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The mature sums of one cluster in one period, in the columns of ``GroupRow.values``."""

    cluster: str
    period: int
    units: int
    values: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Readings:
    """All readings as of ``watermark``, and what was left out of them.

    ``enrolled``: exposed units per arm of the timetable, mature or not. ``off_schedule``: mature units that met another
    arm than the timetable's; they are counted where the timetable has them (intention to treat).
    """

    cells: tuple[Reading, ...]
    enrolled: Mapping[str, int]
    pending: int
    crossed: int
    outside: int
    off_schedule: int


@dataclass(slots=True)
class _Sums:
    """What is being added up."""

    cells: dict[tuple[str, int], list[float]]
    enrolled: dict[str, int]
    pending: int = 0
    crossed: int = 0
    outside: int = 0
    off_schedule: int = 0

    def add(self, row: GroupRow, period: int) -> None:
        """Add a mature row to its cell; the first number of a cell counts units."""
        own = (float(row.units), *row.values)
        cell = self.cells.get((row.cluster, period))
        self.cells[row.cluster, period] = list(own) if cell is None else [a + b for a, b in zip(cell, own, strict=True)]


def readings_of(rows: Iterable[GroupRow], timetable: Timetable, arms: Sequence[str], watermark: Millis) -> Readings:
    """Return the readings of all rows, one pass; ``arms`` are (control, treatment) by name."""
    sums = _Sums({}, dict.fromkeys(arms, 0))
    for row in rows:
        period = timetable.period_at(row.at)
        if period is None or row.cluster not in timetable.treated:
            sums.outside += row.units
            continue
        arm = arms[timetable.is_treated(row.cluster, period)]
        if row.at >= timetable.origin:
            sums.enrolled[arm] += row.units
        if row.crossed:
            sums.crossed += row.units
        elif max(row.closes_at, timetable.ends_at(period)) > watermark:
            sums.pending += row.units
        else:
            sums.add(row, period)
            sums.off_schedule += row.units if row.at >= timetable.origin and row.arm not in {"", arm} else 0
    cells = [Reading(*key, int(cell[0]), tuple(cell[1:])) for key, cell in sorted(sums.cells.items())]
    return Readings(tuple(cells), sums.enrolled, sums.pending, sums.crossed, sums.outside, sums.off_schedule)


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """One metric of each cluster in each period, and the clusters' own level before their exposure.

    ``values`` has shape (clusters, periods) with NaN where nothing was measured, ``treated`` the same shape; column 0
    is period ``first``. ``before`` (clusters,) is NaN where nothing is known of the units' past.
    """

    clusters: tuple[str, ...]
    first: int
    values: Floats
    treated: Bools
    before: Floats

    @property
    def zero(self) -> int:
        """The column of period 0, where the experiment begins."""
        return -self.first


@dataclass(frozen=True, slots=True)
class MetricColumns:
    """Where a metric's sums are in ``Reading.values``; ``count`` is ``None`` for a metric that is a mean per unit."""

    total: int
    count: int | None
    before_total: int | None = None
    before_count: int | None = None


def table_of(cells: Iterable[Reading], timetable: Timetable, metric: MetricColumns) -> Table:
    """Return a metric's table up to the last period that has a reading; no columns when none has."""
    clusters = tuple(sorted(timetable.treated))
    kept = list(cells)
    columns = max((cell.period for cell in kept), default=timetable.first - 1) - timetable.first + 1
    row = {cluster: i for i, cluster in enumerate(clusters)}
    sums = np.zeros((4, len(clusters), columns))
    for cell in kept:
        sums[:, row[cell.cluster], cell.period - timetable.first] += _sums_of(cell, metric)
    treated = np.array([timetable.treated[cluster][:columns] for cluster in clusters], dtype=np.bool_)
    past = sums[2:].sum(axis=2)
    return Table(clusters, timetable.first, _ratio(sums[0], sums[1]), treated, _ratio(past[0], past[1]))


def _sums_of(cell: Reading, metric: MetricColumns) -> tuple[float, float, float, float]:
    """Return (total, count, total before, count before) of a cell."""
    units = float(cell.units)
    count = units if metric.count is None else cell.values[metric.count]
    if metric.before_total is None:
        return cell.values[metric.total], count, 0.0, 0.0
    before = units if metric.before_count is None else cell.values[metric.before_count]
    return cell.values[metric.total], count, cell.values[metric.before_total], before


def _ratio(total: Floats, count: Floats) -> Floats:
    """Return total/count, NaN where nothing was counted, or what was is no number."""
    known = (count > 0.0) & np.isfinite(total) & np.isfinite(count)
    return np.where(known, np.where(known, total, 0.0) / np.where(known, count, 1.0), np.nan)
