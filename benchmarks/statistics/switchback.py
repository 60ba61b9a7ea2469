"""Switchback: periods that resemble their neighbours, treated in an order that a coin decides in each block of two."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.statistics.looking import (
    LOOKS,
    always_valid_rejects,
    autoregressive,
    ever,
    fixed_rejects,
    spending_rejects,
)
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.designs.switchback import carry_over, schedule_p
from experiments.estimators import Estimate
from experiments.estimators.block_differences import MIN_BLOCKS, block_differences
from experiments.power import shift_needed

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

CONTACTS = 300
"""Contacts in a period."""
CONTACT_SPREAD = 30.0
"""Points by which contacts differ."""
PERIOD_SPREAD = 8.0
"""Points by which whole periods differ: outages, staffing, weather."""


@dataclass(frozen=True, slots=True)
class Periods:
    """200 blocks of two periods; ``memory`` is how much a period resembles the one before it."""

    memory: float

    @property
    def name(self) -> str:
        """The design's name in the table."""
        return f"switchback, memory {self.memory:g}"

    def draw(
        self, rng: np.random.Generator, runs: int, carried: float = 0.0, effect: float = 0.0
    ) -> tuple[Floats, Bools]:
        """Return (values (runs, 2 · blocks), whether each block is treated first (runs, blocks))."""
        first = rng.random((runs, LOOKS)) < 0.5
        treated = np.stack([first, ~first], axis=2).reshape(runs, 2 * LOOKS)
        values = PERIOD_SPREAD * autoregressive(rng, treated.shape, self.memory)
        values += CONTACT_SPREAD / math.sqrt(CONTACTS) * rng.standard_normal(treated.shape) + effect * treated
        values[:, 1:] += carried * treated[:, :-1]
        return values, first


def sides(values: Floats, first: Bools) -> tuple[Floats, Floats]:
    """Return each block's (control, treatment), shapes (runs, blocks)."""
    early, late = values[:, ::2], values[:, 1::2]
    return np.where(first, late, early), np.where(first, early, late)


def running(differences: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (mean, V, df) of the differences up to each block from the tenth on, checked against the library."""
    n = np.arange(1, differences.shape[1] + 1)
    mean = differences.cumsum(axis=1) / n
    squares = (differences**2).cumsum(axis=1) - n * mean**2
    v = squares / np.maximum(n - 1, 1) / n
    one = block_differences(np.zeros(LOOKS), differences[0])
    if not isinstance(one, Estimate) or not math.isclose(one.variance, v[0, -1], rel_tol=1e-9):
        raise AssertionError(one)
    late = slice(MIN_BLOCKS - 1, None)
    return mean[:, late], v[:, late], np.broadcast_to(n[late] - 1.0, mean[:, late].shape)


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of this design."""
    for memory in (0.0, 0.5, 0.9):
        periods = Periods(memory)
        yield from _nothing_there(rng, periods, runs)
    yield from _carry_over(rng, Periods(0.5), runs)
    yield from _power(rng, Periods(0.5), runs)


def _nothing_there(rng: np.random.Generator, periods: Periods, runs: int) -> Iterator[Measured]:
    values, first = periods.draw(rng, runs)
    control, treatment = sides(values, first)
    counted = math.sqrt(2.0 * CONTACT_SPREAD**2 / (LOOKS * CONTACTS))
    naive = np.abs((treatment - control).mean(axis=1)) / counted > stats.norm.isf(0.025)
    yield share(periods.name, "contacts counted as if independent, one test", naive, Promise(stated="37–68"))
    d, v, df = running(treatment - control)
    tau = (shift_needed(0.8, "fixed") * float(np.sqrt(v[:, -1].mean()))) ** 2
    alarms = ever(always_valid_rejects(d, v, tau, df))
    yield share(periods.name, "always-valid interval after each block, nothing there", alarms, FALSE_ALARM)
    information = np.arange(MIN_BLOCKS, LOOKS + 1) / LOOKS
    spent = ever(spending_rejects(d, v, information, df))
    yield share(periods.name, "planned spending after each block, nothing there", spent, FALSE_ALARM)
    rejects = fixed_rejects(d[:, -1], v[:, -1], df[:, -1])
    yield share(periods.name, "one planned test on blocks, nothing there", rejects, FALSE_ALARM)
    p = np.array([schedule_p(row, "benchmark") for row in treatment - control])
    yield share(periods.name, "p among schedules ≤ 5 %, nothing there", p <= 0.05, Promise(most=5.0, stated="3.5–5.8"))


def _carry_over(rng: np.random.Generator, periods: Periods, runs: int) -> Iterator[Measured]:
    few = max(100, runs // 6)
    for carried, promise, words in (
        (0.0, FALSE_ALARM, "carry-over suspected where there is none"),
        (5.0, Promise(), "carry-over as large as the effect found"),
    ):
        values, first = periods.draw(rng, few, carried, effect=5.0)
        control, treatment = sides(values, first)
        changed = first[:, 1:] != ~first[:, :-1]
        blocks = (treatment - control)[:, 1:]
        failed = [carry_over(d, c, "benchmark").failed for d, c in zip(blocks, changed, strict=True)]
        yield share(periods.name, words, np.array(failed), promise)


def _power(rng: np.random.Generator, periods: Periods, runs: int) -> Iterator[Measured]:
    values, first = periods.draw(rng, runs)
    control, treatment = sides(values, first)
    d, v, df = running(treatment - control)
    end = float(np.sqrt(v[:, -1].mean()))
    effect = shift_needed(0.8, "fixed", LOOKS - 1.0) * end
    yield share(periods.name, "power of one planned test", fixed_rejects(d[:, -1] + effect, v[:, -1], df[:, -1]))
    found = ever(always_valid_rejects(d + effect, v, effect**2, df))
    yield share(periods.name, "power of the always-valid interval", found)
    information = np.arange(MIN_BLOCKS, LOOKS + 1) / LOOKS
    spent = ever(spending_rejects(d + effect, v, information, df))
    yield share(periods.name, "power of planned spending", spent)
