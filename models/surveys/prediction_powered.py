"""The mean over everyone, when only some answered: predictions for all, corrected by those who spoke."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import fmean, variance

from models.errors import Fault, InvalidInput
from models.intervals import Z95, Interval

LEAST = 2


@dataclass(frozen=True, slots=True)
class PredictionPowered:
    """The estimated ``value`` with its 95 % ``interval``, in the answers' unit.

    ``worth`` is how many plain answers would have told as much.
    """

    value: float
    interval: Interval
    n: int
    answered: int
    worth: float


def prediction_powered_mean(
    predicted: Sequence[float], answered: Sequence[tuple[float, float]], weights: Sequence[float] | None = None
) -> PredictionPowered:
    """Return mean(f over all N) − mean(f − Y over the n who answered), Var ≈ Var(f)/N + Var(f − Y)/n.

    ``predicted`` are f of everyone, ``answered`` the pairs (f, Y) of those who answered; ``weights`` are theirs when
    who answers depends on what is known (the inverse of each one's chance to answer). Raises ``InvalidInput`` under
    two of either. 70 answers of 1,000 at correlation 0.7 are worth about 128. Source: A. Angelopoulos et al.,
    "Prediction-powered inference", Science 382 (2023).

    >>> result = prediction_powered_mean([1.0, 2.0, 3.0, 4.0], [(1.0, 1.5), (4.0, 3.5), (2.0, 2.0)])
    >>> result.value, result.answered
    (2.5, 3)
    """
    if len(predicted) < LEAST or len(answered) < LEAST:
        fault = Fault("too_few", "answers", "two predictions and two answers are needed", "wait for more answers")
        raise InvalidInput(str(fault))
    gaps = [f - y for f, y in answered]
    correction, uncertain = _weighted(gaps, weights)
    spread = variance(predicted) / len(predicted) + uncertain
    value = fmean(predicted) - correction
    half = Z95 * sqrt(spread)
    plain = variance([y for _, y in answered])
    worth = plain / spread if spread else float(len(predicted))
    return PredictionPowered(value, Interval(value - half, value + half), len(predicted), len(answered), worth)


def _weighted(values: Sequence[float], weights: Sequence[float] | None) -> tuple[float, float]:
    """Return the weighted (Hájek) mean of ``values`` and its variance."""
    n = len(values)
    shares = [1.0] * n if weights is None else list(weights)
    if len(shares) != n or min(shares) <= 0:
        fault = Fault("bad_weights", "weights", "each answer needs a positive weight", "give 1 / chance to answer")
        raise InvalidInput(str(fault))
    whole = sum(shares)
    mean = sum(share * value for share, value in zip(shares, values, strict=True)) / whole
    square = sum((share * (value - mean)) ** 2 for share, value in zip(shares, values, strict=True))
    return mean, square / whole**2 * n / (n - 1)
