"""How many people hear of it: the satisfied tell 8, the unhappy 10 to 22; or bad words weigh three times. Never both.

The two are rival readings of the same claim, so a figure uses one of them and says which.
"""

from dataclasses import dataclass, field
from typing import Literal

from models.gaps.impact import Range
from models.policy_file import Impact as ImpactSection

Reading = Literal["people", "weight"]


@dataclass(frozen=True, slots=True)
class Telling:
    """How many people a customer tells: editable in the policy's ``[impact]`` section."""

    satisfied: float = 8.0
    unhappy: Range = field(default_factory=lambda: Range(10.0, 16.0, 22.0))
    weight: float = 3.0
    """Bad word of mouth weighs this many times good."""


def telling_of(section: ImpactSection) -> Telling:
    """Return what a policy states.

    >>> from models.policy import default
    >>> telling_of(default().impact) == Telling()
    True
    """
    return Telling(section.told_by_satisfied, Range(*section.told_by_unhappy))


@dataclass(frozen=True, slots=True)
class WordOfMouth:
    """Good and bad word under one reading; ``net`` is good − bad: people told, or satisfied tellers' worth."""

    reading: Reading
    good: Range
    bad: Range
    net: Range


def word_of_mouth(
    satisfied: int, unhappy: int, reading: Reading = "people", telling: Telling | None = None
) -> WordOfMouth:
    """Return what ``satisfied`` and ``unhappy`` customers spread, under one reading.

    >>> word_of_mouth(100, 10).bad
    Range(low=100.0, middle=160.0, high=220.0)
    >>> word_of_mouth(100, 10, "weight").net
    Range(low=70.0, middle=70.0, high=70.0)
    """
    by = telling or Telling()
    if reading == "people":
        good = _exactly(satisfied * by.satisfied)
        bad = by.unhappy.times(unhappy)
    else:
        good, bad = _exactly(float(satisfied)), _exactly(unhappy * by.weight)
    net = Range(good.low - bad.high, good.middle - bad.middle, good.high - bad.low)
    return WordOfMouth(reading, good, bad, net)


def _exactly(value: float) -> Range:
    return Range(value, value, value)
