"""Is there an effect worth having at all? The opposite question, asked properly: equivalence by two one-sided tests.

An interval wholly within ±δ rejects both "worse by δ or more" and "better by δ or more". Read from an always-valid
interval it may be asked at every look.

Source: Schuirmann (1987), *J. Pharmacokinetics and Biopharmaceutics* 15(6).
"""

import math
from dataclasses import dataclass

from scipy.special import stdtr

from experiments.estimators import Estimate
from experiments.sequential import e_above
from models.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Equivalence:
    """``p`` is for one planned look, ``e`` for any time: the weaker of the evidence against −δ and against +δ."""

    p: float
    e: float


def equivalence(found: Estimate, margin: float, tau: float) -> Equivalence:
    """Return how strongly the effect lies within ±``margin``; ``tau`` as for the always-valid interval.

    Raises ``InvalidInput`` unless the margin is above zero.

    >>> found = equivalence(Estimate(0.1, 0.04, 900.0, 50.0, 50.1, 500, 500), 1.0, 1.0)
    >>> round(found.p, 6), found.e > 20
    (4e-06, True)
    """
    if not (math.isfinite(margin) and margin > 0.0):
        raise InvalidInput(f"margin: {margin} is not above zero; give the smallest effect worth having")
    tails = [stdtr(found.df, -room / found.standard_error) for room in (margin + found.value, margin - found.value)]
    df = found.any_time_df
    evidence = [e_above(room, found.variance, tau, df) for room in (margin + found.value, margin - found.value)]
    return Equivalence(float(max(tails)), min(evidence))


def lies_within(low: float, high: float, margin: float) -> bool:
    """Return whether an interval proves that no effect is worth ``margin``, one way or the other.

    >>> lies_within(-0.5, 0.9, 1.0), lies_within(-1.5, 0.9, 1.0)
    (True, False)
    """
    return -margin < low and high < margin
