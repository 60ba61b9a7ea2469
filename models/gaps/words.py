"""What is said of a gap, in plain words."""

from models.gaps.metrics import Metric
from models.gaps.rules import GapRules

ONE = {"contact": "contact", "journey": "journey", "customer": "customer"}


def counted(count: int, unit: str) -> str:
    """Return a count with its noun.

    >>> counted(1, "contact"), counted(1204, "journey")
    ('1 contact', '1,204 journeys')
    """
    return f"{count:,} {unit}" + ("" if count == 1 else "s")


def amount(value: float, metric: Metric) -> str:
    """Return a value with its unit as it is read.

    >>> from models.gaps.metrics import METRICS
    >>> amount(2.65, METRICS["journey_score"]), amount(12.0, METRICS["abandonment"]), amount(95.0, METRICS["wait"])
    ('2.6 points', '12.0 %', '95 s')
    """
    return f"{value:.0f} s" if metric.words == "s" else f"{value:.1f} {metric.words}"


def not_enough(days: int, units: int, groups: int, rules: GapRules, unit: str = "contact") -> str | None:
    """Return what is missing to the floor in words, or ``None`` when there is enough.

    >>> not_enough(9, 400, 32, GapRules())
    'not enough data: 9 of 14 days'
    >>> not_enough(20, 12, 8, GapRules())
    'not enough data: 12 of 30 contacts, 8 of 10 customer groups'
    """
    parts = []
    if days < rules.floor_days:
        parts.append(f"{days} of {rules.floor_days} days")
    if units < rules.floor_units:
        parts.append(f"{units} of {counted(rules.floor_units, unit)}")
    if groups < rules.floor_groups:
        parts.append(f"{groups} of {rules.floor_groups} customer groups")
    return "not enough data: " + ", ".join(parts) if parts else None


WEAK = "days depend on each other: weak evidence"
"""Said beyond a day-to-day correlation of .6."""
