"""How well the team foresees: what it expected against what was measured, over every experiment with a valid verdict.

Expectations are the frozen ones, so nobody can foresee afterwards. What the measured gains add up to is in ``gains``.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from scipy.special import stdtrit

from experiments.ledger import Experiment
from experiments.verdict import Kind
from models.identifiers import Millis

LEAST = 3
"""Experiments below which nothing is said of the team."""
SURE = 0.975


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One experiment's expectation and what came of it, good positive, in the metric's unit."""

    experiment: str
    title: str
    metric: str
    at: Millis
    expected: float
    measured: float
    standard_error: float
    low: float
    high: float

    @property
    def ratio(self) -> float:
        """What was measured, in shares of what was expected."""
        return self.measured / self.expected

    @property
    def inside(self) -> bool:
        """Whether the expectation lies in the verdict's interval."""
        return self.low <= self.expected <= self.high


@dataclass(frozen=True, slots=True)
class Calibration:
    """Of ``n`` experiments: the mean share of the expected effect that was measured, with its 95 % interval.

    ``inside`` of them had their expectation in the verdict's interval. ``spread`` is how much the true shares differ
    between experiments (a standard deviation). ``None`` of all below three experiments.
    """

    n: int
    inside: int
    share: float | None = None
    low: float | None = None
    high: float | None = None
    spread: float | None = None

    @property
    def sentence(self) -> str:
        """Return it as a sentence.

        >>> Calibration(12, 5, 0.43, 0.2, 0.66, 0.1).sentence
        'Over 12 experiments the team got 43 % of what it expected (20 to 66 %); the expectation lay in the interval \
5 times.'
        """
        if self.share is None or self.low is None or self.high is None:
            have = "experiment has" if self.n == 1 else "experiments have"
            return f"{self.n} {have} a valid verdict: {LEAST} are needed to say how well the team foresees."
        low, high = (f"{x:.0%}".replace("%", "").replace("-", "−") for x in (self.low, self.high))
        share = f"{self.share:.0%}".replace("%", " %").replace("-", "−")
        return (
            f"Over {self.n} experiments the team got {share} of what it expected ({low} to {high} %); "
            f"the expectation lay in the interval {self.inside} times."
        )


def foreseen(experiments: Iterable[Experiment]) -> Iterator[Foreseen]:
    """Yield every experiment that has a valid verdict with an estimate, the latest evaluated first."""
    known = [(each, found) for each in experiments if (found := _foreseen(each)) is not None]
    yield from (found for _, found in sorted(known, key=lambda each: (-each[1].at, each[1].experiment)))


def _foreseen(experiment: Experiment) -> Foreseen | None:
    verdict, conclusion, expected = experiment.verdict, experiment.conclusion, experiment.plan.expected
    if verdict is None or conclusion is None or expected is None or verdict.kind is Kind.INVALID:
        return None
    if verdict.low is None or verdict.high is None:
        return None
    return Foreseen(
        experiment=experiment.id,
        title=experiment.title,
        metric=expected.metric,
        at=verdict.at,
        expected=verdict.expected,
        measured=conclusion.estimate,
        standard_error=conclusion.standard_error,
        low=verdict.low,
        high=verdict.high,
    )


def calibration(known: Sequence[Foreseen]) -> Calibration:
    """Return how much of what it expected the team got: a random-effects mean of measured/expected.

    Between-experiment variance after DerSimonian & Laird (1986), *Controlled Clinical Trials* 7; interval after Hartung
    & Knapp (2001), *Statistics in Medicine* 20, with k − 1 degrees of freedom.

    >>> each = [Foreseen("e", "t", "m", Millis(0), 4.0, x, 0.4, x - 1, x + 1) for x in (1.0, 2.0, 3.0)]
    >>> found = calibration(each)
    >>> round(found.share, 3), found.inside
    (0.5, 1)
    """
    inside = sum(each.inside for each in known)
    if len(known) < LEAST:
        return Calibration(len(known), inside)
    ratios = [each.ratio for each in known]
    within = [(each.standard_error / each.expected) ** 2 for each in known]
    between = _between(ratios, within)
    weights = [1.0 / (v + between) for v in within]
    total = math.fsum(weights)
    mean = math.fsum(w * x for w, x in zip(weights, ratios, strict=True)) / total
    scatter = math.fsum(w * (x - mean) ** 2 for w, x in zip(weights, ratios, strict=True))
    half = float(stdtrit(len(known) - 1, SURE)) * math.sqrt(scatter / (len(known) - 1) / total)
    return Calibration(len(known), inside, mean, mean - half, mean + half, math.sqrt(between))


def _between(ratios: Sequence[float], within: Sequence[float]) -> float:
    """Return the variance of the true ratios between experiments (DerSimonian–Laird), not below zero."""
    weights = [1.0 / v for v in within]
    total, squares = math.fsum(weights), math.fsum(w * w for w in weights)
    mean = math.fsum(w * x for w, x in zip(weights, ratios, strict=True)) / total
    q = math.fsum(w * (x - mean) ** 2 for w, x in zip(weights, ratios, strict=True))
    return max(0.0, (q - (len(ratios) - 1)) / (total - squares / total))
