"""Looks at a sheet of units: as the days of exposure pass, each variant is compared with the control, metric by metric.

Clusters are compared by their means, units with a period before by CUPED, all others by the difference of means; a
quantile that is asked for, by Woodruff's interval.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from experiments.analysis.figures import Figure
from experiments.analysis.flags import lines_of
from experiments.analysis.rows import Rows
from experiments.analysis.streams import Look, Stream
from experiments.analysis.units import Columns, Sheet, Unit, arms_of, columns_of, control_of, sheets
from experiments.estimators import Estimate, NoEstimate, cuped
from experiments.estimators.cluster_means import cluster_means
from experiments.estimators.quantile import quantile_difference
from experiments.moments import Comoments, LogHistogram
from models.errors import InvalidInput

Floats = npt.NDArray[np.float64]
VALUE, PRE = 0, 1


def streams(rows: Rows, name: str, control: str | None = None, metrics: Sequence[str] = ()) -> Iterator[Stream]:
    """Yield the streams of a table of units, of all its metrics or of some.

    Raises ``InvalidInput`` for a table that is none, and where the control cannot be told.
    """
    columns = columns_of(rows.columns, name, metrics)
    for experiment, sheet in sheets(rows, columns, name).items():
        arms = list(arms_of(sheet))
        where = f"{name}: experiment {experiment}"
        if len(arms) < 2:
            has = f"only the arm {arms[0]} has units" if arms else "no arm has units"
            left_out = "".join(f"; {fault}" for fault in sheet.flags.sentences())
            raise InvalidInput(f"{where}: {has}; give two arms at least{left_out}")
        base = control_of(arms, control, where)
        for variant in arms:
            if variant != base:
                yield from _of_variant(experiment, sheet, columns, (base, variant))


def _of_variant(experiment: str, sheet: Sheet, columns: Columns, arms: tuple[str, str]) -> Iterator[Stream]:
    units = [unit for unit in sheet.units.values() if unit.arm in arms and unit.name not in sheet.crossed]
    both = [cluster for cluster, met in _arms_by_cluster(units).items() if cluster and len(met) > 1]
    flags = list(sheet.flags.sentences())
    if both:
        lines = [unit.line for unit in units if unit.cluster in both]
        flags.append(f"a cluster is in two arms: its units are left out ({lines_of(lines)})")
        units = [unit for unit in units if unit.cluster not in both]
    for figure in columns.figures:
        own, said = _judgeable(units, figure)
        looks = tuple(_looks(sheet, own, figure, arms))
        yield Stream(experiment, arms[1], figure.name, looks, (*flags, *said))


def _judgeable(units: Sequence[Unit], figure: Figure) -> tuple[list[Unit], list[str]]:
    """Return the units that have the figure's value, by day of exposure, and what is wrong with the others."""
    known = sorted((unit for unit in units if unit.values[figure.column] is not None), key=lambda unit: unit.day)
    if figure.share is None:
        return known, []
    if any(unit.cluster for unit in known):
        raise InvalidInput(f"{figure.name}: quantiles are of units drawn one by one; ask for the mean of clusters")
    negative = [unit.line for unit in known if (unit.values[figure.column] or 0.0) < 0.0]
    said = f"{figure.column} is negative, and quantiles are of values from 0 up: left out ({lines_of(negative)})"
    return [unit for unit in known if unit.line not in set(negative)], [said] if negative else []


def _arms_by_cluster(units: Sequence[Unit]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for unit in units:
        found.setdefault(unit.cluster, set()).add(unit.arm)
    return found


@dataclass(slots=True)
class _Means:
    """Values and those of before of both arms, as they come."""

    arms: list[Comoments] = field(default_factory=lambda: [Comoments.empty(2), Comoments.empty(2)])

    def add(self, which: int, fresh: Floats) -> None:
        """Add an arm's further rows of (value, before)."""
        self.arms[which] = self.arms[which].merge(Comoments.of(fresh))

    def found(self) -> Estimate | NoEstimate:
        """Return the difference of means, adjusted by the period before."""
        return cuped(self.arms[0], self.arms[1], VALUE, PRE)


@dataclass(slots=True)
class _Quantiles:
    """The values of both arms, as they come, by buckets."""

    share: float
    arms: list[LogHistogram] = field(default_factory=lambda: [LogHistogram(), LogHistogram()])

    def add(self, which: int, fresh: Floats) -> None:
        """Add an arm's further rows of (value, before)."""
        self.arms[which] = self.arms[which].merge(LogHistogram.of(fresh[:, VALUE]))

    def found(self) -> Estimate | NoEstimate:
        """Return the difference of the quantiles."""
        return quantile_difference(self.arms[0], self.arms[1], self.share)


def _looks(sheet: Sheet, units: Sequence[Unit], figure: Figure, arms: tuple[str, str]) -> Iterator[Look]:
    """Yield one look a day of exposure, at everybody exposed by then; ``units`` rise by day."""
    days = np.array([unit.day for unit in units])
    side = np.array([unit.arm == arms[1] for unit in units], dtype=np.bool_)
    rows = [[unit.values[figure.column] or 0.0, unit.before.get(figure.column) or 0.0] for unit in units]
    values = np.array(rows).reshape(-1, 2)
    clusters = np.array([unit.cluster for unit in units])
    running = _Means() if figure.share is None else _Quantiles(figure.share)
    enrolled, start = [0, 0], 0
    for day in sorted({at for arm, at in sheet.enrolled if arm in arms}):
        end = int(np.searchsorted(days, day, side="right"))
        for which in (0, 1):
            enrolled[which] += sheet.enrolled.get((arms[which], day), 0)
            fresh = values[start:end][side[start:end] == bool(which)]
            if len(fresh):
                running.add(which, fresh)
        start = end
        grouped = clusters[:end].size and clusters[0]
        found = _by_cluster(values[:end], side[:end], clusters[:end]) if grouped else running.found()
        yield Look(day, found, (enrolled[0], enrolled[1]))


def _by_cluster(values: Floats, side: npt.NDArray[np.bool_], clusters: npt.NDArray[np.str_]) -> Estimate | NoEstimate:
    """Return the comparison of whole clusters' means, each counting once."""
    names, index = np.unique(clusters, return_inverse=True)
    if len(names) < 2:
        return NoEstimate("empty_arm", f"all units are of one cluster, {names[0]}: nothing can be compared with it")
    sizes = np.bincount(index)
    means = np.bincount(index, values[:, VALUE]) / sizes
    levels = np.bincount(index, values[:, PRE]) / sizes
    treated = np.bincount(index, side) > 0
    return cluster_means(means, treated, levels)
