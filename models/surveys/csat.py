"""Customer satisfaction: the share of 4 and 5 on a scale of 5."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.errors import Fault, InvalidInput
from models.intervals import Interval, wilson

SATISFIED = 4
HIGHEST = 5


@dataclass(frozen=True, slots=True)
class Satisfaction:
    """``value`` and its 95 % ``interval`` as shares, 0 to 1; ``None`` without answers."""

    satisfied: int
    n: int
    value: float | None
    interval: Interval | None


def csat(answers: Iterable[int]) -> Satisfaction:
    """Return the share of satisfied ``answers`` (1 to 5), and its Wilson interval; ``InvalidInput`` off the scale.

    >>> result = csat([5, 4, 4, 5, 4, 5, 4, 4, 2, 1])
    >>> result.value, [round(bound, 2) for bound in result.interval]
    (0.8, [0.49, 0.94])
    """
    given = list(answers)
    for answer in given:
        if not 1 <= answer <= HIGHEST:
            raise InvalidInput(str(Fault("not_csat", "value", f"{answer} is not from 1 to 5", "send it as `custom`")))
    satisfied = sum(answer >= SATISFIED for answer in given)
    if not given:
        return Satisfaction(0, 0, None, None)
    return Satisfaction(satisfied, len(given), satisfied / len(given), wilson(satisfied, len(given)))
