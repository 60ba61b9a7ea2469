"""The mean of a stream of numbers. Not its spread: see ``variance``."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Mean:
    """n numbers and their mean; ``value`` is ``None`` before the first.

    Source: Welford (1962), *Technometrics* 4(3): x̄ₙ = x̄ₙ₋₁ + (xₙ − x̄ₙ₋₁)/n.

    >>> Mean().update(1.0).update(4.0).value
    2.5
    """

    n: int = 0
    mean: float = 0.0

    def update(self, x: float) -> Self:
        """Return the mean with ``x`` added."""
        n = self.n + 1
        return type(self)(n, self.mean + (x - self.mean) / n)

    def merge(self, other: Self) -> Self:
        """Return the mean of both streams together."""
        n = self.n + other.n
        return type(self)(n, self.mean + (other.mean - self.mean) * other.n / n) if n else self

    @property
    def value(self) -> float | None:
        """The mean, in the numbers' unit."""
        return self.mean if self.n else None
