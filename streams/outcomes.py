"""What one customer's value of a metric is between two moments, as integers: how many, and their sum.

Scores and losses come from the customer's contributions under the experiment's pinned policy, so that a unit and the
cells never tell different stories; the rest is counted on facts. What values *mean* is for ``experiments.measures``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.cells import Contribution
from models.definitions import DeclaredScopes
from models.facts import AnswerFact, AnyFact, ComplaintFact, LoyaltyFact
from models.identifiers import Millis
from models.scoring.answers import said_of
from models.scoring.scopes import ALL, scopes_of
from models.surveys.nps import PASSIVE, PROMOTER

LOYALTY = frozenset({"purchase", "renewal", "departure", "referral"})


class Span(NamedTuple):
    """From ``first``, up to and without ``beyond``."""

    first: int
    beyond: int


@dataclass(frozen=True, slots=True)
class Lived:
    """What is known of one customer, under one policy."""

    facts: Sequence[AnyFact]
    contributions: Sequence[Contribution]
    rescued: Sequence[Millis]
    """When rescues were raised."""
    declared: DeclaredScopes


def outcome(metric: str, lived: Lived, span: Span, scope: str) -> tuple[int, int]:
    """Return (n, sum) of ``metric`` within ``span``, as far as it happened in ``scope``.

    Scores and losses: hundredths over scored units. ``good_contact``: good ones among scored contacts. ``nps``: 100, 0
    or −100 for each answer; ``csat`` and ``ces``: hundredths of the way up, each. What is counted has n = sum.
    """
    if metric == "rescues":
        times = [at for at in lived.rescued if span.first <= at < span.beyond]
        return len(times), len(times)
    if metric in LOYALTY or metric in {"nps", "csat", "ces", "complaints"}:
        return _on_facts(metric, lived, span, scope)
    n = total = 0
    counted, summed = cell_keys(metric)
    for contribution in lived.contributions:
        if span.first <= contribution.at < span.beyond and scope in contribution.scopes:
            n += sum(contribution.counts.get(key, 0) for key in counted)
            total += sum(contribution.counts.get(key, 0) for key in summed)
    return n, total


def cell_keys(metric: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return which counts make up the n and the sum of ``metric``."""
    if metric.endswith("_score"):
        unit = metric.removesuffix("_score")
        return (f"{unit}.n",), (f"{unit}.shown",)
    if metric == "good_contact":
        return ("contact.n",), ("contact.good",)
    if metric == "contacts":
        both = ("contact.n", "contact.unscored")
        return both, both
    return ("contact.n",), (f"contact.{metric}",)


def _on_facts(metric: str, lived: Lived, span: Span, scope: str) -> tuple[int, int]:
    facts = (
        fact for fact in lived.facts if span.first <= fact.time < span.beyond and _met(fact, scope, lived.declared)
    )
    if metric == "complaints":
        complaints = {fact.complaint for fact in facts if isinstance(fact, ComplaintFact)}
        return len(complaints), len(complaints)
    if metric in LOYALTY:
        n = sum(isinstance(fact, LoyaltyFact) and fact.kind == metric for fact in facts)
        return n, n
    values = _answers(metric, facts)
    return len(values), sum(values)


def _answers(instrument: str, facts: Iterable[AnyFact]) -> list[int]:
    answers = (fact for fact in facts if isinstance(fact, AnswerFact) and fact.instrument == instrument)
    if instrument == "nps":
        return [_promotion(answer.value) for answer in answers]
    return [said for answer in answers if (said := said_of(answer)) is not None]


def _promotion(value: int) -> int:
    return 100 if value >= PROMOTER else 0 if value >= PASSIVE else -100


def _met(fact: AnyFact, scope: str, declared: DeclaredScopes) -> bool:
    return scope == ALL or scope in scopes_of((fact.touchpoint, fact.channel, fact.source, fact.segment), declared)
