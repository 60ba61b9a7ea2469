"""Daily observations of one metric in one scope, each day in 32 customer-hash groups, taken from cells' counts.

Integers come in, floats in the metric's own unit go out: nothing here is stored. Which statistic is made of them
is for ``variance`` and ``judging``; how cells' bytes become tables, for ``store``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.cells import GROUPS, Counts
from models.gaps.days import Day
from models.gaps.metrics import METRICS, Metric

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

GROUPED = tuple(
    sorted({k for m in METRICS.values() for k in (m.numerator, m.denominator, m.said, m.gap) if k is not None})
)
"""The counts that are needed per customer group; all others are needed per day only."""


@dataclass(frozen=True, slots=True)
class Series:
    """One metric in one scope: arrays of shape (days, 32), oriented so that more is better.

    ``n`` units, ``f`` their summed value (inferred, in the metric's unit), ``a`` answered units, ``d``
    Σ(inferred − said) over those. For a metric where less is better, ``f`` and ``d`` carry the opposite sign.
    """

    first: Day
    n: Floats
    f: Floats
    a: Floats
    d: Floats
    born: Day | None = None
    """The first day ever, when the arrays hold only later ones."""

    @property
    def since(self) -> Day:
        """The first day ever: how old the source is."""
        return self.first if self.born is None else self.born

    @property
    def last(self) -> Day:
        """The last day the arrays hold."""
        return Day(self.first + len(self.n) - 1)


@dataclass(frozen=True, slots=True, eq=False)
class DayTable:
    """Everything day cells say of one scope: ``grouped[key]`` of shape (days, 32), and all counts per day.

    ``totals`` is (days, names): each day's counts over all customer groups, a column for each of ``names``.
    """

    first: Day
    grouped: Mapping[str, Ints] = field(repr=False)
    names: tuple[str, ...] = field(repr=False)
    totals: Ints = field(repr=False)
    born: Day | None = None
    """The scope's first day ever, when the table does not begin with it."""

    @classmethod
    def empty(cls, born: Day | None = None) -> Self:
        """Return the table of a scope in which nothing was observed."""
        return cls(Day(0), {}, (), np.zeros((0, 0), dtype=np.int64), born)

    @property
    def since(self) -> Day:
        """The scope's first day ever: its age, and what periods of evidence are counted from."""
        return self.first if self.born is None else self.born

    @property
    def last(self) -> Day:
        """The last day of the table."""
        return Day(self.first + len(self.totals) - 1)

    def between(self, first: int, last: int) -> Counts:
        """Return the summed counts of the days from ``first`` to ``last``, both included, in the order of ``names``."""
        days = self.totals[max(0, first - self.first) : max(0, last - self.first + 1)]
        return {name: value for name, value in zip(self.names, days.sum(0).tolist(), strict=True) if value}

    def cut(self, first: int, last: int) -> "DayTable":
        """Return the table of the days from ``first`` to ``last``, both included, as far as this one holds them."""
        days = slice(max(0, first - self.first), max(0, last - self.first + 1))
        grouped = {key: values[days] for key, values in self.grouped.items()}
        return DayTable(Day(max(first, self.first)), grouped, self.names, self.totals[days], self.since)


def table_of(cells: Iterable[tuple[Day, int, Mapping[str, int]]], born: Day | None = None) -> DayTable:
    """Return the table of one scope from its day cells ``(day, group, counts)``, in any order, parts repeated or not.

    ``born`` is the scope's first day ever, needed when ``cells`` leave out the oldest.

    >>> table = table_of([(Day(7), 3, {"contact.n": 2, "contact.f": 15_000}), (Day(9), 0, {"contact.n": 1})])
    >>> table.first, table.last, int(table.grouped["contact.n"].sum())
    (7, 9, 3)
    >>> table.between(8, 9)
    {'contact.n': 1}
    """
    rows = list(cells)
    if not rows:
        return DayTable.empty(born)
    first = min(day for day, _, _ in rows)
    span = max(day for day, _, _ in rows) - first + 1
    names = tuple(sorted({name for _, _, counts in rows for name in counts}))
    column = {name: place for place, name in enumerate(names)}
    totals = np.zeros((span, len(names)), dtype=np.int64)
    grouped = {name: np.zeros((span, GROUPS), dtype=np.int64) for name in names if name in GROUPED}
    for day, group, counts in rows:
        for name, value in counts.items():
            totals[day - first, column[name]] += value
            if name in grouped:
                grouped[name][day - first, group] += value
    return DayTable(Day(first), grouped, names, totals, born)


def series_of(table: DayTable, metric: Metric) -> Series:
    """Return ``metric``'s series in the table's scope; zeros where nothing was observed.

    >>> table = table_of([(Day(7), 3, {"contact.n": 2, "contact.f": 15_000})])
    >>> float(series_of(table, METRICS["contact_score"]).f.sum())
    150.0
    """
    factor = metric.sign * metric.scale
    return Series(
        table.first,
        _column(table, metric.denominator, 1.0),
        _column(table, metric.numerator, factor),
        _column(table, metric.said, 1.0),
        _column(table, metric.gap, factor),
        table.born,
    )


def _column(table: DayTable, key: str | None, factor: float) -> Floats:
    counts = table.grouped.get(key) if key is not None else None
    if counts is None:
        return np.zeros((len(table.totals), GROUPS))
    return np.multiply(counts, factor, dtype=np.float64)


def slice_days(series: Series, first: int, last: int) -> Series:
    """Return the days from ``first`` to ``last``, both included, zeros where the series holds none."""
    span = max(0, last - first + 1)
    start, stop = max(first, series.first), min(last, series.last) + 1

    def cut(values: Floats) -> Floats:
        out = np.zeros((span, GROUPS))
        if stop > start:
            out[start - first : stop - first] = values[start - series.first : stop - series.first]
        return out

    return Series(Day(first), cut(series.n), cut(series.f), cut(series.a), cut(series.d), series.since)


def windows(values: Floats, rows: NDArray[np.int64]) -> Floats:
    """Return ``values[rows]``, (windows, days, 32); nothing is copied where there is nothing but zeros (no answers)."""
    return values[rows] if values.any() else np.broadcast_to(np.zeros(1), (*rows.shape, values.shape[-1]))
