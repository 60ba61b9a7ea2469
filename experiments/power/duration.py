"""How many units, for how long; and what can be seen after each week: from the scope's own history."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.design import Baseline, Design
from experiments.power.chance import ENOUGH, power_of, shift_needed
from experiments.power.planned import Precision, precision, precision_after, unit_variance
from experiments.spending import Stopping
from models.errors import InvalidInput

WEEK_DAYS = 7

LONGEST = 104
"""Weeks beyond which nobody waits for an experiment."""


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
    return _sample(effect, target, units, math.ceil(units / baseline.units_per_day / WEEK_DAYS))


def _sample(effect: float, target: float, units: int, weeks: int) -> Sample:
    span = "1 week" if weeks == 1 else f"{weeks:,} weeks"
    sentence = f"to see {effect:g} with a chance of {target:.0%}: {units:,} customers, {span}".replace("%", " %")
    return Sample(units, weeks * WEEK_DAYS, sentence)


def weeks_needed(effect: float, design: Design, target: float = ENOUGH) -> Sample:
    """Return the whole weeks a plan needs to declare ``effect`` with probability ``target``.

    Clusters cannot be bought off with time: raises ``InvalidInput`` naming how many are needed when no number of weeks
    is enough, and as ``precision_after`` does.

    >>> from experiments.design import Arm
    >>> from experiments.designs import Clusters
    >>> from models.identifiers import Millis
    >>> sites = Clusters(tuple(f"site {i}" for i in range(24)), correlation=0.02)
    >>> known = Baseline(mean=70.0, variance=900.0, units_per_day=60.0)
    >>> design = Design((Arm("a"), Arm("b")), 0, Millis(0), "p", known, "cluster", layout=sites)
    >>> weeks_needed(8.0, design).sentence
    'to see 8 with a chance of 80 %: 1,260 customers, 3 weeks'
    """
    for weeks in range(1, LONGEST + 1):
        known = precision_after(weeks * WEEK_DAYS, design)
        if power_of(effect / known.standard_error, design.stopping, known.df) >= target:
            return _sample(effect, target, _units(design, weeks), weeks)
    raise InvalidInput(f"duration: {LONGEST} weeks do not suffice to see {effect:g}; {_remedy(effect, design, target)}")


def _units(design: Design, weeks: int) -> int:
    return math.floor((design.baseline.units_per_day if design.baseline is not None else 0.0) * weeks * WEEK_DAYS)


def _remedy(effect: float, design: Design, target: float) -> str:
    """Return what would make it possible: a larger effect, or more clusters."""
    size = _seen_with(precision_after(LONGEST * WEEK_DAYS, design), design, target)
    if design.layout is None:
        return f"{size:.2g} is what they can show"
    factor = math.ceil((size / effect) ** 2 * 10) / 10
    return f"{size:.2g} is what these clusters can show, or take about {factor:g} times as many"


def _seen_with(known: Precision, design: Design, target: float) -> float:
    return shift_needed(target, design.stopping, known.df) * known.standard_error


def smallest_effect(units: int, design: Design, target: float = ENOUGH) -> float:
    """Return the smallest effect that the plan declares with probability ``target``, with ``units`` units in all.

    >>> from experiments.design import Arm
    >>> from models.identifiers import Millis
    >>> design = Design((Arm("a"), Arm("b")), 0, Millis(0), "p", Baseline(70.0, 900.0, 60.0))
    >>> round(smallest_effect(1195, design), 2)
    5.0
    """
    return _seen_with(precision(units, design), design, target)


@dataclass(frozen=True, slots=True)
class Detectable:
    """After so many ``weeks``, with so many ``units``, the smallest effect seen with a chance of 80 %."""

    weeks: int
    units: int
    effect: float


def by_week(design: Design, weeks: int = 12) -> tuple[Detectable, ...]:
    """Return what each further week would make visible; raises ``InvalidInput`` as ``precision_after`` does.

    >>> from experiments.design import Arm
    >>> from models.identifiers import Millis
    >>> design = Design((Arm("a"), Arm("b")), 0, Millis(0), "p", Baseline(70.0, 900.0, 60.0))
    >>> [(row.weeks, round(row.effect, 1)) for row in by_week(design, 3)]
    [(1, 8.4), (2, 6.0), (3, 4.9)]
    """
    found = []
    for week in range(1, weeks + 1):
        effect = _seen_with(precision_after(week * WEEK_DAYS, design), design, ENOUGH)
        found.append(Detectable(week, _units(design, week), effect))
    return tuple(found)
