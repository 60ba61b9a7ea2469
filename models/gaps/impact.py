"""What a gap may cost: customers who leave because of it, and their margin, as ranges with every assumption editable.

Gaps overlap (one customer may suffer from several), so their impacts are never summed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.gaps.causes import CauseLine
from models.policy_file import Impact as ImpactSection
from models.rounding import apportioned


@dataclass(frozen=True, slots=True)
class Range:
    """A low, a middle and a high figure."""

    low: float
    middle: float
    high: float

    def times(self, factor: float) -> "Range":
        """Return the range with each figure multiplied by a factor that is not negative."""
        return Range(self.low * factor, self.middle * factor, self.high * factor)

    def by(self, other: "Range") -> "Range":
        """Return low × low, middle × middle, high × high: the widest range two assumptions allow together."""
        return Range(self.low * other.low, self.middle * other.middle, self.high * other.high)


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is believed until the firm's own outcomes say better: the policy's ``[impact]`` section.

    Shipped chances of leaving after a bad experience: .15 never return, .55 switched, .90 never buy again; .03 leave
    after a good one (docs/method.md §3). ``margin`` is what a customer brings in a year, in the firm's currency.
    """

    leave_bad: Range
    leave_good: float
    margin: Range


@dataclass(frozen=True, slots=True)
class Impact:
    """Customers at risk of leaving because of the gap, the money that goes with them, and each cause's part of it."""

    dissatisfied: int
    """Unique customers."""
    leaving: Range
    money: Range
    """Yearly margin of those, in the firm's currency."""
    shares: tuple[tuple[str, int], ...]
    """Per cause, hundredths of a percent of the impact; they add up to 10 000."""


WHOLE = 10_000


def assumptions_of(section: ImpactSection) -> Assumptions:
    """Return the assumptions a policy states.

    >>> from models.policy import default
    >>> assumptions_of(default().impact).leave_bad
    Range(low=0.15, middle=0.55, high=0.9)
    """
    return Assumptions(Range(*section.leave_if_bad), section.leave_if_good, Range(*section.yearly_margin))


def impact_of(dissatisfied: int, causes: Sequence[CauseLine], assumptions: Assumptions) -> Impact:
    """Return unique dissatisfied customers × (P(leave | bad) − P(leave | good)) × margin, shared over causes by ledger.

    >>> believed = Assumptions(Range(0.15, 0.55, 0.90), 0.03, Range(60.0, 120.0, 240.0))
    >>> found = impact_of(1000, [CauseLine("wait", 300), CauseLine("late", 100)], believed)
    >>> found.leaving, found.money.middle
    (Range(low=120.0, middle=520.0, high=870.0), 62400.0)
    """
    bad, good = assumptions.leave_bad, assumptions.leave_good
    excess = Range(*(round(max(0.0, p - good), 12) for p in (bad.low, bad.middle, bad.high)))
    leaving = excess.times(dissatisfied)
    return Impact(dissatisfied, leaving, leaving.by(assumptions.margin), shares_of(causes))


def shares_of(causes: Sequence[CauseLine]) -> tuple[tuple[str, int], ...]:
    """Return each losing cause's share in hundredths of a percent, largest first; empty when nothing is lost.

    >>> shares_of([CauseLine("wait", 200), CauseLine("late", 100), CauseLine("repaired", -50)])
    (('wait', 6667), ('late', 3333))
    """
    losing = {line.cause: line.lost for line in causes if line.lost > 0}
    total = sum(losing.values())
    if not total:
        return ()
    parts = apportioned({cause: lost * WHOLE for cause, lost in losing.items()}, total, WHOLE)
    return tuple(sorted(parts.items(), key=lambda item: (-item[1], item[0])))
