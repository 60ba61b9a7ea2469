"""A scope's own past as its target: the same weekdays' mean of the eight weeks before, with its own variance.

A source younger than eight weeks has no past and is not judged: volume that starts is not a gap.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.gaps.days import Day, date_of, weekday_of
from models.gaps.rules import GapRules
from models.gaps.series import Series, slice_days, windows
from models.gaps.variance import Window, prefixes

WEEK = 7


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a scope was like: a value per weekday (Monday first), and how sure that is.

    ``variance`` is that of the inferred mean, ``said_variance`` that of the mean corrected by answers; ``correction``
    is the mean of (inferred − said), ``None`` with fewer than 30 answers: then neither side of the comparison is
    corrected.
    """

    first: Day
    last: Day
    weekdays: tuple[float, ...]
    variance: float
    correction: float | None
    said_variance: float

    def targets(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the expected (inferred) value of ``count`` days from ``first``."""
        return np.take(np.asarray(self.weekdays), (np.arange(count) + weekday_of(first)) % WEEK)


def baseline_before(series: Series, day: int, rules: GapRules) -> Baseline | str:
    """Return the baseline of the eight weeks before ``day``, or in words why there is none."""
    found = baselines_before(series, [day], rules)[0]
    return _why_none(series, day, rules) if found is None else found


def baselines_before(series: Series, days: Sequence[int], rules: GapRules) -> list[Baseline | None]:
    """Return the baseline before each of ``days``, all fitted at once; ``None`` where there is too little past."""
    starts = np.array([day - rules.baseline for day in days if day - series.since >= rules.baseline], dtype=np.int64)
    if not len(starts):
        return [None] * len(days)
    past = slice_days(series, int(starts.min()), int(starts.max()) + rules.baseline - 1)
    rows = (starts - starts.min())[:, None] + np.arange(rules.baseline)
    units = past.n.sum(1)[rows]
    enough = (np.count_nonzero(units, axis=1) >= rules.floor_days) & (units.sum(1) >= rules.floor_units)
    enough &= np.count_nonzero(past.n[rows].sum(1), axis=1) >= rules.floor_groups
    fitted = dict(zip((starts[enough] + rules.baseline).tolist(), _fit(past, rows[enough]), strict=True))
    return [fitted.get(day) for day in days]


def _why_none(series: Series, day: int, rules: GapRules) -> str:
    young = day - series.since
    if young < rules.baseline:
        return f"not judged against its past: {max(0, young)} of {rules.baseline} days since its first data"
    past = slice_days(series, day - rules.baseline, day - 1)
    has = {
        "days": (int(np.count_nonzero(past.n.sum(1))), rules.floor_days),
        "units": (int(past.n.sum()), rules.floor_units),
        "customer groups": (int(np.count_nonzero(past.n.sum(0))), rules.floor_groups),
    }
    lacking = next((f"{got} of {least} {what}" for what, (got, least) in has.items() if got < least), "nothing")
    return f"not judged against its past: {lacking} in the eight weeks before {date_of(day)}"


def _fit(series: Series, rows: NDArray[np.int64]) -> list[Baseline]:
    """Return the weekday means of each past, given as rows of days of ``series``, with their variances."""
    n, f, a, d = (windows(values, rows) for values in (series.n, series.f, series.a, series.d))
    weekdays = (rows + weekday_of(series.first)) % WEEK
    profiles = _weekday_means(n.sum(2), f.sum(2), weekdays)
    targets = np.take_along_axis(profiles, weekdays, axis=1)
    no, yes = np.zeros(len(rows), dtype=np.bool_), np.ones(len(rows), dtype=np.bool_)
    plain = prefixes(Window(n, f, a, d, targets, no, fitted=WEEK), only_whole=True)
    said = prefixes(Window(n, f, a, d, targets, yes, fitted=WEEK), only_whole=True) if a.any() else plain
    return [
        Baseline(
            first=Day(int(series.first + days[0])),
            last=Day(int(series.first + days[-1])),
            weekdays=tuple(profiles[i].tolist()),
            variance=float(plain.variance[i, 0]),
            correction=float(said.correction[i, 0]) if said.corrected[i, 0] else None,
            said_variance=float(said.variance[i, 0]),
        )
        for i, days in enumerate(rows)
    ]


def _weekday_means(n: NDArray[np.float64], f: NDArray[np.float64], weekdays: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean per weekday of each row; weekdays without data take the row's mean."""
    on = weekdays[..., None] == np.arange(WEEK)
    units, values = np.einsum("wd,wdk->wk", n, on), np.einsum("wd,wdk->wk", f, on)
    every = f.sum(1) / np.maximum(n.sum(1), 1.0)
    return np.asarray(np.where(units > 0, values / np.maximum(units, 1.0), every[:, None]), dtype=np.float64)
