"""The sample variance of a stream of numbers, mergeable and safe from cancellation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from models.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Variance:
    """n numbers, their mean, and m2 = Σ(x − x̄)²; ``value`` is the unbiased m2/(n−1), ``None`` below two numbers.

    Sources: Welford (1962) for ``update``; Chan, Golub & LeVeque (1979), eq. 2.1, for ``merge``.

    >>> Variance().update(1.0).update(2.0).update(6.0).value
    7.0
    >>> (Variance.of([1.0, 2.0]).merge(Variance.of([6.0]))).value
    7.0
    """

    n: int = 0
    mean: float = 0.0
    m2: float = 0.0

    @classmethod
    def of(cls, xs: Sequence[float] | npt.NDArray[np.float64]) -> Self:
        """Return the moments of ``xs`` (shape (n,)) by two passes."""
        array = np.asarray(xs, dtype=np.float64)
        if not array.size:
            return cls()
        mean = float(array.mean())
        return cls(int(array.size), mean, float(((array - mean) ** 2).sum()))

    @classmethod
    def given(cls, n: int, mean: float | None, variance: float | None) -> Self:
        """Return moments that somebody else counted, or raise ``InvalidInput`` saying what is wrong with them.

        >>> Variance.given(3, 3.0, 7.0)
        Variance(n=3, mean=3.0, m2=14.0)
        >>> Variance.given(3, 3.0, -1.0)
        Traceback (most recent call last):
        models.errors.InvalidInput: variance: -1.0 is negative; give the sample variance of the arm's units
        """
        if n < 0:
            raise InvalidInput(f"count: {n} is negative; give how many units the arm has")
        if mean is None or not math.isfinite(mean):
            raise InvalidInput(f"mean: {mean} is no number; give the mean of the arm's units")
        if variance is None or not math.isfinite(variance):
            raise InvalidInput(f"variance: {variance} is no number; give the sample variance of the arm's units")
        if variance < 0:
            raise InvalidInput(f"variance: {variance} is negative; give the sample variance of the arm's units")
        return cls(n, mean, variance * max(n - 1, 0))

    def update(self, x: float) -> Self:
        """Return the moments with ``x`` added."""
        n = self.n + 1
        delta = x - self.mean
        mean = self.mean + delta / n
        return type(self)(n, mean, self.m2 + delta * (x - mean))

    def merge(self, other: Self) -> Self:
        """Return the moments of both streams together."""
        n = self.n + other.n
        if not n:
            return self
        delta = other.mean - self.mean
        m2 = self.m2 + other.m2 + delta * delta * self.n * other.n / n
        return type(self)(n, self.mean + delta * other.n / n, m2)

    @property
    def value(self) -> float | None:
        """The unbiased variance, in the numbers' unit squared."""
        return self.m2 / (self.n - 1) if self.n > 1 else None
