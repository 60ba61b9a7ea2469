"""The figures behind a verdict, frozen with it: what combining, calibrating and exporting need beside its interval.

The verdict itself is in ``verdict``; how chains of experiments combine these is in ``chain``.
"""

from typing import Self

import msgspec

from experiments.estimators import Estimate
from experiments.sequential import e_above


class Conclusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The primary effect with good turned positive, its standard error, and the evidence that it is above zero.

    ``control`` and ``treatment`` are the arms' levels as measured. ``e`` is the one-sided always-valid e-value, with
    τ = (expected effect)²: multiplying such values of one action's re-tests is allowed.
    """

    estimate: float
    standard_error: float
    df: float
    control: float
    treatment: float
    e: float
    adjusted: str = ""

    @classmethod
    def of(cls, found: Estimate, expected: float) -> Self:
        """Return the conclusion of an estimate for an effect that was expected to be of this size."""
        return cls(
            estimate=found.value,
            standard_error=found.standard_error,
            df=found.df,
            control=found.control,
            treatment=found.treatment,
            e=e_above(found.value, found.variance, expected**2, found.any_time_df),
            adjusted=found.adjusted,
        )
