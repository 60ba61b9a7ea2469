"""Least squares on a series whose neighbouring days resemble each other: a coefficient's variance, told twice.

``newey_west`` lets the residuals speak for themselves and believes too little in long memory; ``autoregressive``
believes in memory that fades by the same share each day, and corrects for what the regression itself takes out of it.
Both are of one linear combination of the coefficients, which ``Line`` holds as weights on the days.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

MEMORIES = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.985])
"""Autocorrelations from one day to the next that are tried; in between is interpolated."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A linear combination of least-squares coefficients on ``days`` days: its value is ``weights`` · series.

    ``basis`` (days, k) spans the regressors, orthonormal. ``shown``, ``left`` and ``spread`` say for each of
    ``MEMORIES`` how the residuals of such a series look: their lag-one autocorrelation, their share of the series'
    variance (times days), and the combination's variance in units of that variance.
    """

    weights: Floats
    basis: Floats
    shown: Floats
    left: Floats
    spread: Floats

    @classmethod
    def of(cls, regressors: Floats, combination: Floats) -> "Line":
        """Return the line of ``combination`` (k,) of the coefficients on ``regressors`` (days, k), of full rank."""
        basis, upper = np.linalg.qr(regressors)
        weights = basis @ np.linalg.solve(upper.T, combination)
        known = [_seen_through(basis, weights, memory) for memory in MEMORIES]
        shown, left, spread = np.array(known).T
        return cls(weights, basis, shown, left, spread)

    @property
    def df(self) -> int:
        """Days beyond the coefficients."""
        days, coefficients = self.basis.shape
        return int(days - coefficients)

    def value(self, series: Floats) -> Floats:
        """Return the combination, for series of shape (…, days)."""
        return np.asarray(series @ self.weights)

    def residuals(self, series: Floats) -> Floats:
        """Return what the regression leaves, shape (…, days)."""
        return np.asarray(series - (series @ self.basis) @ self.basis.T)


def _seen_through(basis: Floats, weights: Floats, memory: float) -> tuple[float, float, float]:
    """Return (shown, left, spread) of ``Line`` for one memory.

    The residuals' covariance is MRM with M = I − QQ'; only its diagonal and the line beside it are asked for.
    """
    days = len(weights)
    apart = np.abs(np.arange(days)[:, None] - np.arange(days)[None, :])
    series = (memory ** np.arange(days))[apart]
    inside = series @ basis
    core = basis.T @ inside
    left = days - float(np.trace(core))
    taken = (inside[:-1] * basis[1:]).sum() + (basis[:-1] * inside[1:]).sum()
    beside = float((days - 1) * memory - taken + ((basis @ core)[:-1] * basis[1:]).sum())
    return beside / left, left, float(weights @ series @ weights)


def lags_of(days: int) -> int:
    """Return ⌊4 (days/100)^(2/9)⌋, the rule of Newey & West (1994), *Review of Economic Studies* 61(4).

    >>> lags_of(112)
    4
    """
    return int(4.0 * (days / 100.0) ** (2.0 / 9.0))


def newey_west(line: Line, series: Floats, lags: int) -> Floats:
    """Return the combination's variance, Bartlett weights on ``lags`` lags, times days/(days − k).

    ``series`` has shape (…, days). Source: Newey & West (1987), *Econometrica* 55(3).
    """
    scores = line.residuals(series) * line.weights
    total = (scores * scores).sum(axis=-1)
    for lag in range(1, lags + 1):
        together = (scores[..., lag:] * scores[..., :-lag]).sum(axis=-1)
        total = total + 2.0 * (1.0 - lag / (lags + 1.0)) * together
    return np.asarray(np.maximum(total, 0.0) * len(line.weights) / line.df)


def autoregressive(line: Line, series: Floats) -> tuple[Floats, Floats]:
    """Return (variance, memory): the combination's variance if days follow a first-order autoregression, and its ρ.

    ρ is the one whose *expected* residual autocorrelation is the one seen: least squares takes slow swings out of the
    residuals, which biases the plain estimate down just where it matters. Source of the bias: Kendall (1954) and
    Marriott & Pope (1954), *Biometrika* 41.
    """
    rest = line.residuals(series)
    power = (rest * rest).sum(axis=-1)
    seen = (rest[..., 1:] * rest[..., :-1]).sum(axis=-1) / np.where(power > 0.0, power, 1.0)
    memory = np.interp(seen, line.shown, MEMORIES)
    scale = power / np.interp(memory, MEMORIES, line.left)
    return np.asarray(scale * np.interp(memory, MEMORIES, line.spread)), np.asarray(memory)
