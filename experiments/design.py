"""How units are spread over arms, how many, for how long, and under which rule success may be declared.

Today: customers randomised between two arms (evidence grade A). Other designs are other values of ``kind``, with their
own estimator; nothing in the life cycle depends on which.
"""

from typing import Literal

import msgspec

from experiments.spending import Stopping
from models.identifiers import DAY, Millis

Grade = Literal["A", "B", "C"]
DesignKind = Literal["customer_randomised"]

GRADES: dict[DesignKind, Grade] = {"customer_randomised": "A"}
"""A: customers randomised; B: clusters, switchback or roll-out, randomised; C: before/after with placebo dates."""


PRE_PERIOD: Millis = Millis(30 * DAY)
"""Longest window before exposure: what lies further back may have left a customer's row."""


class Arm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One arm and its integer weight; the first of a design is the control."""

    name: str
    weight: int = 1


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The scope's own history, per unit (customer): what power is computed from.

    ``mean`` and ``variance`` in the metric's unit (and squared); ``units_per_day`` new customers a day.
    """

    mean: float
    variance: float
    units_per_day: float


class Design(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Arms, sample, duration, stopping rule, pinned policy.

    ``units`` over all arms; enrolment ends at ``end``; each unit is measured from its exposure for ``window`` and was
    observed for ``pre_window`` before, at most ``PRE_PERIOD``.
    """

    arms: tuple[Arm, ...]
    units: int
    end: Millis
    policy: str
    baseline: Baseline | None = None
    kind: DesignKind = "customer_randomised"
    window: Millis = Millis(14 * DAY)
    pre_window: Millis = Millis(28 * DAY)
    stopping: Stopping = "spending"

    @property
    def weights(self) -> tuple[tuple[str, int], ...]:
        """(name, weight) of each arm, as ``assignment`` takes them."""
        return tuple((arm.name, arm.weight) for arm in self.arms)

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of units each arm is to receive."""
        total = sum(arm.weight for arm in self.arms)
        return tuple(arm.weight / total for arm in self.arms)
