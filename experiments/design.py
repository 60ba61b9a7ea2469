"""How units are spread over arms, how many, for how long, and under which rule success may be declared.

Customers are randomised between two arms (evidence grade A), or a ``layout`` says what else is: see ``designs``.
Nothing in the life cycle depends on which.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from experiments.designs import BeforeAfter, Clusters, Frame, Layout, Rollout, Switchback
from experiments.rehearsal import Rehearsal
from experiments.spending import Stopping
from models.identifiers import DAY, Millis

Grade = Literal["A", "B", "C"]
DesignKind = Literal["customer_randomised", "cluster", "switchback", "rollout", "before_after"]

GRADES: dict[DesignKind, Grade] = {
    "customer_randomised": "A",
    "cluster": "B",
    "switchback": "B",
    "rollout": "B",
    "before_after": "C",
}
"""A: customers randomised; B: clusters, switchback or roll-out, randomised; C: before/after with placebo dates."""

LAYOUTS: dict[DesignKind, type[Layout]] = {
    "cluster": Clusters,
    "switchback": Switchback,
    "rollout": Rollout,
    "before_after": BeforeAfter,
}


def lowered(grade: Grade) -> Grade:
    """Return the grade of evidence whose design did not hold what it promised: one less, C at least.

    >>> lowered("A"), lowered("B"), lowered("C")
    ('B', 'C', 'C')
    """
    return "B" if grade == "A" else "C"


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
    observed for ``pre_window`` before, at most ``PRE_PERIOD``. ``layout`` is what every ``kind`` but the first needs.
    ``rehearsal`` is what the same design found on past data, where nothing was changed.
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
    layout: Layout | None = None
    rehearsal: Rehearsal | None = None

    @property
    def weights(self) -> tuple[tuple[str, int], ...]:
        """(name, weight) of each arm, as ``assignment`` takes them."""
        return tuple((arm.name, arm.weight) for arm in self.arms)

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of units each arm is to receive."""
        total = sum(arm.weight for arm in self.arms)
        return tuple(arm.weight / total for arm in self.arms)

    @property
    def grade(self) -> Grade:
        """The evidence grade of its kind, before anything lowers it."""
        return GRADES[self.kind]

    @property
    def on_days(self) -> bool:
        """Whether it is judged on a scope's days instead of on units: everybody of a cluster is treated from a date."""
        return isinstance(self.layout, BeforeAfter | Rollout)

    def frame(self, begins: Millis) -> Frame:
        """Return what its layout needs to know of a plan that begins then."""
        return Frame(self.shares[-1], self.window, self.stopping, begins, self.end)

    def missing(self, begins: Millis) -> Iterator[str]:
        """Yield what its kind requires and the plan lacks, if it began then, and what its rehearsal speaks against."""
        wanted = LAYOUTS.get(self.kind)
        if wanted is None:
            if self.layout is not None:
                yield "customers randomised one by one need no layout: leave it out, or choose the design it is for"
        elif not isinstance(self.layout, wanted):
            yield f"the design “{self.kind}” needs its layout: say what is randomised, and when"
        else:
            yield from self.layout.missing(self.frame(begins))
        if self.rehearsal is not None and self.rehearsal.suspect:
            yield f"{self.rehearsal.sentence}: choose another design, longer periods or a steadier metric"
