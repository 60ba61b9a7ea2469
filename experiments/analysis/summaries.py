"""Cumulative summaries: per look and arm a count, a mean and a variance since the beginning, one row a look.

The shape of the ASOS digital experiments dataset (Liu et al. 2021, arXiv:2111.10198). Rows that cannot be right are
left out of the figures and said with their lines; the others are judged.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from experiments.analysis.flags import Flags
from experiments.analysis.rows import Row, Rows, moment, number, require
from experiments.analysis.streams import Look, Stream
from experiments.estimators import mean_difference
from experiments.moments import Variance
from models.errors import InvalidInput

WHICH = ("experiment_id", "variant_id", "metric_id")
TIME = "time_since_start"
SIDES = ("c", "t")
MOMENTS = ("count", "mean", "variance")
COLUMNS = (*WHICH, TIME, *(f"{moment_}_{side}" for side in SIDES for moment_ in MOMENTS))

MOST_UNITS = 1e12
JUMP = 5.0
"""By this factor the spread may grow or shrink between two looks while few units join, by as many standard deviations
the level; beyond, the metric changed."""
FEW_JOINED = 0.25


@dataclass(frozen=True, slots=True)
class Point:
    """One row as far as it can be used."""

    line: int
    time: float
    control: Variance
    treatment: Variance

    @property
    def counts(self) -> tuple[int, int]:
        """Units of both arms."""
        return self.control.n, self.treatment.n


def is_summaries(columns: Sequence[str]) -> bool:
    """Return whether a table of these columns is of this shape."""
    return {f"count_{SIDES[0]}", f"mean_{SIDES[0]}"} <= set(columns)


def streams(rows: Rows, name: str, metrics: Sequence[str] = ()) -> Iterator[Stream]:
    """Yield the streams of a table of summaries, of all its metrics or of some, in the order they begin in.

    Raises ``InvalidInput`` when a column is missing or nothing is in the table.
    """
    require(rows.columns, COLUMNS, name)
    gathered: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows.rows:
        if metrics and row.fields["metric_id"] not in metrics:
            continue
        gathered[tuple(row.fields[column] for column in WHICH)].append(row)
    if not gathered:
        of_those = f" of the metrics {', '.join(metrics)}" if metrics else ""
        raise InvalidInput(f"{name}: it has no rows{of_those}; give at least one look")
    for which, own in gathered.items():
        yield _stream(which, own)


def _stream(which: tuple[str, ...], rows: Sequence[Row]) -> Stream:
    flags = Flags()
    points = [point for row in rows if (point := _point(row, flags)) is not None]
    if points and points != sorted(points, key=lambda point: point.time):
        flags.add("the clock goes back: looks were put in order of time", _first_back(points))
    points = _rising(_distinct(sorted(points, key=lambda point: (point.time, point.line)), flags), flags)
    _note_changes(points, flags)
    looks = tuple(
        Look(point.time, mean_difference(point.control, point.treatment), point.counts, point.line) for point in points
    )
    experiment, variant, metric = which
    return Stream(experiment, variant, metric, looks, flags.sentences())


def _first_back(points: Sequence[Point]) -> int:
    return next(after.line for before, after in pairwise(points) if after.time < before.time)


def _point(row: Row, flags: Flags) -> Point | None:
    """Return the row's look, or ``None`` with what is wrong flagged."""
    time = _read(row, TIME, moment, flags)
    sides = [_side(row, side, flags) for side in SIDES]
    if time is None or sides[0] is None or sides[1] is None:
        return None
    if time < 0:
        flags.add(f"{TIME} is before the start: left out", row.line)
        return None
    return Point(row.line, time, sides[0], sides[1])


def _side(row: Row, side: str, flags: Flags) -> Variance | None:
    values = [_read(row, f"{what}_{side}", number, flags) for what in MOMENTS]
    count, mean, variance = values
    if count is None or mean is None or variance is None:
        return None
    if not 0 <= count <= MOST_UNITS or count != int(count):
        flags.add(f"count_{side} is {count:g}, which counts no units: left out", row.line)
        return None
    if variance < 0:
        flags.add(f"variance_{side} is negative: left out", row.line)
        return None
    return Variance.given(int(count), mean, variance)


def _read(row: Row, column: str, reading: Callable[[str], float | str | None], flags: Flags) -> float | None:
    value = reading(row.fields[column])
    if isinstance(value, float):
        return value
    flags.add(f"{column}: {value or 'nothing is given'}: left out", row.line)
    return None


def _distinct(points: Iterable[Point], flags: Flags) -> list[Point]:
    """Return the points with one a moment: of several at the same time the last in the file."""
    last: dict[float, Point] = {}
    for point in points:
        if point.time in last:
            flags.add("two looks have the same time: the later line counts", last[point.time].line)
        last[point.time] = point
    return list(last.values())


def _rising(points: list[Point], flags: Flags) -> list[Point]:
    """Return the points without the fewest that must go for the counts of both arms never to fall."""
    if all(_grows(before, after) for before, after in pairwise(points)):
        return points
    kept = _longest(points)
    for point in points:
        if point not in kept:
            flags.add("cumulated counts fall around this look: left out", point.line)
    return kept


def _grows(before: Point, after: Point) -> bool:
    return before.control.n <= after.control.n and before.treatment.n <= after.treatment.n


def _longest(points: Sequence[Point]) -> list[Point]:
    """Return the longest run of points, not next to each other perhaps, along which no count falls."""
    length = [1] * len(points)
    before: list[int | None] = [None] * len(points)
    for at, point in enumerate(points):
        for earlier in range(at):
            if length[earlier] >= length[at] and _grows(points[earlier], point):
                length[at], before[at] = length[earlier] + 1, earlier
    here: int | None = length.index(max(length))
    run = []
    while here is not None:
        run.append(points[here])
        here = before[here]
    return run[::-1]


def _note_changes(points: Sequence[Point], flags: Flags) -> None:
    """Flag looks at which a metric's spread or level jumps while hardly anybody joins: it is no longer the same."""
    for before, after in pairwise(points):
        arms = ((before.control, after.control), (before.treatment, after.treatment))
        found = {what for arm in arms for what in _jumps(*arm)}
        for what in sorted(found):
            flags.add(f"the metric’s {what} jumps here: it may have changed its meaning or its unit", after.line)


def _jumps(before: Variance, after: Variance) -> Iterator[str]:
    """Yield what jumps: the spread by a factor, the level by as many standard deviations of single units."""
    old, new = before.value, after.value
    if not old or not new or after.n > before.n * (1.0 + FEW_JOINED):
        return
    if not JUMP**-2 < new / old < JUMP**2:
        yield "spread"
    if abs(after.mean - before.mean) > JUMP * math.sqrt(max(old, new)):
        yield "level"
