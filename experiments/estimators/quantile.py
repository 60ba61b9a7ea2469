"""The difference of two quantiles, one value per unit: waits, durations, amounts."""

import math

from experiments.estimators.estimate import MIN_UNITS, Estimate, NoEstimate, no_variance, varies, welch_df
from experiments.moments import LogHistogram
from models.intervals import Z95

BEYOND = 10.0
"""Units that must lie beyond the quantile on either side: with fewer its order statistics say nothing of its spread."""


_ROUNDING = 1e-9


def _squared_error(arm: LogHistogram, share: float) -> float:
    """Return the squared standard error of the arm's quantile by Woodruff's interval.

    The interval of the *share* p ± z√(p(1−p)/n) is carried to the scale of the values; its half-width is z standard
    errors. No density has to be guessed. Source: Woodruff (1952), *JASA* 47(260).
    """
    spread = Z95 * math.sqrt(share * (1.0 - share) / arm.n)
    low, high = arm.quantiles([share - spread, share + spread])
    return ((high - low) / (2.0 * Z95)) ** 2


def quantile_difference(control: LogHistogram, treatment: LogHistogram, share: float = 0.5) -> Estimate | NoEstimate:
    """Return the ``share``-quantile of treatment − that of control.

    Units must be independent: one value each (a customer's own median or longest wait, not every wait). The error is
    asymptotic; so is the always-valid interval built on it. Measured coverage: docs/statistics.md.

    >>> from numpy import linspace
    >>> arm = LogHistogram.of(linspace(1.0, 100.0, 400))
    >>> quantile_difference(arm, arm, 0.9).value
    0.0
    """
    fewest = min(control.n, treatment.n)
    if not fewest:
        return NoEstimate("empty_arm", f"the {'treatment' if control.n else 'control'} arm has no mature unit")
    needed = max(MIN_UNITS, math.ceil(BEYOND / min(share, 1.0 - share) - _ROUNDING))
    if fewest < needed:
        return NoEstimate("early", f"the smaller arm has {fewest} mature units; this quantile needs {needed} per arm")
    c, t = (arm.quantile(share) or 0.0 for arm in (control, treatment))
    v_control, v_treatment = _squared_error(control, share), _squared_error(treatment, share)
    if not varies(v_control + v_treatment, c, t):
        return no_variance()
    df = welch_df(v_control, v_treatment, control.n, treatment.n)
    return Estimate(t - c, v_control + v_treatment, df, c, t, control.n, treatment.n)
