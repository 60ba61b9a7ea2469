"""CUPED for ratios: the delta method's linear form of the outcome, adjusted by that of the pre-period."""

from dataclasses import dataclass

import numpy as np

from experiments.estimators.cuped import cuped
from experiments.estimators.estimate import Estimate, NoEstimate, too_few
from experiments.estimators.ratio import ratio_difference
from experiments.moments import Comoments

TOTAL, COUNT, PRE_TOTAL, PRE_COUNT = range(4)


@dataclass(frozen=True, slots=True)
class _Before:
    """The pre-period's ratio and count per unit, over both arms: the same yardstick for both."""

    ratio: float
    per_unit: float


def _before(control: Comoments, treatment: Comoments) -> _Before | None:
    """Return the pre-period's yardstick, or ``None`` when nothing was counted before."""
    sums = control.means * control.n + treatment.means * treatment.n
    if not sums[PRE_COUNT] > 0.0:
        return None
    return _Before(float(sums[PRE_TOTAL] / sums[PRE_COUNT]), float(sums[PRE_COUNT]) / (control.n + treatment.n))


def _linear(arm: Comoments, before: _Before) -> Comoments:
    """Return the moments of (linearised outcome, linearised pre-period); a unit without a past counts as average."""
    per_unit = float(arm.means[COUNT])
    ratio = float(arm.means[TOTAL]) / per_unit
    weights = np.zeros((2, len(arm.means)))
    weights[0, [TOTAL, COUNT]] = 1.0 / per_unit, -ratio / per_unit
    weights[1, [PRE_TOTAL, PRE_COUNT]] = 1.0 / before.per_unit, -before.ratio / before.per_unit
    return arm.mapped(weights, np.array([ratio, 0.0]))


def cuped_ratio(control: Comoments, treatment: Comoments) -> Estimate | NoEstimate:
    """Return the difference of Σtotal/Σn, adjusted by the same ratio before exposure.

    The first four columns are total, n, pre-period total, pre-period n. Falls back to the plain ratio when there is
    no pre-period.

    Source: Deng, Knoblich & Lu (2018) for the linear form, Deng, Xu, Kohavi & Walker (2013) for the adjustment.

    >>> arm = Comoments.of([[9.0, 1.0, 8.0, 1.0], [4.0, 1.0, 5.0, 1.0]] * 20)
    >>> cuped_ratio(arm, arm).value
    0.0
    """
    before = _before(control, treatment) if control.n and treatment.n else None
    if before is None or too_few(control.n, treatment.n) or not min(control.means[COUNT], treatment.means[COUNT]) > 0:
        return ratio_difference(control, treatment, TOTAL, COUNT)
    return cuped(_linear(control, before), _linear(treatment, before))
