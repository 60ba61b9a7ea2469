"""The same rigour for everyone: how much a score varies between interlocutors, channels or sites beyond chance.

Each contact is compared with the mean of its own stratum (channel × touchpoint), so that whoever handles the harder
part is not blamed for it. Between the members a random-effects variance ν² is estimated; √ν² is in points. Per-person
results serve coaching; whether they may be shown at all is not decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import chi2

from models.gaps.series import Series, slice_days
from models.gaps.variance import Window, prefixes

Floats = NDArray[np.float64]

LEAST_UNITS = 30
LEAST_CUSTOMERS = 10
"""Counted as customer groups with data: at least that many customers, since a customer is always in one group."""


@dataclass(frozen=True, slots=True)
class Member:
    """One group: its mean difference from its strata's means, in points, the variance of that, and what it rests on."""

    name: str
    difference: float
    variance: float
    units: int
    customers_at_least: int


@dataclass(frozen=True, slots=True)
class Consistency:
    """Spread between members beyond chance: √ν² in points, with its 95 % Q-profile interval."""

    spread: float
    low: float
    high: float
    q: float
    """Cochran's Q."""
    members: tuple[Member, ...]
    left_out: tuple[str, ...]
    """Members with too little data."""

    @property
    def beyond_chance(self) -> bool:
        """Whether the members differ by more than chance would make them."""
        return self.low > 0

    @property
    def words(self) -> str:
        """One sentence."""
        between = f"{self.spread:.1f} points between {len(self.members)} ({self.low:.1f} to {self.high:.1f})"
        return f"varies by {between}: " + ("beyond chance" if self.beyond_chance else "no more than chance would")


def consistency(members: Mapping[str, Mapping[str, Series]]) -> Consistency | str:
    """Return the spread between members, each given as its series per stratum; in words, why there is none.

    Members with fewer than 30 units or 10 customers are left out; of the rest there must be two.
    """
    means = _stratum_means(members)
    judged = {name: _member(name, parts, means) for name, parts in members.items()}
    enough = tuple(m for m in judged.values() if m.units >= LEAST_UNITS and m.customers_at_least >= LEAST_CUSTOMERS)
    left_out = tuple(name for name, m in judged.items() if m not in enough)
    if len(enough) < 2:
        return f"not enough data: {len(enough)} of 2 groups with {LEAST_UNITS} contacts and {LEAST_CUSTOMERS} customers"
    values, variances = np.array([m.difference for m in enough]), np.array([m.variance for m in enough])
    low, high = q_profile(values, variances)
    spread = float(np.sqrt(der_simonian_laird(values, variances)))
    q = q_of(values, variances, 0.0)
    return Consistency(spread, float(np.sqrt(low)), float(np.sqrt(high)), q, enough, left_out)


def q_of(values: Floats, variances: Floats, between: float) -> float:
    """Return the generalised Q: Σ w(y − ȳ_w)² with w = 1/(v + between) (Cochran 1954; Viechtbauer 2007).

    >>> q_of(np.array([0.0, 2.0]), np.array([1.0, 1.0]), 0.0)
    2.0
    """
    weights = 1.0 / (variances + between)
    mean = (weights * values).sum() / weights.sum()
    return float((weights * (values - mean) ** 2).sum())


def der_simonian_laird(values: Floats, variances: Floats) -> float:
    """Return ν² by moments: max(0, (Q − (k−1)) / (Σw − Σw²/Σw)) (DerSimonian & Laird 1986).

    >>> der_simonian_laird(np.array([0.0, 4.0]), np.array([1.0, 1.0]))
    7.0
    """
    weights = 1.0 / variances
    spare = q_of(values, variances, 0.0) - (len(values) - 1)
    return float(max(0.0, spare / (weights.sum() - (weights**2).sum() / weights.sum())))


def q_profile(values: Floats, variances: Floats, alpha: float = 0.05) -> tuple[float, float]:
    """Return the (1 − α) interval of ν²: where the generalised Q equals the χ² quantiles (Viechtbauer 2007).

    >>> low, high = q_profile(np.array([0.0, 4.0, 9.0]), np.ones(3))
    >>> round(q_of(np.array([0.0, 4.0, 9.0]), np.ones(3), low), 3) == round(float(chi2.ppf(0.975, 2)), 3)
    True
    """
    freedom = len(values) - 1
    above, below = float(chi2.ppf(1 - alpha / 2, freedom)), float(chi2.ppf(alpha / 2, freedom))
    return _solve(values, variances, above), _solve(values, variances, below)


def _solve(values: Floats, variances: Floats, bar: float) -> float:
    """Return the ν² at which Q falls to ``bar``; Q falls steadily with ν², so 0 when it is already below."""
    if q_of(values, variances, 0.0) <= bar:
        return 0.0
    top = float(variances.max())
    while q_of(values, variances, top) > bar:
        top *= 2
    return float(brentq(lambda between: q_of(values, variances, between) - bar, 0.0, top))


def _stratum_means(members: Mapping[str, Mapping[str, Series]]) -> dict[str, float]:
    units: dict[str, float] = {}
    values: dict[str, float] = {}
    for parts in members.values():
        for stratum, series in parts.items():
            units[stratum] = units.get(stratum, 0.0) + float(series.n.sum())
            values[stratum] = values.get(stratum, 0.0) + float(series.f.sum())
    return {stratum: values[stratum] / n for stratum, n in units.items() if n}


def _member(name: str, parts: Mapping[str, Series], means: Mapping[str, float]) -> Member:
    """Return a member's mean of (score − its stratum's mean), with V of docs/method.md §3."""
    held = [(series, means[stratum]) for stratum, series in parts.items() if stratum in means]
    if not held:
        return Member(name, 0.0, 0.0, 0, 0)
    first, last = min(s.first for s, _ in held), max(s.last for s, _ in held)
    cut = [(slice_days(series, first, last), mean) for series, mean in held]
    n = _summed([s.n for s, _ in cut])
    differences = _summed([s.f - mean * s.n for s, mean in cut])
    none = np.zeros_like(n)[None]
    window = Window(n[None], differences[None], none, none, np.zeros((1, len(n))), np.zeros(1, dtype=np.bool_))
    stats = prefixes(window, only_whole=True)
    customers = int(stats.groups[0, 0])
    return Member(name, -float(stats.shortfall[0, 0]), float(stats.variance[0, 0]), int(n.sum()), customers)


def _summed(arrays: Sequence[Floats]) -> Floats:
    return np.asarray(np.sum(np.stack(arrays), axis=0), dtype=np.float64)
