"""One series judged day by day against what was aimed at: shortfall, variance and evidence as they stood each evening.

Evidence is gathered in periods of 42 days, three abreast, and starts afresh with each; what was aimed at is a
target's path or a baseline. Turning these arrays into gaps is for ``detector``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from models.cells import MIN_ANSWERS
from models.gaps.days import Day
from models.gaps.evidence import ln_e_plus
from models.gaps.own_past import Baseline, baselines_before
from models.gaps.rules import GapRules
from models.gaps.series import Series, slice_days, windows
from models.gaps.variance import WEAK_R, Prefixes, Window, prefixes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MIN_DAYS = 3
"""Days with data before a variance between days means anything at all."""

Path = Callable[[int, int], Floats]
"""A target's value on ``count`` days from a first day, oriented like the series; NaN where it does not apply."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Arrays by day from ``first``; ``shortfall`` is target − value, positive when the metric is short.

    ``enough`` marks days past the floor; ``ln_e`` speaks for a shortfall and is −∞ before that;
    ``ln_closing`` speaks against a shortfall of δ or more. ``period`` is the first day of the period of evidence.
    """

    first: Day
    period: NDArray[np.int64]
    units: Floats
    days: Floats
    groups: Floats
    answers: Floats
    target: Floats
    shortfall: Floats
    variance: Floats
    r: Floats
    enough: Bools
    ln_e: Floats
    ln_closing: Floats

    @property
    def z(self) -> Floats:
        """The shortfall in standard errors; NaN while there is none."""
        return np.asarray(self.shortfall / np.sqrt(self.variance), dtype=np.float64)

    @property
    def weak(self) -> Bools:
        """Whether days depend on each other too much for the stated error."""
        return np.asarray(self.r > WEAK_R, dtype=np.bool_)

    def row(self, day: int) -> int | None:
        """Return the index of ``day``, or ``None`` when it was not judged."""
        index = day - self.first
        return index if 0 <= index < len(self.units) else None


@dataclass(frozen=True, slots=True)
class _Aims:
    """What each period aims at: (periods, days) targets, and per period the baseline's correction and variances."""

    target: Floats
    correction: Floats
    may_correct: Bools
    variance: Floats
    said_variance: Floats


def judge(series: Series, aim: Path | Baseline | None, span: tuple[int, int], rules: GapRules, delta: float) -> Judged:
    """Judge the days of ``span`` (both included), one period of evidence after the other from its first day.

    ``aim`` is a target's path, one fixed baseline, or ``None``: each period's own eight weeks before.
    """
    first, last = span
    starts = list(range(first, last + 1, rules.restart))
    return _laid_out(_periods(series, aim, starts, (rules, delta)), slice(None), last)


def judge_abreast(
    series: Series, aim: Path | Baseline | None, span: tuple[int, int], rules: GapRules, delta: float
) -> list[Judged]:
    """Judge the same with a period of evidence beginning every 14 days, as many abreast as a period holds: three.

    Each still lasts 42 days. One alone would see a slump that begins late in a period only diluted, or, when it
    straddles two, against a past that already holds it. How they are read together is in ``together``.
    """
    first, last = span
    starts = list(range(first, last + 1, rules.stagger))
    every = _periods(series, aim, starts, (rules, delta))
    abreast = rules.abreast
    return [_laid_out(every, slice(lane, None, abreast), last) for lane in range(min(abreast, len(starts)))]


def together(lanes: Sequence[Floats], abreast: int) -> Floats:
    """Return ln of the mean e of ``abreast`` periods side by side, elementwise; those not begun count as 0.

    An e-detector (Shin, Ramdas & Rinaldo 2023): each new period adds at most 1 to the expected sum, so the mean
    reaches 1/α no more often than once in 42/α days on average: "5 % per six weeks", as for one period after the
    other.

    >>> together([np.log([60.0]), np.log([30.0])], 3).round(3) == np.log([30.0]).round(3)
    array([ True])
    """
    return np.asarray(logsumexp(np.stack(lanes), axis=0) - np.log(abreast), dtype=np.float64)


def _periods(series: Series, aim: Path | Baseline | None, starts: Sequence[int], by: tuple[GapRules, float]) -> Judged:
    """Return what each period from ``starts`` says on each of its days: a ``Judged`` of (periods, days) arrays."""
    rules, length = by[0], by[0].restart
    aims = _aims(series, aim, starts, rules)
    first = starts[0] if starts else 0
    cut = slice_days(series, first, starts[-1] + length - 1 if starts else first)
    rows = (np.asarray(starts, dtype=np.int64) - first)[:, None] + np.arange(length)
    n, f, a, d = (windows(values, rows) for values in (cut.n, cut.f, cut.a, cut.d))
    judged = np.isfinite(aims.target)[..., None]
    if not judged.all():
        n, f, a, d = (np.where(judged, values, 0.0) for values in (n, f, a, d))
    window = Window(n, f, a, d, target=np.nan_to_num(aims.target), may_correct=aims.may_correct)
    return _judged(starts, prefixes(window), aims, by)


def _laid_out(every: Judged, lane: slice, last: int) -> Judged:
    """Return the periods of one lane, which follow each other, as one row of days up to ``last``."""
    period = every.period[lane]
    first = int(period[0, 0]) if len(period) else last + 1
    count = max(0, last - first + 1)
    flat = {
        field.name: getattr(every, field.name)[lane].reshape(-1)[:count]
        for field in fields(Judged)
        if field.name != "first"
    }
    return Judged(first=Day(first), **flat)


def _aims(series: Series, aim: Path | Baseline | None, starts: Sequence[int], rules: GapRules) -> _Aims:
    count, length = len(starts), rules.restart
    zeros, yes = np.zeros(count), np.ones(count, dtype=np.bool_)
    if callable(aim):
        target = np.array([aim(start, length) for start in starts]).reshape(count, length)
        return _Aims(target, zeros, yes, zeros, zeros)
    past = [aim] * count if aim is not None else baselines_before(series, starts, rules)
    rows = [b.targets(s, length) if b else np.full(length, np.nan) for b, s in zip(past, starts, strict=True)]
    return _Aims(
        np.array(rows).reshape(count, length),
        np.array([(b.correction or 0.0) if b else 0.0 for b in past]),
        np.array([b is not None and b.correction is not None for b in past], dtype=np.bool_),
        np.array([b.variance if b else 0.0 for b in past]),
        np.array([b.said_variance if b else 0.0 for b in past]),
    )


def _judged(starts: Sequence[int], stats: Prefixes, aims: _Aims, by: tuple[GapRules, float]) -> Judged:
    rules, delta = by
    corrected = stats.corrected
    back = np.where(corrected, aims.correction[:, None], 0.0)
    extra = np.where(corrected, aims.said_variance[:, None], aims.variance[:, None])
    known = (stats.days >= MIN_DAYS) & np.isfinite(stats.variance)
    variance = np.where(known, stats.variance + extra, np.nan)
    shortfall = stats.shortfall - back
    enough = (
        known
        & (stats.days >= rules.floor_days)
        & (stats.units >= rules.floor_units)
        & (stats.groups >= rules.floor_groups)
    )
    return Judged(
        first=Day(starts[0] if starts else 0),
        period=np.repeat(np.asarray(starts, dtype=np.int64)[:, None], stats.units.shape[1], axis=1),
        units=stats.units,
        days=stats.days,
        groups=stats.groups,
        answers=stats.answers,
        target=stats.target - back,
        shortfall=shortfall,
        variance=variance,
        r=stats.r,
        enough=enough,
        ln_e=np.where(enough, ln_e_plus(shortfall, variance, delta**2), -np.inf),
        ln_closing=np.where(enough, ln_e_plus(delta - shortfall, variance, delta**2), -np.inf),
    )


def trailing_shortfall(series: Series, aim: Path | Baseline, span: tuple[int, int], days: int) -> Floats:
    """Return, for each day of ``span``, the shortfall of the last ``days`` days; NaN where they hold no data."""
    first, last = span
    cut = slice_days(series, first - days + 1, last)
    count = last - first + days
    target = aim(cut.first, count) if callable(aim) else aim.targets(cut.first, count)
    usable = np.isfinite(target)
    n, f, a, d = (np.where(usable, v.sum(1), 0.0) for v in (cut.n, cut.f, cut.a, cut.d))
    short, units, said, off = (_rolling(v, days) for v in (np.nan_to_num(target) * n - f, n, a, d))
    base = 0.0 if callable(aim) else aim.correction
    may = (said >= MIN_ANSWERS) & (base is not None)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(short / units + np.where(may, off / said - (base or 0.0), 0.0), dtype=np.float64)


def _rolling(values: Floats, width: int) -> Floats:
    total = np.concatenate([[0.0], np.cumsum(values)])
    return np.asarray(total[width:] - total[:-width], dtype=np.float64)
