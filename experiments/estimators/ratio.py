"""The difference of two ratios Σtotal/Σn, the unit of randomisation being the customer: the delta method."""

from experiments.estimators.estimate import Estimate, NoEstimate, no_variance, too_few, varies, welch_df
from experiments.moments import Comoments, Variance

ROUNDING = 1e-13


def linearised(arm: Comoments, total: int = 0, count: int = 1) -> Variance | None:
    """Return the moments of u = R + (total − R·count)/mean(count): a mean whose value is the ratio R.

    ``total`` and ``count`` name the columns. ``None`` when the arm counted nothing. Customers with nothing to
    count contribute (0, 0), which is right: they carry no weight in Σtotal/Σn.

    Source: Deng, Knoblich & Lu (2018), *Applying the delta method in metric analytics*, KDD, eq. 3:
    Var(R) ≈ (Var(total) − 2R·Cov + R²·Var(count)) / (n·mean(count)²).

    >>> linearised(Comoments.of([[2.0, 1.0], [4.0, 1.0], [6.0, 1.0]]))
    Variance(n=3, mean=4.0, m2=8.0)
    """
    per_unit = float(arm.means[count]) if arm.n else 0.0
    if not per_unit > 0.0:
        return None
    ratio = float(arm.means[total]) / per_unit
    products = arm.products
    m2 = float(products[total, total] - 2 * ratio * products[total, count] + ratio**2 * products[count, count])
    size = float(products[total, total] + ratio**2 * products[count, count])
    # The terms cancel exactly when every unit has the same ratio; what rounding leaves of them is no variance.
    return Variance(arm.n, ratio, m2 / per_unit**2 if m2 > ROUNDING * size else 0.0)


def ratio_difference(control: Comoments, treatment: Comoments, total: int = 0, count: int = 1) -> Estimate | NoEstimate:
    """Return Σtotal/Σn of treatment − that of control, with the delta method's variance.

    >>> from numpy import arange, ones, column_stack
    >>> arm = Comoments.of(column_stack([arange(40.0), ones(40)]))
    >>> ratio_difference(arm, arm).value
    0.0
    """
    refusal = too_few(control.n, treatment.n)
    if refusal is not None:
        return refusal
    c, t = linearised(control, total, count), linearised(treatment, total, count)
    if c is None or t is None:
        arm = "control" if c is None else "treatment"
        return NoEstimate("nothing_measured", f"no unit of the {arm} arm has anything the metric could measure")
    v_control, v_treatment = c.m2 / (c.n - 1) / c.n, t.m2 / (t.n - 1) / t.n
    if not varies(v_control + v_treatment, c.mean, t.mean):
        return no_variance()
    df = welch_df(v_control, v_treatment, c.n, t.n)
    return Estimate(t.mean - c.mean, v_control + v_treatment, df, c.mean, t.mean, c.n, t.n)
