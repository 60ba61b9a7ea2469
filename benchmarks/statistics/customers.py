"""Customers randomised one by one: 200 looks at arms that grow by 50 customers each between looks."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.statistics.looking import (
    LOOKS,
    always_valid_rejects,
    ever,
    fixed_rejects,
    harm_rejects,
    spending_rejects,
)
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.holm import holm_levels
from experiments.power import shift_needed

Floats = npt.NDArray[np.float64]

DESIGN = "customers"
PER_LOOK = 50
SHIFT = shift_needed(0.8, "fixed")
"""The expected effect, in standard errors at the end: what one planned test finds with a power of 80 %."""

SURE_TO_WIN = 0.95


@dataclass(frozen=True, slots=True)
class Looks:
    """Difference and its estimated squared error at each look, shape (runs, looks); σ = 1 in both arms."""

    difference: Floats
    variance: Floats
    end: float
    """The standard error at the planned end."""

    @property
    def information(self) -> Floats:
        """The share of the plan that each look has, above 1 beyond its end."""
        return np.arange(1, self.difference.shape[1] + 1) / LOOKS


def looks(rng: np.random.Generator, runs: int, effect: float, upto: int = LOOKS) -> Looks:
    """Return looks at two arms; ``effect`` in standard errors at the planned end."""
    end = math.sqrt(2.0 / (LOOKS * PER_LOOK))
    n = PER_LOOK * np.arange(1, upto + 1)
    means, spreads = [], []
    for shift in (0.0, effect * end):
        batch = rng.normal(shift, 1.0 / math.sqrt(PER_LOOK), (runs, upto))
        inside = rng.chisquare(PER_LOOK - 1, (runs, upto)).cumsum(axis=1)
        squares, mean = PER_LOOK * (batch**2).cumsum(axis=1), PER_LOOK * batch.cumsum(axis=1) / n
        means.append(mean)
        spreads.append((inside + squares - n * mean**2) / (n - 1) / n)
    return Looks(means[1] - means[0], spreads[0] + spreads[1], end)


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of this design."""
    yield from _false_alarms(rng, runs)
    yield from _power(rng, runs)
    yield from _running_on(rng, runs)
    yield from _decisions(rng, runs)
    yield from _several_results(rng, runs)


def _false_alarms(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    seen = looks(rng, runs, 0.0)
    z = seen.difference / np.sqrt(seen.variance)
    naive = np.abs(z) > stats.norm.isf(0.025)
    yield share(DESIGN, "naive test at 200 looks, nothing there", ever(naive), Promise(stated="41.8"))
    sure = np.abs(z) > stats.norm.ppf(SURE_TO_WIN)
    yield share(DESIGN, "“chance to win > 95 %” at 200 looks, nothing there", ever(sure), Promise(stated="64.9"))
    for factor in (0.5, 1.0, 2.0):
        tau = (factor * SHIFT * seen.end) ** 2
        expected = f"{factor:g} × the detectable effect expected"
        alarms = ever(always_valid_rejects(seen.difference, seen.variance, tau))
        promise = Promise(most=5.0, stated="1.0–2.9")
        yield share(DESIGN, f"always-valid interval at 200 looks, nothing there, {expected}", alarms, promise)
    spent = spending_rejects(seen.difference, seen.variance, seen.information)
    yield share(DESIGN, "planned spending at 200 looks, nothing there", ever(spent), Promise(most=5.0, stated="4.3"))
    at_end = fixed_rejects(seen.difference[:, -1], seen.variance[:, -1])
    yield share(DESIGN, "one planned test, nothing there", at_end, FALSE_ALARM)


def _power(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    seen = looks(rng, runs, SHIFT)
    tau, truth = (SHIFT * seen.end) ** 2, SHIFT * seen.end
    at_end = fixed_rejects(seen.difference[:, -1], seen.variance[:, -1])
    yield share(DESIGN, "power of one planned test (by construction)", at_end, Promise(79.0, 81.0, "80"))
    found = ever(always_valid_rejects(seen.difference, seen.variance, tau))
    yield share(DESIGN, "power of the always-valid interval", found, Promise(least=48.0, stated="52"))
    spent = ever(spending_rejects(seen.difference, seen.variance, seen.information))
    yield share(DESIGN, "power of planned spending", spent, Promise(least=75.0, stated="76"))
    missed = ever(always_valid_rejects(seen.difference - truth, seen.variance, tau))
    yield share(DESIGN, "always-valid interval covers the effect at all 200 looks", ~missed, Promise(least=95.0))
    covered = ~fixed_rejects(seen.difference[:, -1] - truth, seen.variance[:, -1])
    yield share(DESIGN, "interval of the planned test covers the effect", covered, Promise(94.0, 96.0))


def _running_on(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    seen = looks(rng, runs, 0.0, LOOKS * 3 // 2)
    beyond = spending_rejects(seen.difference, seen.variance, np.minimum(seen.information, 1.0))
    yield share(DESIGN, "planned spending run on to 1.5 × its end", ever(beyond), Promise(stated="7.8"))


def _decisions(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield guardrails and equivalence at their margins, where an error is likeliest."""
    seen = looks(rng, runs, -SHIFT)
    margin = SHIFT * seen.end
    harmed = ever(harm_rejects(-seen.difference - margin, seen.variance, margin**2))
    yield share(DESIGN, "guardrail exactly at its margin called harmed, 200 looks", harmed, FALSE_ALARM)
    safe = (seen.difference + margin)[:, -1] > stats.norm.isf(0.025) * np.sqrt(seen.variance[:, -1])
    yield share(DESIGN, "guardrail exactly at its margin called safe, at the end", safe, Promise(most=2.5))
    seen = looks(rng, runs, SHIFT)
    z2 = (seen.variance + margin**2) / margin**2 * (np.log1p(margin**2 / seen.variance) + 2 * math.log(20.0))
    half = np.sqrt(z2 * seen.variance)
    nothing = (seen.difference + half < margin) & (seen.difference - half > -margin)
    yield share(DESIGN, "effect exactly at δ called “no worthwhile effect”, 200 looks", ever(nothing), FALSE_ALARM)


def _several_results(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield Holm over three primary results that go together with a correlation of one half."""
    shared, own = rng.standard_normal((runs, 1)), rng.standard_normal((runs, 3))
    p = 2.0 * stats.norm.sf(np.abs(math.sqrt(0.5) * shared + math.sqrt(0.5) * own))
    levels = np.array([holm_levels(row) for row in p.tolist()])
    yield share(DESIGN, "any of 3 primary results declared by Holm, nothing there", ever(p <= levels), FALSE_ALARM)
    yield share(DESIGN, "the same without Holm", ever(p <= 0.05))
