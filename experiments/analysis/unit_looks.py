"""Looks at a sheet of units: as the days of exposure pass, each variant is compared with the control, metric by metric.

Clusters are compared by their means, units with a period before by CUPED, all others by the difference of means.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from experiments.analysis.flags import lines_of
from experiments.analysis.rows import Rows
from experiments.analysis.streams import Look, Stream
from experiments.analysis.units import Columns, Sheet, Unit, arms_of, columns_of, control_of, sheets
from experiments.estimators import Estimate, NoEstimate, cuped
from experiments.estimators.cluster_means import cluster_means
from experiments.moments import Comoments
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
            raise InvalidInput(f"{where}: only the arm {', '.join(arms) or '(none)'} has units; give two at least")
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
    for metric in columns.metrics:
        yield Stream(experiment, arms[1], metric, tuple(_looks(sheet, units, metric, arms)), tuple(flags))


def _arms_by_cluster(units: Sequence[Unit]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for unit in units:
        found.setdefault(unit.cluster, set()).add(unit.arm)
    return found


def _looks(sheet: Sheet, units: Sequence[Unit], metric: str, arms: tuple[str, str]) -> Iterator[Look]:
    """Yield one look a day of exposure, at everybody exposed by then."""
    usable = sorted((unit for unit in units if unit.values[metric] is not None), key=lambda unit: unit.day)
    days = np.array([unit.day for unit in usable])
    side = np.array([unit.arm == arms[1] for unit in usable], dtype=np.bool_)
    values = np.array([[unit.values[metric] or 0.0, unit.before.get(metric) or 0.0] for unit in usable]).reshape(-1, 2)
    clusters = np.array([unit.cluster for unit in usable])
    running = [Comoments.empty(2), Comoments.empty(2)]
    enrolled, start = [0, 0], 0
    for day in sorted({at for arm, at in sheet.enrolled if arm in arms}):
        end = int(np.searchsorted(days, day, side="right"))
        for which in (0, 1):
            enrolled[which] += sheet.enrolled.get((arms[which], day), 0)
            fresh = values[start:end][side[start:end] == bool(which)]
            running[which] = running[which].merge(Comoments.of(fresh)) if len(fresh) else running[which]
        start = end
        if clusters[:end].size and clusters[0]:
            found = _by_cluster(values[:end], side[:end], clusters[:end])
        else:
            found = cuped(running[0], running[1], VALUE, PRE)
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
