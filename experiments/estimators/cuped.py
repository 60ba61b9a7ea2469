"""CUPED: the noise each customer carried already before the experiment is taken out of its outcome."""

from dataclasses import replace

from experiments.estimators.estimate import Estimate, NoEstimate
from experiments.estimators.mean_difference import mean_difference
from experiments.moments import Comoments, Variance

LEAST_LEFT = 1e-9
"""When less of the variance than this is left, what is left is rounding: the plain difference is honest."""


def slope(control: Comoments, treatment: Comoments, outcome: int = 0, before: int = 1) -> float | None:
    """Return θ = Cov(outcome, before)/Var(before), pooled within the arms; ``None`` when before never varied.

    >>> arm = Comoments.of([[2.0, 1.0], [4.0, 2.0], [6.0, 3.0]])
    >>> slope(arm, arm)
    2.0
    """
    spread = float(control.products[before, before] + treatment.products[before, before])
    if not spread > 0.0:
        return None
    return float(control.products[outcome, before] + treatment.products[outcome, before]) / spread


def _adjusted(arm: Comoments, theta: float, centre: float, outcome: int, before: int) -> Variance:
    """Return the moments of outcome − θ·(before − centre) over the arm's units."""
    products = arm.products
    m2 = products[outcome, outcome] - 2 * theta * products[outcome, before] + theta**2 * products[before, before]
    mean = arm.means[outcome] - theta * (arm.means[before] - centre)
    return Variance(arm.n, float(mean), max(float(m2), 0.0))


def cuped(control: Comoments, treatment: Comoments, outcome: int = 0, before: int = 1) -> Estimate | NoEstimate:
    """Return the difference of means of outcome − θ·(before − its mean over both arms).

    Columns: the unit's outcome in its window, and the same measure in its frozen period before exposure, which
    the action cannot have touched. Unbiased whatever θ; variance falls by about the squared correlation.
    Falls back to the plain difference when the pre-period never varied, or predicts the outcome perfectly.

    Source: Deng, Xu, Kohavi & Walker (2013), *Improving the sensitivity of online controlled experiments by utilizing
    pre-experiment data*, WSDM.

    >>> from numpy import arange, column_stack
    >>> x = arange(40.0)
    >>> arm = Comoments.of(column_stack([x + (-1.0) ** x, x]))
    >>> cuped(arm, arm).variance < mean_difference(arm.column(0), arm.column(0)).variance / 100
    True
    """
    theta = slope(control, treatment, outcome, before)
    if theta is None:
        return mean_difference(control.column(outcome), treatment.column(outcome))
    n = control.n + treatment.n
    centre = float(control.means[before] * control.n + treatment.means[before] * treatment.n) / n
    c, t = (_adjusted(arm, theta, centre, outcome, before) for arm in (control, treatment))
    raw = control.products[outcome, outcome] + treatment.products[outcome, outcome]
    if c.m2 + t.m2 <= LEAST_LEFT * raw:
        return mean_difference(control.column(outcome), treatment.column(outcome))
    found = mean_difference(c, t)
    return replace(found, adjusted="by the period before") if isinstance(found, Estimate) else found
