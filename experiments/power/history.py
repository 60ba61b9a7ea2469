"""What a scope's own past says of the units a plan will meet: level, spread, volume, likeness within customers."""

from dataclasses import dataclass

from experiments.design import Baseline
from experiments.power.clusters import design_effect
from models.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class History:
    """What a scope's cells say of ``days``: interactions scored, Σ and Σ² of the metric, distinct customers."""

    interactions: int
    total: float
    squares: float
    customers: int
    days: float


def baseline_of(history: History, alike: float = 1.0) -> Baseline:
    """Return the baseline of a per-interaction metric as a customer-randomised design will meet it.

    With m interactions per customer whose correlation is ``alike``, the customer's share of the ratio varies by
    σ²(1 + (m − 1)·alike)/m. ``alike`` = 1 (a customer's contacts all resemble each other) is the careful assumption.

    >>> baseline_of(History(200, 14_000.0, 1_160_000.0, 100, 10.0)).units_per_day
    10.0
    """
    n, customers = history.interactions, history.customers
    if n < 2 or customers < 2 or not history.days > 0.0:
        raise InvalidInput("history: fewer than two customers were scored; the scope's history says too little")
    mean = history.total / n
    variance = max(0.0, (history.squares - n * mean**2) / (n - 1))
    each = n / customers
    return Baseline(mean, variance * design_effect(each, alike) / each, customers / history.days)
