"""The sample covariance of two numbers measured on the same units."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Covariance:
    """n pairs, their means, and c = Σ(x − x̄)(y − ȳ); ``value`` is c/(n−1), ``None`` below two pairs.

    Source: Chan, Golub & LeVeque (1979); Pébay (2008), SAND2008-6212, eq. 3.9–3.10.

    >>> Covariance().update(1.0, 2.0).update(2.0, 4.0).update(3.0, 6.0).value
    2.0
    """

    n: int = 0
    mean_x: float = 0.0
    mean_y: float = 0.0
    c: float = 0.0

    def update(self, x: float, y: float) -> Self:
        """Return the moments with the pair (``x``, ``y``) added."""
        n = self.n + 1
        dx = x - self.mean_x
        mean_y = self.mean_y + (y - self.mean_y) / n
        return type(self)(n, self.mean_x + dx / n, mean_y, self.c + dx * (y - mean_y))

    def merge(self, other: Self) -> Self:
        """Return the moments of both streams of pairs together."""
        n = self.n + other.n
        if not n:
            return self
        dx, dy = other.mean_x - self.mean_x, other.mean_y - self.mean_y
        share = other.n / n
        c = self.c + other.c + dx * dy * self.n * share
        return type(self)(n, self.mean_x + dx * share, self.mean_y + dy * share, c)

    @property
    def value(self) -> float | None:
        """The unbiased covariance, in the product of the two units."""
        return self.c / (self.n - 1) if self.n > 1 else None
