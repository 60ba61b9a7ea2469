"""Means and covariances of several columns measured on the same units: what a cohort of an arm keeps."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from experiments.moments.variance import Variance

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Comoments:
    """n rows of k columns, their means (k,) and centred cross products (k, k); ``value`` is the covariance matrix.

    Source: Chan, Golub & LeVeque (1979) per pair of columns. ``value`` is ``None`` below two rows.

    >>> Comoments.of([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]).value.tolist()
    [[1.0, 2.0], [2.0, 4.0]]
    """

    n: int
    means: Vector
    products: Matrix

    @classmethod
    def empty(cls, columns: int) -> Self:
        """Return the moments of no row at all."""
        return cls(0, np.zeros(columns), np.zeros((columns, columns)))

    @classmethod
    def of(cls, rows: Sequence[Sequence[float]] | Matrix) -> Self:
        """Return the moments of ``rows`` (shape (n, k), n ≥ 1) by two passes."""
        table = np.asarray(rows, dtype=np.float64)
        means = table.mean(axis=0)
        centred = table - means
        return cls(len(table), means, centred.T @ centred)

    def update(self, row: Sequence[float]) -> Self:
        """Return the moments with one ``row`` (shape (k,)) added."""
        return self.merge(type(self).of([row]))

    def merge(self, other: Self) -> Self:
        """Return the moments of both sets of rows together."""
        n = self.n + other.n
        if not n:
            return self
        delta = other.means - self.means
        share = other.n / n
        products = self.products + other.products + np.outer(delta, delta) * (self.n * share)
        return type(self)(n, self.means + delta * share, products)

    def mapped(self, weights: Matrix, shift: Vector) -> Self:
        """Return the moments of ``weights`` · row + ``shift``: shapes (j, k) and (j,).

        >>> Comoments.of([[1.0, 2.0], [3.0, 5.0]]).mapped(np.array([[1.0, 1.0]]), np.array([10.0])).means.tolist()
        [15.5]
        """
        return type(self)(self.n, weights @ self.means + shift, weights @ self.products @ weights.T)

    def column(self, index: int) -> Variance:
        """Return one column's own moments."""
        return Variance(self.n, float(self.means[index]), float(self.products[index, index]))

    @property
    def value(self) -> Matrix | None:
        """The unbiased covariance matrix, shape (k, k)."""
        return self.products / (self.n - 1) if self.n > 1 else None
