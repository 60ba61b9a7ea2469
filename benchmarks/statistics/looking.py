"""The library's rules over many runs and looks at once, and the proof on a sample that they are the library's."""

import math

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr, stdtrit

from experiments.estimators import Estimate
from experiments.sequential import always_valid
from experiments.spending import boundary, critical_value
from models.gaps.evidence import ln_e_plus

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LOOKS = 200
LN_20 = math.log(20.0)

_TAIL = 8.0
_CHECKED = 25
"""Looks of each figure that are computed again by the library itself."""


def as_normal(t: Floats, df: Floats | None) -> Floats:
    """Return |t| on the normal's scale, as ``sequential.normal_of`` does."""
    size = np.abs(t)
    if df is None:
        return size
    last = -stdtrit(df, ndtr(-_TAIL))
    return np.asarray(-ndtri(stdtr(df, -np.minimum(size, last))) * np.maximum(1.0, size / last))


def always_valid_rejects(d: Floats, v: Floats, tau: float, df: Floats | None = None) -> Bools:
    """Return whether each look's always-valid interval excludes zero; arrays of one shape."""
    z = as_normal(d / np.sqrt(v), df)
    limit = (v + tau) / tau * (np.log1p(tau / v) + 2.0 * LN_20)
    _same_as_the_library(d, v, tau, df, z**2 > limit)
    return np.asarray(z**2 > limit)


def _same_as_the_library(d: Floats, v: Floats, tau: float, df: Floats | None, rejects: Bools) -> None:
    """Raise ``AssertionError`` when the library says otherwise on a sample of the looks."""
    flat = np.linspace(0, d.size - 1, _CHECKED).astype(int)
    for i in flat.tolist():
        free = math.inf if df is None else float(np.broadcast_to(df, d.shape).ravel()[i])
        interval = always_valid(float(d.ravel()[i]), float(v.ravel()[i]), tau, df=free)
        if (interval.low > 0.0 or interval.high < 0.0) != bool(rejects.ravel()[i]):
            raise AssertionError(interval)


def harm_rejects(harm: Floats, v: Floats, tau: float) -> Bools:
    """Return whether the one-sided evidence for ``harm`` above zero reaches 20 at each look."""
    return np.asarray(ln_e_plus(harm, v, tau) >= LN_20)


def spending_rejects(d: Floats, v: Floats, information: Floats, df: Floats | None = None) -> Bools:
    """Return whether each look crosses the planned spending boundary; ``information`` broadcasts over the last axis."""
    limit = boundary(1.0) / np.sqrt(information)
    return np.asarray(as_normal(d / np.sqrt(v), df) > limit)


def fixed_rejects(d: Floats, v: Floats, df: Floats | None = None) -> Bools:
    """Return whether a single planned test rejects, for each run."""
    free = np.full(d.shape, math.inf) if df is None else df
    limit = np.array([critical_value("fixed", 1.0, min(float(one), 1e12)) for one in np.ravel(free)])
    return np.asarray(np.abs(d) > limit.reshape(d.shape) * np.sqrt(v))


def ever(rejects: Bools) -> Bools:
    """Return whether a run is rejected at any look; shape (runs, looks)."""
    return np.asarray(rejects.any(axis=-1))


def figures_of(found: list[Estimate]) -> tuple[Floats, Floats, Floats]:
    """Return (value, variance, df) of estimates, shapes (n,)."""
    rows = np.array([(one.value, one.variance, one.df) for one in found])
    return rows[:, 0], rows[:, 1], rows[:, 2]


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], memory: float) -> Floats:
    """Return standard normal series along the last axis, correlated by ``memory`` from one step to the next."""
    noise = rng.standard_normal(shape) * math.sqrt(1.0 - memory**2)
    series = np.empty(shape)
    series[..., 0] = rng.standard_normal(shape[:-1])
    for step in range(1, shape[-1]):
        series[..., step] = memory * series[..., step - 1] + noise[..., step]
    return series
