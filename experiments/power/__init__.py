"""Before anything starts: how many units, for how long, what could be seen, and what the past says of the design.

``chance`` is the arithmetic of power, ``planned`` a plan's standard error, ``duration`` weeks and effects, ``history``
and ``clusters`` what the past says of the units, ``rehearsing`` what the design finds where nothing was changed.
"""

from experiments.power.chance import ENOUGH, LEAST, power_of, shift_needed, target_power
from experiments.power.clusters import Likeness, design_effect, likeness_of
from experiments.power.duration import (
    Detectable,
    Sample,
    by_week,
    sample_size,
    smallest_effect,
    weeks_needed,
)
from experiments.power.history import History, baseline_of
from experiments.power.planned import Precision, power_at, precision, precision_after, reachable, unit_variance
from experiments.power.rehearsing import rehearse_customers, rehearse_layout

__all__ = [
    "ENOUGH",
    "LEAST",
    "Detectable",
    "History",
    "Likeness",
    "Precision",
    "Sample",
    "baseline_of",
    "by_week",
    "design_effect",
    "likeness_of",
    "power_at",
    "power_of",
    "precision",
    "precision_after",
    "reachable",
    "rehearse_customers",
    "rehearse_layout",
    "sample_size",
    "shift_needed",
    "smallest_effect",
    "target_power",
    "unit_variance",
    "weeks_needed",
]
