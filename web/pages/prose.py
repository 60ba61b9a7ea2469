"""A journey told in sentences, from its ledger by event: what happened, what it cost, where it stands."""

from collections.abc import Sequence

from models.facts import AnyFact, ContactFact, IncidentFact, LoyaltyFact, PromiseFact
from models.scoring.ledger import EventLine
from web.pages.formats import duration, points
from web.pages.words import cause_words

PHRASES: dict[tuple[str, str], str] = {
    ("contact", "queued"): "waits on {channel}",
    ("contact", "answered"): "is answered on {channel}",
    ("contact", "progress"): "goes on, on {channel}",
    ("contact", "transferred"): "is transferred",
    ("contact", "ended"): "is done on {channel}",
    ("contact", "resolved"): "has the matter resolved on {channel}",
    ("contact", "unresolved"): "leaves {channel} with nothing resolved",
    ("contact", "abandoned"): "gives up on {channel}",
    ("contact", "transfer_failed"): "is dropped by a failed transfer on {channel}",
    ("incident", "minor"): "suffers a minor incident",
    ("incident", "major"): "suffers a major incident",
    ("incident", "outage"): "suffers an outage",
    ("incident", "restored"): "has service again",
    ("promise", "made"): "is promised something",
    ("promise", "kept"): "gets what was promised",
    ("promise", "broken"): "is told a promise will not be kept",
    ("complaint", ""): "complains",
    ("recovery", ""): "is offered amends",
    ("answer", ""): "answers a survey",
    ("voice", ""): "speaks in public",
    ("loyalty", "purchase"): "buys",
    ("loyalty", "renewal"): "renews",
    ("loyalty", "departure"): "leaves the company",
    ("loyalty", "referral"): "recommends the company",
}


def happened(fact: AnyFact) -> str:
    """Return what ``fact`` says, as the predicate of a sentence about the customer."""
    kind = str(fact.__struct_config__.tag)
    return PHRASES.get((kind, _state(fact)), "goes on").format(channel=fact.channel)


def _state(fact: AnyFact) -> str:
    match fact:
        case ContactFact():
            return fact.outcome or fact.phase
        case IncidentFact():
            return fact.severity if fact.restored is None else "restored"
        case PromiseFact():
            return "broken" if fact.broken else "made" if fact.done is None else "kept"
        case LoyaltyFact():
            return fact.kind
        case _:
            return ""


def sentence(line: EventLine, fact: AnyFact | None) -> str:
    """Return one line of the ledger as a sentence's middle: what happened, because of what, how many points."""
    told = "time passes" if fact is None else happened(fact)
    if line.delta >= 0:
        return told if line.delta == 0 else f"{told} (+{points(line.delta)})"
    because = " and ".join(cause_words(cause) for cause in line.because)
    return f"{told}: {because or 'the losses add up'} (−{points(-line.delta)})"


def told(lines: Sequence[EventLine], facts: Sequence[AnyFact]) -> str:
    """Return the journey as a paragraph: the lines that moved the score, with how long it took and where it ended."""
    by_identity = {fact.identity: fact for fact in facts}
    moving = [line for line in lines if line.delta]
    if not moving:
        return "Nothing was lost that we can see."
    told_lines = [sentence(line, by_identity.get(line.event) if line.event else None) for line in moving]
    took = moving[-1].at - moving[0].at
    after = moving[-1].after
    ending = (
        f"After {duration(took)} the journey stands at {points(after)}." if took else f"It stands at {points(after)}."
    )
    return "The customer " + "; then ".join(told_lines) + ". " + ending
