"""The answers to one NPS question, counted as promoters, passives and detractors: exact, because they are integers."""

from dataclasses import dataclass
from typing import Self

from experiments.moments.variance import Variance
from models.errors import InvalidInput
from models.surveys.nps import HIGHEST, PASSIVE, PROMOTER

POINTS = 100.0


@dataclass(frozen=True, slots=True)
class Promoters:
    """How many answered 9–10, 7–8 and 0–6; ``value`` is the NPS in points, ``None`` before the first answer.

    The NPS is the mean of {−100, 0, 100}, so its variance is that of a mean: 100²·(p + d − (p − d)²) per answer.
    Source: Rocks (2016), *The American Statistician* 70(4).

    >>> Promoters().update(10).update(9).update(8).update(3).value
    25.0
    """

    promoters: int = 0
    passives: int = 0
    detractors: int = 0

    def update(self, answer: int) -> Self:
        """Return the counts with an answer from 0 to 10 added; raises ``InvalidInput`` outside."""
        if not 0 <= answer <= HIGHEST:
            raise InvalidInput(f"answer: {answer} is not from 0 to {HIGHEST}; only that scale has promoters")
        kind = 0 if answer >= PROMOTER else 1 if answer >= PASSIVE else 2
        added = [int(kind == i) for i in range(3)]
        return type(self)(self.promoters + added[0], self.passives + added[1], self.detractors + added[2])

    def merge(self, other: Self) -> Self:
        """Return the counts of both sets of answers together."""
        return type(self)(
            self.promoters + other.promoters, self.passives + other.passives, self.detractors + other.detractors
        )

    @property
    def n(self) -> int:
        """How many answered."""
        return self.promoters + self.passives + self.detractors

    @property
    def value(self) -> float | None:
        """The NPS, −100 to 100."""
        return POINTS * (self.promoters - self.detractors) / self.n if self.n else None

    @property
    def moments(self) -> Variance:
        """The moments of the answers as numbers of {−100, 0, 100}.

        >>> Promoters(2, 1, 1).moments
        Variance(n=4, mean=25.0, m2=27500.0)
        """
        if not self.n:
            return Variance()
        net, cast = self.promoters - self.detractors, self.promoters + self.detractors
        return Variance(self.n, POINTS * net / self.n, POINTS**2 * (cast * self.n - net**2) / self.n)
