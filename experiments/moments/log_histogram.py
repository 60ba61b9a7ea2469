"""How a positive quantity is spread, in buckets that each reach 0.2 % further: quantiles that merge."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
import numpy.typing as npt

from models.errors import InvalidInput

GROWTH = 1.002
"""Each bucket ends 0.2 % above its beginning."""

_LN = math.log(GROWTH)


@dataclass(frozen=True, slots=True)
class LogHistogram:
    """Counts of values ≥ 0 per bucket [1.002ⁱ, 1.002ⁱ⁺¹), zeros apart; ``value`` is the median, ``None`` when empty.

    A quantile is wrong by at most one bucket, 0.2 % of itself, whatever the distribution; merging is exact.
    Source: Masson, Rim & Lee (2019), *DDSketch*, PVLDB 12(12), with α = 0.1 % and no collapsed buckets.

    >>> LogHistogram().update(0.0).update(10.0).update(1000.0).n
    3
    """

    zeros: int = 0
    buckets: Mapping[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, xs: Sequence[float] | npt.NDArray[np.float64]) -> Self:
        """Return the histogram of ``xs`` (shape (n,)); raises ``InvalidInput`` on what is negative or no number."""
        values = np.asarray(xs, dtype=np.float64)
        faulty = values[~(np.isfinite(values) & (values >= 0.0))]
        if faulty.size:
            raise InvalidInput(f"value: {faulty[0]} is negative or no number; quantiles are kept of values from 0 up")
        indices, counts = np.unique(np.floor(np.log(values[values > 0.0]) / _LN).astype(int), return_counts=True)
        zeros = int((values == 0.0).sum())
        return cls(zeros, dict(zip(indices.tolist(), counts.tolist(), strict=True)))

    def update(self, x: float) -> Self:
        """Return the histogram with ``x`` added."""
        return self.merge(type(self).of([x]))

    def merge(self, other: Self) -> Self:
        """Return the histogram of both sets of values together."""
        merged = dict(self.buckets)
        for index, count in other.buckets.items():
            merged[index] = merged.get(index, 0) + count
        return type(self)(self.zeros + other.zeros, merged)

    @property
    def n(self) -> int:
        """How many values."""
        return self.zeros + sum(self.buckets.values())

    @property
    def value(self) -> float | None:
        """The median, in the values' unit."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> float | None:
        """Return the value below which ``share`` (0 to 1) of the values lie, geometric within its bucket.

        >>> round(LogHistogram.of([10.0] * 99 + [1e6]).quantile(0.9), 1)
        10.0
        """
        return self.quantiles([share])[0] if self.n else None

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """Return the quantiles of a histogram that is not empty, in one pass over its buckets."""
        indices = np.array(sorted(self.buckets), dtype=np.float64)
        counts = np.array([self.buckets[int(i)] for i in indices], dtype=np.float64)
        upto = self.zeros + np.cumsum(counts)
        return [self._at(min(max(share, 0.0), 1.0) * self.n, indices, counts, upto) for share in shares]

    def _at(
        self,
        rank: float,
        indices: npt.NDArray[np.float64],
        counts: npt.NDArray[np.float64],
        upto: npt.NDArray[np.float64],
    ) -> float:
        if self.zeros and rank <= self.zeros:
            return 0.0
        at = min(int(np.searchsorted(upto, rank)), len(upto) - 1)
        inside = 1.0 - (float(upto[at]) - rank) / float(counts[at])
        return math.exp(_LN * (float(indices[at]) + inside))
