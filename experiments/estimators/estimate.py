"""What an estimator answers: a difference with its variance, or a sentence saying why there is none."""

import math
import sys
from dataclasses import dataclass, replace
from typing import Literal

from scipy.special import stdtr

MIN_UNITS = 30
"""No look before 30 units per arm (docs/method.md §4): below it the normal approximation is not to be relied on."""


Counted = Literal["units", "clusters", "blocks", "days"]
"""What an estimate's n counts: what was randomised, or what stands for it."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Treatment − control in the metric's unit, its squared standard error and degrees of freedom (Welch).

    ``control`` and ``treatment`` are the two arms' values, ``n_control`` and ``n_treatment`` how many of ``counted``
    they come from. ``adjusted`` says how the variance was reduced, in words; empty when it was not.
    """

    value: float
    variance: float
    df: float
    control: float
    treatment: float
    n_control: int
    n_treatment: int
    adjusted: str = ""
    counted: Counted = "units"

    @property
    def any_time_df(self) -> float:
        """Degrees of freedom for looks at any time: infinite for units, of which there are 30 per arm at least."""
        return math.inf if self.counted == "units" else self.df

    @property
    def standard_error(self) -> float:
        """√variance, in the metric's unit."""
        return math.sqrt(self.variance)

    @property
    def p_value(self) -> float:
        """The two-sided Welch p-value of "no difference", for one look planned in advance.

        Source: Welch (1947), *Biometrika* 34. Never use it at several looks: 200 of them declare 42 % of nothings.

        >>> round(Estimate(2.0, 1.0, 60.0, 0.0, 2.0, 31, 31).p_value, 6)
        0.050033
        """
        return 2.0 * float(stdtr(self.df, -abs(self.value) / self.standard_error))

    def scaled(self, factor: float) -> "Estimate":
        """Return the same estimate in another unit, or with the good direction turned positive.

        ``control`` and ``treatment`` keep their sign: they are levels, not differences.
        """
        size = abs(factor)
        return replace(
            self,
            value=self.value * factor,
            variance=self.variance * factor * factor,
            control=self.control * size,
            treatment=self.treatment * size,
        )


@dataclass(frozen=True, slots=True)
class NoEstimate:
    """Why two arms cannot be compared (yet): ``early`` may mend with more units, the others will not."""

    kind: Literal["early", "empty_arm", "no_variance", "nothing_measured"]
    reason: str


def too_few(n_control: int, n_treatment: int) -> NoEstimate | None:
    """Return the reason not to look yet, or ``None`` when both arms have enough units.

    >>> too_few(30, 30) is None
    True
    >>> too_few(30, 7).reason
    'the smaller arm has 7 mature units; no look before 30 per arm'
    """
    if not min(n_control, n_treatment):
        arm = "control" if not n_control else "treatment"
        return NoEstimate("empty_arm", f"the {arm} arm has no mature unit")
    if min(n_control, n_treatment) < MIN_UNITS:
        fewest = min(n_control, n_treatment)
        return NoEstimate("early", f"the smaller arm has {fewest} mature units; no look before {MIN_UNITS} per arm")
    return None


def varies(variance: float, *levels: float) -> bool:
    """Return whether a squared standard error is more than the rounding of numbers of this size.

    >>> varies(0.01, 1e8), varies(1e-18, 1e8), varies(0.0, 0.0)
    (True, False, False)
    """
    return variance > (4.0 * sys.float_info.epsilon * max(abs(level) for level in levels)) ** 2


def no_variance() -> NoEstimate:
    """Return the refusal for two arms in each of which every unit has one value, be it the other arm's or not."""
    return NoEstimate("no_variance", "within each arm every unit has the same value: what is chance cannot be told")


def welch_df(variance_control: float, variance_treatment: float, n_control: int, n_treatment: int) -> float:
    """Return Welch–Satterthwaite degrees of freedom from the two arms' squared standard errors.

    Source: Satterthwaite (1946), *Biometrics Bulletin* 2(6). The arguments are s²/n of each arm.

    >>> round(welch_df(1.0, 1.0, 31, 31), 9)
    60.0
    """
    # Divided by the sum first, so that variances of 1e-200 or 1e200 neither vanish nor overflow when squared.
    total = variance_control + variance_treatment
    share = variance_control / total
    return 1.0 / (share**2 / (n_control - 1) + (1.0 - share) ** 2 / (n_treatment - 1))
