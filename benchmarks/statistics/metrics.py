"""Estimators of single metrics: how often the interval of one planned test covers the truth."""

import math
from collections.abc import Callable, Iterator

import numpy as np
import numpy.typing as npt

from benchmarks.statistics.looking import always_valid_rejects, ever, figures_of, fixed_rejects
from benchmarks.statistics.measured import FALSE_ALARM, Measured, Promise, share
from experiments.estimators import Estimate, NoEstimate, cuped, cuped_ratio, ratio_difference
from experiments.estimators.nps import nps_difference
from experiments.estimators.quantile import quantile_difference
from experiments.moments import Comoments, LogHistogram, Promoters

Floats = npt.NDArray[np.float64]

DESIGN = "metrics"
UNITS = 500
COVERS = Promise(least=93.5)
MOMENTS = 40


def _covers(found: list[Estimate | NoEstimate], truth: float) -> npt.NDArray[np.bool_]:
    d, v, df = figures_of([one for one in found if isinstance(one, Estimate)])
    return ~fixed_rejects(d - truth, v, df)


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of single metrics; 500 units an arm."""
    few = runs // 2
    for words, draw, truth in _estimators(rng):
        yield share(
            DESIGN, f"95 % interval covers the truth: {words}", _covers([draw() for _ in range(few)], truth), COVERS
        )
    yield from _quantile_looks(rng, max(100, runs // 10))


def _estimators(rng: np.random.Generator) -> list[tuple[str, Callable[[], Estimate | NoEstimate], float]]:
    def journeys(gain: float) -> Comoments:
        level, n = rng.normal(70.0, 15.0, UNITS), rng.poisson(2.0, UNITS)
        before = rng.poisson(1.5, UNITS)
        total = n * (level + gain) + np.sqrt(n) * rng.normal(0.0, 20.0, UNITS)
        past = before * level + np.sqrt(before) * rng.normal(0.0, 20.0, UNITS)
        return Comoments.of(np.column_stack([total, n, past, before]).astype(np.float64))

    def means(gain: float) -> Comoments:
        before = rng.gamma(2.0, 10.0, UNITS)
        return Comoments.of(np.column_stack([before + rng.normal(gain, 8.0, UNITS), before]))

    def answers(up: float) -> Promoters:
        counts = rng.multinomial(UNITS, [0.4 + up, 0.4 - up, 0.2])
        return Promoters(*(int(count) for count in counts))

    def waits(scale: float) -> LogHistogram:
        return LogHistogram.of(rng.lognormal(math.log(scale), 1.0, UNITS))

    ninth = math.exp(1.2815515655446004)
    return [
        ("ratio, delta method", lambda: ratio_difference(journeys(0.0), journeys(3.0)), 3.0),
        ("ratio adjusted by the time before", lambda: cuped_ratio(journeys(0.0), journeys(3.0)), 3.0),
        ("mean adjusted by the time before", lambda: cuped(means(0.0), means(2.0)), 2.0),
        ("NPS", lambda: nps_difference(answers(0.0), answers(0.05)), 5.0),
        ("median wait", lambda: quantile_difference(waits(60.0), waits(50.0)), -10.0),
        ("wait of the ninth in ten", lambda: quantile_difference(waits(60.0), waits(50.0), 0.9), -10.0 * ninth),
    ]


def _quantile_looks(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield looks at the 90 % quantile of waits as units come, 100 an arm between looks."""
    d, v = np.empty((runs, MOMENTS)), np.empty((runs, MOMENTS))
    for run in range(runs):
        arms = [LogHistogram(), LogHistogram()]
        for look in range(MOMENTS):
            arms = [arm.merge(LogHistogram.of(rng.lognormal(4.0, 1.0, 100))) for arm in arms]
            found = quantile_difference(arms[0], arms[1], 0.9)
            if not isinstance(found, Estimate):
                raise TypeError(found.reason)
            d[run, look], v[run, look] = found.value, found.variance
    tau = 7.85 * float(v[:, -1].mean())
    alarms = ever(always_valid_rejects(d, v, tau))
    yield share(DESIGN, f"90 % quantile, always-valid interval at {MOMENTS} looks, nothing there", alarms, FALSE_ALARM)
