"""The sample ratio: how rarely a sound one is suspected, and how soon a broken one is found."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import betaln

from benchmarks.statistics.looking import LN_20, ever
from benchmarks.statistics.measured import Measured, Promise, share
from experiments.sample_ratio import CONCENTRATION, sample_ratio_e

DESIGN = "sample ratio"
EVERY, UNITS = 50, 10_000

Floats = npt.NDArray[np.float64]


def _paths(rng: np.random.Generator, runs: int, treated: float) -> tuple[Floats, Floats]:
    """Return (units of the treatment, units in all) at each look, shapes (runs, looks) and (looks,)."""
    n = np.arange(EVERY, UNITS + 1, EVERY, dtype=np.float64)
    return rng.binomial(EVERY, treated, (runs, len(n))).cumsum(axis=1).astype(np.float64), n


def _ln_e(first: Floats, n: Floats) -> Floats:
    half = CONCENTRATION / 2
    found = betaln(half + first, half + n - first) - betaln(half, half) + n * np.log(2.0)
    a, b = int(first[0, -1]), int(n[-1] - first[0, -1])
    if abs(np.log(sample_ratio_e([a, b], [1, 1])) - found[0, -1]) > 1e-8 * max(1.0, abs(found[0, -1])):
        raise AssertionError((a, b))
    return np.asarray(found)


def measure(rng: np.random.Generator, runs: int) -> Iterator[Measured]:
    """Yield the rows of the sample ratio."""
    first, n = _paths(rng, runs, 0.5)
    alarms = ever(_ln_e(first, n) >= LN_20)
    yield share(DESIGN, "a sound 50/50 suspected, 200 looks", alarms, Promise(most=5.0, stated="2.3"))
    chi2 = (2.0 * first - n) ** 2 / n > stats.chi2.isf(0.01, 1)
    yield share(DESIGN, "χ² at 1 % over the same looks", ever(chi2), Promise(stated="13"))
    first, n = _paths(rng, runs, 0.55)
    hit = _ln_e(first, n) >= LN_20
    yield share(DESIGN, "55/45 found within 10,000 units", ever(hit), Promise(least=99.0))
    when = n[hit.argmax(axis=1)][hit.any(axis=1)]
    # The error of a median: half the distance between the order statistics one standard error of rank away.
    spread = 0.5 / np.sqrt(len(when))
    error = float(np.quantile(when, 0.5 + spread) - np.quantile(when, 0.5 - spread)) / 2
    median = float(np.median(when))
    yield Measured(DESIGN, "median until 55/45 is found", median, error, runs, None, 1_300.0, "1,200", "units")
