"""Intervals that stand beside a number: of a share, of a mean, and of one person's score.

Intervals of scopes, whose units depend on each other, are in ``models.scoring.spread``.
"""

from collections.abc import Sequence
from math import ceil, sqrt
from typing import NamedTuple

from scipy.special import stdtrit

Z95 = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""

ANSWERS_NEEDED = 100
"""Below this many answers a person's interval is "not calibrated"."""
ANSWERS_KEPT = 1000
"""How many of the latest answers a person's interval looks back on."""
COVERAGE = 90
"""Per cent of answers that fall within a person's interval."""


class Interval(NamedTuple):
    """From ``low`` to ``high``, both included."""

    low: float
    high: float


def wilson(successes: int, n: int, z: float = Z95) -> Interval:
    """Return the Wilson score interval of a share, 0 to 1; of nothing, everything is possible.

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).

    >>> [round(bound, 2) for bound in wilson(8, 10)]
    [0.49, 0.94]
    """
    if n <= 0:
        return Interval(0.0, 1.0)
    share, spread = successes / n, z * z / n
    middle = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / n + spread / (4 * n)) / (1 + spread)
    return Interval(max(0.0, middle - half), min(1.0, middle + half))


def of_mean(mean: float, variance: float, n: int) -> Interval | None:
    """Return Student's 95 % interval of a mean of ``n`` values of sample ``variance``; ``None`` under two values.

    Source: Student, "The probable error of a mean", Biometrika 6 (1908).

    >>> [round(bound, 2) for bound in of_mean(5.0, 2.0, 8)]
    [3.82, 6.18]
    """
    if n < 2:
        return None
    half = float(stdtrit(n - 1, 0.975)) * sqrt(variance / n)
    return Interval(mean - half, mean + half)


def person(score: int, errors: Sequence[int]) -> tuple[int, int] | None:
    """Return where 90 % of such customers' own answers fall, in hundredths; ``None`` is "not calibrated".

    ``errors`` are said − inferred of past answers, oldest first; the last thousand count, a hundred are needed. The
    half-width is the ⌈0.9 (n + 1)⌉-th smallest |error|, which covers at least 90 % when the next answer is like the
    past ones. Source: Vovk, Gammerman & Shafer, Algorithmic Learning in a Random World (2005), split conformal.

    >>> person(4000, [100] * 95 + [-2500] * 25)
    (1500, 6500)
    >>> person(4000, [100] * 99) is None
    True
    """
    kept = sorted(abs(error) for error in errors[-ANSWERS_KEPT:])
    if len(kept) < ANSWERS_NEEDED:
        return None
    half = kept[min(len(kept), ceil(COVERAGE * (len(kept) + 1) / 100)) - 1]
    return max(0, score - half), min(10_000, score + half)
