"""Whole sites randomised: customers of a site resemble each other, and the site's own level stays."""

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
    figures_of,
    fixed_rejects,
    spending_rejects,
)
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.designs.cluster import assignment_p
from experiments.designs.rerandomisation import smallest_p
from experiments.estimators import Estimate
from experiments.estimators.cluster_means import cluster_means
from experiments.power import shift_needed

Floats = npt.NDArray[np.float64]

PER_LOOK = 5
"""Customers that each site gains between looks."""


@dataclass(frozen=True, slots=True)
class Sites:
    """How many sites, half of them treated, and the correlation ρ of two customers of one site (σ = 1)."""

    count: int
    correlation: float
    after: int = 130
    """Customers a site in the single test."""

    @property
    def name(self) -> str:
        """The design's name in the table."""
        return f"{self.count} sites, ρ = {self.correlation:g}"

    @property
    def treated(self) -> npt.NDArray[np.bool_]:
        """The second half; who is treated makes no difference to sites that are all drawn alike."""
        return np.arange(self.count) >= self.count // 2

    def levels(self, rng: np.random.Generator, runs: int) -> Floats:
        """Return what each site keeps, shape (runs, 1, sites)."""
        return math.sqrt(self.correlation) * rng.standard_normal((runs, 1, self.count))

    def paths(self, rng: np.random.Generator, runs: int) -> Floats:
        """Return the sites' means at each look, shape (runs, looks, sites)."""
        spread = math.sqrt((1.0 - self.correlation) / PER_LOOK)
        batches = spread * rng.standard_normal((runs, LOOKS, self.count))
        return self.levels(rng, runs) + batches.cumsum(axis=1) / np.arange(1, LOOKS + 1)[:, None]


def welch(values: Floats, treated: npt.NDArray[np.bool_]) -> tuple[Floats, Floats, Floats]:
    """Return (difference, V, df) of cluster means along the last axis, checked against the library on one of them."""
    sides = [values[..., ~treated], values[..., treated]]
    parts = [side.var(axis=-1, ddof=1) / side.shape[-1] for side in sides]
    v = parts[0] + parts[1]
    df = v**2 / sum(part**2 / (side.shape[-1] - 1) for part, side in zip(parts, sides, strict=True))
    d = sides[1].mean(axis=-1) - sides[0].mean(axis=-1)
    one = cluster_means(values.reshape(-1, values.shape[-1])[0], treated)
    if not isinstance(one, Estimate) or not np.allclose(
        (one.value, one.variance, one.df), (d.flat[0], v.flat[0], df.flat[0])
    ):
        raise AssertionError(one)
    return d, v, df


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of this design."""
    for sites in (Sites(10, 0.0), Sites(10, 0.05), Sites(20, 0.05), Sites(20, 0.2)):
        yield from _at_the_end(rng, sites, runs)
        yield from _looking(rng, sites, runs)
    yield from _adjusted(rng, Sites(20, 0.2), runs)
    least = 100.0 * smallest_p([3, 3])
    yield Measured("3 + 3 sites", "smallest p that any result can reach", least, 0.0, 1, 10.0, 10.0, "10")


def _at_the_end(rng: np.random.Generator, sites: Sites, runs: int) -> Iterator[Measured]:
    spread = math.sqrt((1.0 - sites.correlation) / sites.after)
    means = sites.levels(rng, runs)[:, 0] + spread * rng.standard_normal((runs, sites.count))
    d, v, df = welch(means, sites.treated)
    if math.isclose(sites.correlation, 0.05):
        naive = np.abs(d) / math.sqrt(4.0 / (sites.count * sites.after)) > stats.norm.isf(0.025)
        yield share(sites.name, "customers counted as if independent, one test", naive, Promise(stated="45–49"))
    rejects = fixed_rejects(d, v, df)
    yield share(sites.name, "Welch on site means, one test, nothing there", rejects, Promise(most=5.0, stated="3.6–5"))
    p = np.array([assignment_p(row, sites.treated, "benchmark") for row in means])
    yield share(sites.name, "p among assignments ≤ 5 %, nothing there", p <= 0.05, FALSE_ALARM)
    yield share(sites.name, "both, which a success needs", rejects & (p <= 0.05), FALSE_ALARM)


def _looking(rng: np.random.Generator, sites: Sites, runs: int) -> Iterator[Measured]:
    few = runs // 2
    d, v, df = welch(sites.paths(rng, few), sites.treated)
    end = float(np.sqrt(v[:, -1].mean()))
    shift = shift_needed(0.8, "fixed", sites.count - 2.0)
    tau = (shift * end) ** 2
    share_of_plan = np.arange(1, LOOKS + 1) / LOOKS
    naive = np.abs(d / np.sqrt(v)) > stats.norm.isf(0.025)
    yield share(sites.name, "naive test on site means at 200 looks, nothing there", ever(naive))
    rejects = ever(always_valid_rejects(d, v, tau, df))
    yield share(sites.name, "always-valid interval at 200 looks, nothing there", rejects, FALSE_ALARM)
    spent = ever(spending_rejects(d, v, share_of_plan, df))
    yield share(sites.name, "planned spending at 200 looks, nothing there", spent, FALSE_ALARM)
    there = d + shift * end
    yield share(sites.name, "power of one planned test", fixed_rejects(there[:, -1], v[:, -1], df[:, -1]))
    yield share(sites.name, "power of the always-valid interval", ever(always_valid_rejects(there, v, tau, df)))
    yield share(sites.name, "power of planned spending", ever(spending_rejects(there, v, share_of_plan, df)))


def _adjusted(rng: np.random.Generator, sites: Sites, runs: int) -> Iterator[Measured]:
    """Yield what taking out the sites' level before does."""
    spread = math.sqrt((1.0 - sites.correlation) / sites.after)
    levels = sites.levels(rng, runs)[:, 0]
    before, after = (levels + spread * rng.standard_normal(levels.shape) for _ in range(2))
    found = [cluster_means(y, sites.treated, x) for y, x in zip(after, before, strict=True)]
    d, v, df = figures_of([one for one in found if isinstance(one, Estimate)])
    yield share(
        sites.name, "adjusted by the level before, one test, nothing there", fixed_rejects(d, v, df), FALSE_ALARM
    )
    plain = welch(after, sites.treated)
    kept = 100.0 * float(np.mean(v) / np.mean(plain[1]))
    yield Measured(sites.name, "what the adjustment leaves of V", kept, 0.0, runs, None, 100.0)
