"""Customers of one cluster resemble each other: how much, and what that costs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.moments import Variance
from models.errors import InvalidInput


def design_effect(size: float, correlation: float, unevenness: float = 0.0) -> float:
    """Return by how much likeness within clusters inflates a variance: 1 + ((1 + cv²)·m − 1)·ρ.

    ``size`` m units a cluster on average, ``correlation`` ρ, ``unevenness`` cv the coefficient of variation of sizes.
    Sources: Kish (1965), *Survey Sampling*, for 1 + (m − 1)ρ; Eldridge, Ashby & Kerry (2006), *Int. J. Epidemiology*
    35(5), for clusters of different sizes.

    >>> round(design_effect(50.0, 0.05), 2), round(design_effect(50.0, 0.05, 0.6), 2)
    (3.45, 4.35)
    """
    return 1.0 + ((1.0 + unevenness**2) * size - 1.0) * correlation


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much units of one cluster resemble each other: ρ, the variance within and between clusters, units a cluster.

    ``unevenness`` is the coefficient of variation of the clusters' sizes.
    """

    correlation: float
    within: float
    between: float
    size: float
    unevenness: float


def likeness_of(clusters: Sequence[Variance]) -> Likeness:
    """Return the likeness that clusters' moments over the same past show; ρ is cut at 0.

    The analysis of variance's estimator: ρ = (MSB − MSW)/(MSB + (m₀ − 1)·MSW). Raises ``InvalidInput`` below two
    clusters, or when no cluster has two units. Source: Donner (1986), *International Statistical Review* 54(1).

    >>> likeness_of([Variance.of([1.0, 2.0, 3.0]), Variance.of([11.0, 12.0, 13.0])]).correlation > 0.9
    True
    """
    known = [cluster for cluster in clusters if cluster.n]
    n, k = sum(cluster.n for cluster in known), len(known)
    if k < 2 or n <= k:
        raise InvalidInput("clusters: two at least, with several units each, are needed to see how alike units are")
    whole = Variance()
    for cluster in known:
        whole = whole.merge(cluster)
    within = sum(cluster.m2 for cluster in known)
    msw, msb = within / (n - k), (whole.m2 - within) / (k - 1)
    typical = (n - sum(cluster.n**2 for cluster in known) / n) / (k - 1)
    between = max(0.0, (msb - msw) / typical)
    mean = n / k
    spread = math.sqrt(sum((cluster.n - mean) ** 2 for cluster in known) / k) / mean
    total = between + msw
    return Likeness(between / total if total > 0.0 else 0.0, msw, between, mean, spread)
