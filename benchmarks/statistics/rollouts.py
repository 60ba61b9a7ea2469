"""A roll-out in waves: sites with levels of their own, a shared course, and weeks that resemble the weeks before."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import stats

from benchmarks.statistics.looking import LOOKS, always_valid_rejects, autoregressive, ever, fixed_rejects
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.designs.rollout import order_p, pre_trend
from experiments.estimators import Estimate
from experiments.estimators.stacked import Waves, effect_weights, stacked_difference
from experiments.power import shift_needed

Floats = npt.NDArray[np.float64]

PAST = 20
SITE, SHARED, OWN, NOISE = 5.0, 3.0, 3.0, 2.0
"""Points by which sites differ for good; by which all sites' periods, one site's periods, and single readings do."""


@dataclass(frozen=True, slots=True)
class Plan:
    """``clusters`` in ``waves`` of one size, 200 periods from the first wave's start to the last's."""

    clusters: int
    waves: int
    memory: float

    @property
    def name(self) -> str:
        """The design's name in the table."""
        return f"roll-out, {self.clusters} sites in {self.waves} waves, memory {self.memory:g}"

    @property
    def plan(self) -> Waves:
        """The waves as the library takes them."""
        starts = tuple(PAST + round(LOOKS * wave / (self.waves - 1)) for wave in range(self.waves))
        return Waves((self.clusters // self.waves,) * self.waves, starts, PAST)

    def panel(self, rng: np.random.Generator) -> Floats:
        """Return one past and experiment in which nothing happens, shape (clusters, periods)."""
        shape = (self.clusters, PAST + LOOKS)
        own = SITE * rng.standard_normal((self.clusters, 1)) + OWN * autoregressive(rng, shape, self.memory)
        return own + SHARED * autoregressive(rng, shape[1:], 0.9) + NOISE * rng.standard_normal(shape)


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of this design."""
    for plan in (Plan(12, 4, 0.6), Plan(24, 6, 0.0), Plan(24, 6, 0.6), Plan(24, 6, 0.9)):
        yield from _nothing_there(rng, plan, runs)


def _nothing_there(rng: np.random.Generator, plan: Plan, runs: int) -> Iterator[Measured]:
    panels = [plan.panel(rng) for _ in range(runs)]
    ends = [_estimate(plan, panel, PAST + LOOKS) for panel in panels]
    d, v, df = (np.array([getattr(one, name) for one in ends]) for name in ("value", "variance", "df"))
    naive = np.array([_naive(plan, panel) for panel in panels])
    yield share(plan.name, "site periods counted as if independent, treated against not", naive)
    rejects = fixed_rejects(d, v, df)
    yield share(plan.name, "stacked differences, one test, nothing there", rejects, FALSE_ALARM)
    weights = effect_weights(plan.plan, PAST + LOOKS)
    assert weights is not None  # noqa: S101 - the plan has comparisons
    p = np.array([order_p(weights[plan.plan.labels], panel, "benchmark") for panel in panels])
    yield share(plan.name, "p among roll-outs ≤ 5 %, nothing there", p <= 0.05, FALSE_ALARM)
    yield share(plan.name, "both, which a success needs", rejects & (p <= 0.05), FALSE_ALARM)
    suspected = np.array([pre_trend(panel, plan.plan, "benchmark").failed for panel in panels])
    yield share(plan.name, "pre-trend suspected where there is none", suspected, FALSE_ALARM)
    yield from _looking(plan, panels[: max(60, runs // 4)], float(np.sqrt(v.mean())))


def _estimate(plan: Plan, panel: Floats, columns: int) -> Estimate:
    found = stacked_difference(panel[:, :columns], np.arange(plan.clusters), plan.plan)
    if not isinstance(found, Estimate):
        raise TypeError(found.reason)
    return found


def _naive(plan: Plan, panel: Floats) -> bool:
    """Return whether Welch's test on all treated against all untreated site periods of the experiment rejects."""
    waves = plan.plan
    treated = np.arange(panel.shape[1]) >= np.repeat(waves.starts, waves.sizes)[:, None]
    late = np.arange(panel.shape[1]) >= PAST
    return bool(stats.ttest_ind(panel[treated], panel[~treated & late], equal_var=False).pvalue < 0.05)


def _looking(plan: Plan, panels: list[Floats], end: float) -> Iterator[Measured]:
    """Yield the 200 looks, one after each period; and the power of such looks for what the end finds with 80 %."""
    effect = shift_needed(0.8, "fixed", float(plan.clusters - plan.waves)) * end
    looks = [[_estimate(plan, panel, PAST + look) for look in range(1, LOOKS + 1)] for panel in panels]
    d, v, df = (
        np.array([[getattr(one, name) for one in row] for row in looks]) for name in ("value", "variance", "df")
    )
    alarms = ever(always_valid_rejects(d, v, effect**2, df))
    yield share(plan.name, "always-valid interval after each period, nothing there", alarms, FALSE_ALARM)
    found = ever(always_valid_rejects(d + effect, v, effect**2, df))
    yield share(plan.name, "power of the always-valid interval", found)
    at_end = fixed_rejects(d[:, -1] + effect, v[:, -1], df[:, -1])
    yield share(plan.name, "power of one planned test", at_end, Promise())
