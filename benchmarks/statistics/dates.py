"""Before and after a date: days that resemble the days before them, and nothing that happened on the date."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.statistics.looking import LOOKS, always_valid_rejects, autoregressive, ever, fixed_rejects
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.estimators.newey_west import lags_of, newey_west
from experiments.estimators.segmented import LEAST_AFTER, LEAST_BEFORE, line_of, placebos, segments

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

BEFORE, AFTER = 112, 28
SHORT_BY = 28
"""Days less in the row with a short past."""
MEMORIES = (0.0, 0.3, 0.6, 0.8, 0.9, 0.95)
LOOKED_AT = (0.0, 0.6, 0.9)

KEPT = 0.9
"""Up to this memory 5 % are kept; beyond, no regression on so few days knows how little it knows."""


@dataclass(frozen=True, slots=True)
class Days:
    """``BEFORE`` days and ``AFTER`` days after them; ``memory`` from one day to the next, σ = 1."""

    memory: float

    @property
    def name(self) -> str:
        """The design's name in the table."""
        return f"before/after, memory {self.memory:g}"


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of this design."""
    for memory in MEMORIES:
        yield from _at_the_end(rng, Days(memory), runs)
    for memory in LOOKED_AT:
        yield from _looking(rng, Days(memory), runs // 2)


def _backed(t: Floats, among: Floats) -> Bools:
    """Return whether the p-value among placebo dates is at most 5 %."""
    as_far = (np.abs(among) >= np.abs(t)[:, None]).sum(axis=1)
    return np.asarray((1 + as_far) / (1 + among.shape[1]) <= 0.05)


def _plain(series: Floats, before: int) -> tuple[Floats, Floats, int]:
    """Return (effect, V, df) with Newey–West's variance alone."""
    days = series.shape[1]
    line = line_of(before, days - before)
    return line.value(series), newey_west(line, series, lags_of(days)), line.df


def _plain_placebos(past: Floats) -> Floats:
    dates = range(LEAST_BEFORE, past.shape[1] - AFTER + 1)
    found = [_plain(past[:, : date + AFTER], date) for date in dates]
    return np.stack([d / np.sqrt(v) for d, v, _ in found], axis=1)


def _at_the_end(rng: np.random.Generator, days: Days, runs: int) -> Iterator[Measured]:
    series = autoregressive(rng, (runs, BEFORE + AFTER), days.memory)
    d, v, df = _plain(series, BEFORE)
    t = d / np.sqrt(v)
    plain = np.abs(t) > stats.t.isf(0.025, df)
    yield share(days.name, "Newey–West alone, one test", plain)
    both = plain & _backed(t, _plain_placebos(series[:, :BEFORE]))
    yield share(days.name, "Newey–West alone and placebo dates", both)
    if days.memory == MEMORIES[-1]:
        yield _with_a_short_past(days, series[:, SHORT_BY:])
    found = segments(series, BEFORE)
    rejects = fixed_rejects(found.effect, found.variance, found.df)
    yield share(days.name, "larger of Newey–West’s and the autoregressive V", rejects)
    t = found.effect / np.sqrt(found.variance)
    backed = rejects & _backed(t, placebos(series[:, :BEFORE], AFTER))
    promise = FALSE_ALARM if days.memory <= KEPT else Promise(most=10.0)
    yield share(days.name, "the same and placebo dates, which a success needs", backed, promise)


def _with_a_short_past(days: Days, series: Floats) -> Measured:
    before = BEFORE - SHORT_BY
    d, v, df = _plain(series, before)
    t = d / np.sqrt(v)
    both = (np.abs(t) > stats.t.isf(0.025, df)) & _backed(t, _plain_placebos(series[:, :before]))
    words = f"Newey–West alone and placebo dates, a past of {before} days"
    return share(days.name, words, both, Promise(stated="15–23"))


def _looking(rng: np.random.Generator, days: Days, runs: int) -> Iterator[Measured]:
    """Yield the looks on each of the 200 days after the first two weeks: for harm and "not yet", never for success."""
    series = autoregressive(rng, (runs, BEFORE + LEAST_AFTER + LOOKS), days.memory)
    found = [segments(series[:, : BEFORE + after], BEFORE) for after in range(LEAST_AFTER, LEAST_AFTER + LOOKS)]
    d, v, df = (np.stack([getattr(one, name) for one in found], axis=1) for name in ("effect", "variance", "df"))
    tau = 7.85 * float(v[:, AFTER - LEAST_AFTER].mean())
    alarms = ever(always_valid_rejects(d, v, tau, df))
    yield share(days.name, "always-valid interval on each of 200 days, nothing there", alarms, FALSE_ALARM)
    naive = np.abs(d / np.sqrt(v)) > stats.norm.isf(0.025)
    yield share(days.name, "naive test on each of 200 days, nothing there", ever(naive))
