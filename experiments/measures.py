"""What an experiment can measure on a unit: how its integers become a figure people read.

A unit row keeps (n, total) in integers. A *ratio* is Σtotal/Σn (points per journey); a *mean* is Σtotal/units (contacts
per customer). Which way is good is the plan's to say, not the metric's.
"""

from dataclasses import dataclass
from typing import Literal

from models.causes import Cause
from models.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric: how units combine, what one integer of ``total`` is worth, and its name in both languages."""

    metric: str
    kind: Literal["ratio", "mean"]
    scale: float
    english: str
    french: str

    @property
    def on_days(self) -> bool:
        """Whether a scope's day cells tell it, as they do scores, points lost and good contacts."""
        return self.metric.endswith("_score") or self.metric.startswith("loss.") or self.metric == "good_contact"


_KNOWN = (
    Measure("contact_score", "ratio", 0.01, "the contact score", "le score de contact"),
    Measure("journey_score", "ratio", 0.01, "the journey score", "le score de parcours"),
    Measure("customer_score", "ratio", 0.01, "the customer score", "le score client"),
    Measure("good_contact", "ratio", 100.0, "the share of good contacts", "la part de bons contacts"),
    Measure("nps", "ratio", 1.0, "the NPS", "le NPS"),
    Measure("csat", "ratio", 0.01, "satisfaction", "la satisfaction"),
    Measure("ces", "ratio", 0.01, "ease", "la facilité"),
    Measure("contacts", "mean", 1.0, "contacts per customer", "le nombre de contacts par client"),
    Measure("complaints", "mean", 1.0, "complaints per customer", "le nombre de réclamations par client"),
    Measure("rescues", "mean", 1.0, "rescues per customer", "le nombre de sauvetages par client"),
    Measure("purchase", "mean", 1.0, "purchases per customer", "le nombre d’achats par client"),
    Measure("renewal", "mean", 1.0, "renewals per customer", "le nombre de renouvellements par client"),
    Measure("departure", "mean", 1.0, "departures per customer", "le nombre de départs par client"),
    Measure("referral", "mean", 1.0, "referrals per customer", "le nombre de parrainages par client"),
)
_LOSSES = tuple(
    Measure(
        f"loss.{cause.value}",
        "ratio",
        0.01,
        f"points lost to “{cause.value.replace('_', ' ')}”",
        f"les points perdus pour « {cause.value} »",
    )
    for cause in Cause
)
MEASURES: dict[str, Measure] = {measure.metric: measure for measure in _KNOWN + _LOSSES}


def measure_of(metric: str) -> Measure:
    """Return the measure called ``metric``; raises ``InvalidInput`` naming the known ones.

    >>> measure_of("loss.wait").kind
    'ratio'
    """
    try:
        return MEASURES[metric]
    except KeyError:
        known = ", ".join(m.metric for m in _KNOWN)
        raise InvalidInput(f"metric: “{metric}” is not known; choose among {known}, loss.<cause>") from None
