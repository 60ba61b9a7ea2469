"""Customer effort, CES 2.0: "the company made it easy for me", from 1 (disagree) to 7 (agree)."""

from collections.abc import Iterable
from dataclasses import dataclass
from statistics import fmean, variance

from models.errors import Fault, InvalidInput
from models.intervals import Interval, of_mean, wilson

AGREES = 5
HIGHEST = 7


@dataclass(frozen=True, slots=True)
class Ease:
    """The mean answer (1 to 7) and the share agreeing (0 to 1), with 95 % intervals; ``None`` without answers."""

    n: int
    agreeing: int
    mean: float | None
    mean_interval: Interval | None
    """``None`` under two answers."""
    share: float | None
    share_interval: Interval | None


def ces(answers: Iterable[int]) -> Ease:
    """Return how easy ``answers`` (1 to 7) say it was; raises ``InvalidInput`` off the scale.

    Source: M. Dixon, N. Toman & R. DeLisi, The Effortless Experience (2013), on CES 2.0.

    >>> result = ces([7, 6, 5, 2])
    >>> result.mean, result.share
    (5.0, 0.75)
    """
    given = list(answers)
    for answer in given:
        if not 1 <= answer <= HIGHEST:
            raise InvalidInput(str(Fault("not_ces", "value", f"{answer} is not from 1 to 7", "send it as `custom`")))
    n = len(given)
    if n == 0:
        return Ease(0, 0, None, None, None, None)
    agreeing, mean = sum(answer >= AGREES for answer in given), fmean(given)
    interval = of_mean(mean, variance(given), n) if n > 1 else None
    return Ease(n, agreeing, mean, interval, agreeing / n, wilson(agreeing, n))
