"""What a target can be set on: each metric as a ratio of sums that day cells keep, its direction, its worthwhile size.

The scores of docs/method.md §2 (``contact_score``, ``journey_score``, ``customer_score``), the good-contact rate, and
the three measures of a queue that are tied to each other (``wait``, ``service_level``, ``abandonment``). A metric whose
sums no source sends has no observations: it is never judged, and never read as perfect.
"""

from dataclasses import dataclass
from difflib import get_close_matches

from models.cells import Unit
from models.errors import Fault, InvalidInput
from models.identifiers import FULL

QUEUE = frozenset({"wait", "service_level", "abandonment"})
"""Measures of one queue that hang together (see ``models.targets.conflicts``)."""

SCORES = ("contact_score", "journey_score", "customer_score")
"""The named metrics searched for drops against their own past."""


@dataclass(frozen=True, slots=True)
class Metric:
    """A ratio ``scale * numerator / denominator`` of two cell counts.

    ``worthwhile`` is δ of docs/method.md §3: the least difference worth detecting, in the metric's unit. ``said`` and
    ``gap`` name the counts of the answered units and of Σ(inferred − said) over them; only scores have them.
    """

    name: str
    unit: Unit
    numerator: str
    denominator: str
    scale: float
    low: float
    high: float
    worthwhile: float
    higher_is_better: bool = True
    said: str | None = None
    gap: str | None = None
    words: str = "points"

    @property
    def sign(self) -> int:
        """+1 when more is better, −1 when less is."""
        return 1 if self.higher_is_better else -1


def _score(unit: Unit) -> Metric:
    return Metric(
        name=f"{unit}_score",
        unit=unit,
        numerator=f"{unit}.f",
        denominator=f"{unit}.n",
        scale=100 / FULL,
        low=0.0,
        high=100.0,
        worthwhile=5.0,
        said=f"{unit}.said",
        gap=f"{unit}.gap",
    )


def _share(name: str, numerator: str, denominator: str, *, higher_is_better: bool = True) -> Metric:
    return Metric(
        name=name,
        unit="contact",
        numerator=numerator,
        denominator=denominator,
        scale=100.0,
        low=0.0,
        high=100.0,
        worthwhile=5.0,
        higher_is_better=higher_is_better,
        words="%",
    )


METRICS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        _score("contact"),
        _score("journey"),
        _score("customer"),
        _share("good_contact_rate", "contact.good", "contact.n"),
        Metric(
            "wait",
            "contact",
            "contact.wait_s",
            "contact.queued",
            1.0,
            0.0,
            2_592_000.0,
            30.0,
            higher_is_better=False,
            words="s",
        ),
        _share("service_level", "contact.served_in_time", "contact.queued"),
        _share("abandonment", "contact.abandoned", "contact.observed.abandoned", higher_is_better=False),
    )
}


def metric_named(name: str, field: str = "metric") -> Metric:
    """Return the metric of that name; raises ``InvalidInput`` naming the nearest ones.

    >>> metric_named("journey_score").unit
    'journey'
    >>> metric_named("abandonement")
    Traceback (most recent call last):
    models.errors.InvalidInput: metric: 'abandonement' is not a metric; did you mean 'abandonment'?
    """
    if name in METRICS:
        return METRICS[name]
    raise InvalidInput(str(unknown(field, name, "a metric", list(METRICS))))


def unknown(field: str, name: str, what: str, known: list[str]) -> Fault:
    """Return the fault "not known" with the nearest known names as remedy.

    >>> print(unknown("scope", "chanel:phone", "a declared scope", ["all", "channel:phone"]))
    scope: 'chanel:phone' is not a declared scope; did you mean 'channel:phone'?
    >>> print(unknown("scope", "zzz", "a declared scope", ["all"]))
    scope: 'zzz' is not a declared scope; use one of 'all'
    """
    near = get_close_matches(name, known, n=3, cutoff=0.6)
    listed = ", ".join(repr(each) for each in (near or sorted(known)[:12]))
    remedy = f"did you mean {listed}?" if near else f"use one of {listed}"
    return Fault("unknown", field, f"{name!r} is not {what}", remedy)
