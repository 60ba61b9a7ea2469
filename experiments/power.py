"""How many units, for how long: from the scope's own mean, variance and volume, before anything starts.

Closed forms on the normal approximation; the spending rule's price (about 6 % more units) is included. Simulated A/A
runs on past data and clustered designs are not here.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.design import Baseline, Design
from experiments.spending import Stopping, power
from models.errors import InvalidInput
from models.identifiers import DAY, Millis

ENOUGH = 0.80

LEAST = 0.05
"""The false-alarm rate itself: no sample is needed for it."""

WEEK_DAYS = 7


def unit_variance(variance: float, shares: Sequence[float]) -> float:
    """Return the variance of the difference times the total number of units: σ²(1/share_c + 1/share_t).

    >>> unit_variance(100.0, (0.5, 0.5))
    400.0
    """
    return variance * sum(1.0 / share for share in shares)


def power_at(effect: float, units: int, design: Design) -> float:
    """Return the chance that the plan declares a true effect of ``effect`` (metric's unit) with ``units`` units in all.

    Raises ``InvalidInput`` when the design has no baseline to compute from.
    """
    baseline = design.baseline
    if baseline is None or not baseline.variance > 0.0:
        raise InvalidInput("baseline: no variance of the metric is known; give the scope's mean, variance and volume")
    if units <= 0:
        return 0.0
    return power(effect / math.sqrt(unit_variance(baseline.variance, design.shares) / units), design.stopping)


def shift_needed(target: float, stopping: Stopping) -> float:
    """Return how many standard errors an effect must measure to be declared with probability ``target``.

    Bisection on the monotone ``spending.power``; 60 halvings of [0, 20] are exact to 1e-16.

    >>> round(shift_needed(0.8, "fixed"), 4), round(shift_needed(0.8, "spending"), 4)
    (2.8016, 2.8807)
    """
    if not LEAST < target < 1.0:
        raise InvalidInput(f"power: {target} lies outside {LEAST} to 1; ask for 0.8 or so")
    low, high = 0.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if power(middle, stopping) < target else (low, middle)
    return high


def target_power(guardrails: int, target: float = ENOUGH) -> float:
    """Return the power each of the metrics needs so that all together have ``target``: 1 − β/(G + 1).

    Guardrails are not α-corrected but β-corrected: a decision needs the success metric *and* every guardrail.
    Source: Schultzberg, Ankargren & Frånberg (2024), *Risk-aware product decisions in A/B tests with multiple
    metrics*, Spotify, arXiv:2402.11609.

    >>> round(target_power(3), 3)
    0.95
    """
    return 1.0 - (1.0 - target) / (guardrails + 1)


@dataclass(frozen=True, slots=True)
class Sample:
    """How many units in all, and how many days of enrolment, in whole weeks; ``sentence`` says it."""

    units: int
    days: int
    sentence: str


def sample_size(
    effect: float,
    baseline: Baseline,
    shares: Sequence[float] = (0.5, 0.5),
    stopping: Stopping = "spending",
    target: float = ENOUGH,
) -> Sample:
    """Return the smallest sample that declares ``effect`` (metric's unit) with probability ``target``.

    Whole weeks, because weekdays differ. Raises ``InvalidInput`` when it cannot be computed.

    >>> sample_size(5.0, Baseline(mean=70.0, variance=900.0, units_per_day=60.0)).sentence
    'to see 5 with a chance of 80 %: 1,195 customers, 3 weeks'
    """
    if not effect > 0.0:
        raise InvalidInput(f"effect: {effect} is not above zero; state the size you expect")
    if not (baseline.variance > 0.0 and baseline.units_per_day > 0.0):
        raise InvalidInput("baseline: variance and volume must be above zero; the scope's history says too little")
    shift = shift_needed(target, stopping)
    units = math.ceil(shift**2 * unit_variance(baseline.variance, shares) / effect**2)
    weeks = math.ceil(units / baseline.units_per_day / WEEK_DAYS)
    span = "1 week" if weeks == 1 else f"{weeks:,} weeks"
    sentence = f"to see {effect:g} with a chance of {target:.0%}: {units:,} customers, {span}".replace("%", " %")
    return Sample(units, weeks * WEEK_DAYS, sentence)


def reachable(design: Design, start: Millis) -> int:
    """Return how many of the planned units the scope's volume brings between ``start`` and the end.

    >>> from experiments.design import Arm
    >>> arms = (Arm("control"), Arm("call back"))
    >>> reachable(Design(arms, 1000, Millis(7 * DAY), "v1", Baseline(70.0, 900.0, 60.0)), Millis(0))
    420
    """
    if design.baseline is None:
        return design.units
    days = max(0, design.end - start) / DAY
    return min(design.units, math.floor(design.baseline.units_per_day * days))


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
    return Baseline(mean, variance * (1.0 + (each - 1.0) * alike) / each, customers / history.days)
