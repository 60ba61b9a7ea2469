"""What the adopted actions add up to, shrunk: the largest of many estimates are large by luck as well.

Summed per metric and scope only; gains of different metrics are never added. The factor comes from *every* valid
experiment on the metric, adopted or not: computed from the winners alone it would miss what selecting them did.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.calibration import Foreseen, foreseen
from experiments.ledger import Experiment
from models.intervals import Z95

LEAST = 3
"""Estimates below which shrinking towards zero is no better than not shrinking."""


@dataclass(frozen=True, slots=True)
class Gains:
    """The adopted gains of one metric in one scope: as measured, and shrunk by ``factor`` (1: too few to shrink).

    ``low``/``high`` bound the shrunken sum at 95 %, with variance factor · Σv as an empirical Bayes estimate has it.
    """

    metric: str
    scope: str
    experiments: int
    adopted: int
    measured: float
    factor: float
    shrunken: float
    low: float
    high: float

    @property
    def sentence(self) -> str:
        """Return it as a sentence."""
        said = f"{self.adopted} adopted of {self.experiments} evaluated: {self.measured:+.1f} as measured"
        if self.factor == 1.0 and self.experiments < LEAST:
            shrunk = f"too few to shrink ({LEAST} are needed)"
        else:
            shrunk = f"{self.shrunken:+.1f} once shrunk ({self.low:+.1f} to {self.high:+.1f})"
        return f"{said}, {shrunk}".replace("-", "−")


def shrinkage(values: Sequence[float], variances: Sequence[float]) -> float:
    """Return the positive-part James–Stein factor (1 − (k − 2) / Σ x²/v)₊, 1 below three estimates.

    Of independent x_i with known variances v_i, shrinking all by it towards zero has a smaller expected loss Σ(θ̂−θ)²/v
    than the x_i themselves, whatever the truth. Sources: James & Stein (1961), *Fourth Berkeley Symposium* 1;
    positive part: Baranchik (1964), Efron & Morris (1973), *JASA* 68.

    >>> shrinkage([3.0, 1.0, 2.0], [1.0, 1.0, 1.0]), shrinkage([0.1, 0.1, 0.1], [1.0] * 3), shrinkage([5.0], [1.0])
    (0.9285714285714286, 0.0, 1.0)
    """
    if len(values) < LEAST:
        return 1.0
    distance = math.fsum(x * x / v for x, v in zip(values, variances, strict=True))
    return max(0.0, 1.0 - (len(values) - 2) / distance) if distance > 0.0 else 0.0


def gains(experiments: Iterable[Experiment]) -> list[Gains]:
    """Return the adopted gains per metric and scope, in order of name."""
    known = {experiment.id: experiment for experiment in experiments}
    groups: dict[tuple[str, str], list[Foreseen]] = defaultdict(list)
    for each in foreseen(known.values()):
        expected = known[each.experiment].plan.expected
        groups[each.metric, expected.scope if expected is not None else ""].append(each)
    return [_gains(which, own, known) for which, own in sorted(groups.items())]


def _gains(which: tuple[str, str], own: Sequence[Foreseen], known: dict[str, Experiment]) -> Gains:
    factor = shrinkage([each.measured for each in own], [each.standard_error**2 for each in own])
    adopted = [each for each in own if known[each.experiment].adopted]
    measured = math.fsum(each.measured for each in adopted)
    error = math.sqrt(math.fsum(each.standard_error**2 for each in adopted))
    half = Z95 * error * math.sqrt(factor)
    shrunken = factor * measured
    return Gains(*which, len(own), len(adopted), measured, factor, shrunken, shrunken - half, shrunken + half)
