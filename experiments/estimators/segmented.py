"""Before and after one date, with nothing to compare with but the past: segmented regression on days."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from experiments.estimators.estimate import Estimate, NoEstimate, no_variance, varies
from experiments.estimators.newey_west import Line, autoregressive, lags_of, newey_west

Floats = npt.NDArray[np.float64]

WEEK = 7
LEAST_BEFORE = 28
"""Days before the date that a trend and weekdays can be told from."""
LEAST_AFTER = 14
"""Days after it before anybody looks."""
MOST_PLACEBOS = 60


@dataclass(frozen=True, slots=True, eq=False)
class Segments:
    """Effect, variance and degrees of freedom of one or many series (arrays of one shape)."""

    effect: Floats
    variance: Floats
    df: Floats


@lru_cache(maxsize=512)
def line_of(before: int, after: int) -> Line:
    """Return the mean effect over ``after`` days as a linear combination of least-squares coefficients.

    Regressors: level, trend, six weekdays, and from the date on a change of level and a change of slope; the effect is
    the change averaged over the days after, that is, against the trend drawn on.
    """
    days = before + after
    day = np.arange(days, dtype=np.float64)
    late = (day >= before).astype(np.float64)
    since = late * (day - before) / days
    weekdays = [(day % WEEK == w).astype(np.float64) - (day % WEEK == 0) for w in range(1, WEEK)]
    regressors = np.column_stack([np.ones(days), (day - before) / days, *weekdays, late, since])
    combination = np.zeros(regressors.shape[1])
    combination[-2:] = 1.0, (after - 1) / 2.0 / days
    return Line.of(regressors, combination)


def segments(series: Floats, before: int) -> Segments:
    """Return the effect of each series (…, days) whose first ``before`` days lie before the date.

    The variance is the larger of Newey–West's and the autoregressive one; degrees of freedom shrink with the memory,
    by (1 − ρ)/(1 + ρ), as the number of independent days does.
    """
    days = series.shape[-1]
    line = line_of(before, days - before)
    own, memory = autoregressive(line, series)
    variance = np.maximum(newey_west(line, series, lags_of(days)), own)
    df = np.maximum(line.df * (1.0 - memory) / (1.0 + memory), 2.0)
    return Segments(line.value(series), variance, df)


def segmented(series: Floats, before: int) -> Estimate | NoEstimate:
    """Return the mean change over the days after against the past's trend drawn on; ``series`` (days,) has no gaps.

    Never more than grade C: whatever else happened on that date is in it. Measured false alarms: docs/statistics.md.

    Source: Wagner, Soumerai, Zhang & Ross-Degnan (2002), *J. Clin. Pharm. Ther.* 27(4).

    >>> days = np.arange(112.0)
    >>> bumps = np.where(days % 3 == 0, 0.1, -0.05)
    >>> round(segmented(70.0 + bumps + 5.0 * (days >= 84), 84).value, 1)
    5.0
    """
    after = len(series) - before
    if before < LEAST_BEFORE or after < LEAST_AFTER:
        return NoEstimate("early", f"{before} days before and {after} after; at least {LEAST_BEFORE} and {LEAST_AFTER}")
    found = segments(series, before)
    effect, variance = float(found.effect), float(found.variance)
    if not varies(variance, float(np.abs(series).max())):
        return no_variance()
    late = float(series[before:].mean())
    return Estimate(effect, variance, float(found.df), late - effect, late, before, after, counted="days")


def placebos(series: Floats, after: int) -> Floats:
    """Return t = effect/SE at up to 60 dates in ``series`` (…, days), on none of which anything was changed.

    ``series`` holds the past only; each date has ``LEAST_BEFORE`` days before it at least, and ``after`` days after it.
    Shape (…, dates); no dates when the past is too short.
    """
    last = series.shape[-1] - after
    if last < LEAST_BEFORE:
        return np.empty((*series.shape[:-1], 0))
    count = min(MOST_PLACEBOS, last - LEAST_BEFORE + 1)
    dates = np.unique(np.linspace(LEAST_BEFORE, last, count).round().astype(int))
    return np.stack([_t_value(series[..., : date + after], int(date)) for date in dates], axis=-1)


def _t_value(series: Floats, before: int) -> Floats:
    """Return effect/SE of each series; 0 where nothing but rounding varies."""
    found = segments(series, before)
    rounding = (1e-13 * np.abs(series).max(axis=-1)) ** 2
    real = found.variance > rounding
    return np.where(real, found.effect / np.sqrt(np.where(real, found.variance, 1.0)), 0.0)
