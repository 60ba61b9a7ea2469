"""How sure a shortfall is: its variance by customers and by days, day by day as a window fills.

The naive variance per contact raises 27–47 % false alarms where 5 % were promised, because one customer's contacts,
and one day's, resemble each other. Two estimates are made (between 32 customer groups, between days) and the larger
wins (docs/method.md §3). Residuals are linearised, so that the correction by answers (prediction-powered mean) is
carried along. The interval of a scope's score is made of the same V (``models.scoring.spread``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cells import GROUPS, MIN_ANSWERS

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

R_CLIP = 0.9
WEAK_R = 0.6
"""Beyond this day-to-day correlation false alarms rise to 14 % at r = .7: evidence is called weak."""


@dataclass(frozen=True, slots=True)
class Window:
    """A batch of spans of days to be judged, (windows, days, 32), with the target of each day, (windows, days)."""

    n: Floats
    f: Floats
    a: Floats
    d: Floats
    target: Floats
    may_correct: Bools
    """(windows,) whether answers may correct the value; an own past without answers forbids it."""
    fitted: int = 1
    """How many means were fitted to the days themselves: 7 for a weekday baseline."""
    least: float = 1.0
    """The least variance of one unit that is believed: values that never vary still say no more than if they varied by
    a point. 0 for a description of what was, of which no evidence is made."""


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Statistics of each window's first day, first two days … : all arrays are (windows, days).

    ``shortfall`` is target − value; ``correction`` the mean of (inferred − said), zero where not ``corrected``;
    ``r`` the lag-1 correlation of days before clipping. Not finite where nothing was observed.
    """

    units: Floats
    days: Floats
    groups: Floats
    answers: Floats
    corrected: Bools
    correction: Floats
    shortfall: Floats
    target: Floats
    variance: Floats
    r: Floats


def prefixes(window: Window, *, only_whole: bool = False) -> Prefixes:
    """Return the statistics of every prefix of every window; with ``only_whole``, of the whole windows alone.

    Residual of a customer group (and alike of a day), with G = Σ(T·n − f), F its mean, D the mean of (inferred − said)
    over the a answered of N: (G_g − F·n_g) + (N/a)(d_g − D·a_g), the second term once a ≥ 30
    (linearised prediction-powered mean: Angelopoulos et al., Science 2023).
    """
    ends = np.arange(window.n.shape[1])[-1 if only_whole else 0 :]

    def so_far(values: Floats) -> Floats:
        return values.sum(1, keepdims=True) if only_whole else np.cumsum(values, axis=1)

    daily = _Daily(window)
    units, answers, days = so_far(daily.n), so_far(daily.a), so_far((daily.n > 0).astype(np.float64))
    corrected = (answers >= MIN_ANSWERS) & window.may_correct[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = so_far(daily.short) / units
        correction = np.where(corrected, so_far(daily.d) / answers, 0.0)
        weight = np.where(corrected, units / answers, 0.0)
        target = so_far(window.target * daily.n) / units
    linear = _Linear(ends, mean, correction, weight, bool(corrected.any()))
    n = so_far(window.n)
    by_group = so_far(window.target[..., None] * window.n - window.f)
    by_group -= mean[..., None] * n
    if linear.said:
        by_group += weight[..., None] * (so_far(window.d) - correction[..., None] * so_far(window.a))
    by_day, r = _between_days(daily, linear, days, window.fitted)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_customer = GROUPS / (GROUPS - 1) * np.einsum("wdg,wdg->wd", by_group, by_group) / units**2
        variance = np.fmax(np.fmax(by_customer, by_day / units**2), window.least / units)
    return Prefixes(
        units=units,
        days=days,
        groups=np.count_nonzero(n, axis=-1).astype(np.float64),
        answers=answers,
        corrected=corrected,
        correction=correction,
        shortfall=mean + correction,
        target=target,
        variance=variance,
        r=r,
    )


class _Daily:
    """A batch's sums over customer groups, (windows, days); ``short`` is target·n − f."""

    def __init__(self, window: Window) -> None:
        self.n, self.a, self.d = (values.sum(-1) for values in (window.n, window.a, window.d))
        self.short: Floats = window.target * self.n - window.f.sum(-1)


@dataclass(frozen=True, slots=True)
class _Linear:
    """What turns sums into residuals: the prefixes' last days, and of each the mean, the correction, and N/a."""

    ends: NDArray[np.int64]
    mean: Floats
    correction: Floats
    weight: Floats
    said: bool
    """Whether any prefix is corrected by answers."""


def _between_days(daily: _Daily, by: _Linear, days: Floats, fitted: int) -> tuple[Floats, Floats]:
    """Return Σ of squared day residuals inflated for dependence (not yet over N²), and the lag-1 correlation."""
    residual = daily.short[:, None, :] - by.mean[..., None] * daily.n[:, None, :]
    if by.said:
        residual += by.weight[..., None] * (daily.d[:, None, :] - by.correction[..., None] * daily.a[:, None, :])
    residual = np.where(np.tri(daily.n.shape[-1], dtype=np.bool_)[by.ends], residual, 0.0)
    square = np.einsum("wed,wed->we", residual, residual)
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.einsum("wed,wed->we", residual[..., 1:], residual[..., :-1]) / square
        spread = np.where(days > fitted, days / (days - fitted), np.nan)
    r = np.where(square > 0, r, 0.0)
    held = np.clip(r, 0.0, R_CLIP)
    return square * spread * (1 + held) / (1 - held), r
