"""What a plan can see: the standard error its units will have, and the chance to declare an effect with them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from experiments.design import Baseline, Design
from experiments.designs import ALPHA, Clusters, Switchback
from experiments.power.chance import power_of
from experiments.power.clusters import design_effect
from models.errors import InvalidInput
from models.identifiers import DAY, Millis


@dataclass(frozen=True, slots=True)
class Precision:
    """A standard error (metric's unit) and its degrees of freedom."""

    standard_error: float
    df: float = math.inf


def unit_variance(variance: float, shares: Sequence[float]) -> float:
    """Return the variance of the difference times the total number of units: σ²(1/share_c + 1/share_t).

    >>> unit_variance(100.0, (0.5, 0.5))
    400.0
    """
    return variance * sum(1.0 / share for share in shares)


def precision(units: int, design: Design) -> Precision:
    """Return the precision of the plan's estimate at its end, with ``units`` units in all.

    A rehearsal on past data has measured it; that of customers is carried from as many as it split to ``units``.
    Without one, customers and clusters have a closed form; clusters need to know how much their customers resemble each
    other. Raises ``InvalidInput`` saying what is missing.
    """
    rehearsed = design.rehearsal
    if rehearsed is not None and (design.layout is not None or rehearsed.units):
        factor = rehearsed.units / units if design.layout is None else 1.0
        return Precision(rehearsed.standard_error * math.sqrt(factor), rehearsed.df / factor)
    baseline = design.baseline
    if baseline is None or not baseline.variance > 0.0:
        raise InvalidInput("baseline: no variance of the metric is known; give the scope's mean, variance and volume")
    if design.layout is None:
        return Precision(math.sqrt(unit_variance(baseline.variance, design.shares) / units))
    if isinstance(design.layout, Clusters):
        return _of_clusters(design.layout, units, baseline, design.shares[-1])
    raise InvalidInput(f"rehearsal: the design “{design.kind}” has no formula; rehearse it on past data first")


def _of_clusters(layout: Clusters, units: int, baseline: Baseline, share: float) -> Precision:
    if layout.correlation is None:
        raise InvalidInput("correlation: how much customers of a cluster resemble each other is not known; give ρ")
    total = len(layout.names)
    treated = layout.treated_count(share)
    size = units / total
    of_one = baseline.variance * design_effect(size, layout.correlation) / size
    return Precision(math.sqrt(of_one * (1.0 / treated + 1.0 / (total - treated))), float(max(1, total - 2)))


def precision_after(days: float, design: Design) -> Precision:
    """Return the precision that a plan of another duration would have, everything else being as it is.

    Customers by their rehearsal or closed form, clusters by their closed form, a switchback by its rehearsal, whose
    variance falls as blocks are added. For the others every duration has to be rehearsed: raises ``InvalidInput``.
    """
    if isinstance(design.layout, Switchback) and design.rehearsal is not None:
        factor = design.rehearsal.days / days
        return Precision(design.rehearsal.standard_error * math.sqrt(factor), max(1.0, design.rehearsal.df / factor))
    volume = design.baseline.units_per_day if design.baseline is not None else 0.0
    if not volume > 0.0:
        raise InvalidInput("baseline: the volume per day is not known; the scope's history says too little")
    open_ = design if design.layout is None else replace(design, rehearsal=None)
    return precision(max(1, math.floor(volume * days)), open_)


def power_at(effect: float, units: int, design: Design, alpha: float = ALPHA) -> float:
    """Return the chance that the plan declares a true effect of ``effect`` (metric's unit) with ``units`` units in all.

    Raises ``InvalidInput`` as ``precision`` does.
    """
    if units <= 0:
        return 0.0
    known = precision(units, design)
    return power_of(effect / known.standard_error, design.stopping, known.df, alpha)


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
