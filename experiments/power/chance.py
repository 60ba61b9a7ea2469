"""The chance to declare an effect that is there, and how many standard errors it must measure for that.

Closed forms; how large a standard error a plan has is in ``planned``.
"""

import math

from scipy.special import nctdtr, stdtrit

from experiments.sequential import student_of
from experiments.spending import Stopping, boundary
from experiments.spending import power as normal_power
from models.errors import InvalidInput

ENOUGH = 0.80

LEAST = 0.05
"""The false-alarm rate itself: no sample is needed for it."""

_FEW = 1_000.0
"""Degrees of freedom beyond which Student's t is the normal distribution for every purpose here."""


def power_of(shift: float, stopping: Stopping, df: float = math.inf, alpha: float = 0.05) -> float:
    """Return the chance to declare an effect of ``shift`` standard errors, V being known by ``df`` degrees of freedom.

    Fixed: both tails of the noncentral t, exactly. Spending: the closed form of ``spending.power`` at the shift that is
    as far from its Student boundary.

    >>> round(power_of(2.8016, "fixed"), 4), round(power_of(2.8016, "fixed", 10.0), 4)
    (0.8, 0.7144)
    """
    if df > _FEW:
        return normal_power(shift, stopping, alpha)
    if stopping == "fixed":
        critical = -float(stdtrit(df, alpha / 2.0))
        # nctdtr is the distribution's lower tail at a given noncentrality.
        return float(1.0 - nctdtr(df, shift, critical) + nctdtr(df, shift, -critical))
    last = boundary(1.0, alpha)
    return normal_power(shift * last / student_of(last, df), stopping, alpha)


def shift_needed(target: float, stopping: Stopping, df: float = math.inf, alpha: float = 0.05) -> float:
    """Return how many standard errors an effect must measure to be declared with probability ``target``.

    Bisection on the monotone ``power_of``; 60 halvings of [0, 40] are exact to 1e-16.

    >>> round(shift_needed(0.8, "fixed"), 4), round(shift_needed(0.8, "spending"), 4)
    (2.8016, 2.8807)
    """
    if not max(LEAST, alpha) < target < 1.0:
        raise InvalidInput(f"power: {target} lies outside {LEAST} to 1; ask for 0.8 or so")
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if power_of(middle, stopping, df, alpha) < target else (low, middle)
    return high


def target_power(guardrails: int, target: float = ENOUGH) -> float:
    """Return the power each of the metrics needs so that all together have ``target``: 1 − β/(G + 1).

    Guardrails are not α-corrected but β-corrected: a decision needs the success metric *and* every guardrail.
    Source: Schultzberg, Ankargren & Frånberg (2024), *Risk-aware product decisions in A/B tests with multiple
    metrics*, Spotify, arXiv:2402.11609.

    >>> round(target_power(3), 3)
    0.95
    """
    return 1.0 - (1.0 - target) / (guardrails + 1)
