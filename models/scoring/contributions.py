"""What a customer's journeys add to the cells: one contribution per contact, per journey, per customer at a journey.

Pure and repeatable: the fold keeps what it applied and adds *new − applied*, so the cells are exact whatever
came first. For every scored unit, in hundredths: ``10 000 · n − f = Σ loss − repaired + unexplained + earlier``.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from models.causes import Cause
from models.cells import Contribution, Counts, Unit
from models.customers import FrozenJourney
from models.definitions import DeclaredScopes
from models.facts import AnswerFact
from models.identifiers import FULL, SECOND
from models.policy import Policy
from models.rounding import apportioned, nearest
from models.scoring.answers import is_good, said_of
from models.scoring.contact import Contact, ContactScore
from models.scoring.customer import Remembered, Standing
from models.scoring.journey import Journey, JourneyScore, score_journey
from models.scoring.scopes import book_of

REPAIRED = "repaired"
UNEXPLAINED = "unexplained"


class Keys:
    """The keys of one unit's counts, made once: a key is written for every touched customer."""

    __slots__ = (
        "f",
        "ff",
        "gap",
        "gap2",
        "good",
        "loss",
        "n",
        "observed",
        "only",
        "repaired",
        "said",
        "shown",
        "shown2",
        "unexplained",
        "unscored",
    )

    def __init__(self, unit: Unit) -> None:
        self.n, self.f, self.ff = f"{unit}.n", f"{unit}.f", f"{unit}.ff"
        self.shown, self.shown2 = f"{unit}.shown", f"{unit}.shown2"
        self.said, self.gap, self.gap2 = f"{unit}.said", f"{unit}.gap", f"{unit}.gap2"
        self.only, self.unexplained, self.repaired = f"{unit}.only", f"{unit}.unexplained", f"{unit}.repaired"
        self.good, self.unscored = f"{unit}.good", f"{unit}.unscored"
        self.loss = {cause.value: f"{unit}.loss.{cause.value}" for cause in Cause}
        self.observed = {cause.value: f"{unit}.observed.{cause.value}" for cause in Cause}


CONTACT, JOURNEY, CUSTOMER = Keys("contact"), Keys("journey"), Keys("customer")


class Scored(NamedTuple):
    """A journey with its score under one policy."""

    journey: Journey
    score: JourneyScore


def contributions(
    journeys: Sequence[Journey],
    frozen: Iterable[FrozenJourney],
    policy: Policy,
    declared: DeclaredScopes,
    asof: int,
) -> dict[str, tuple[Contribution, ...]]:
    """Return, by journey key, everything ``journeys`` contribute as of ``asof`` under one policy.

    ``frozen`` journeys contribute nothing any more, but a customer remembers them.
    """
    scored = [Scored(journey, score_journey(journey, policy, asof)) for journey in journeys]
    persons = customer_contributions(scored, frozen, policy, declared)
    found: dict[str, tuple[Contribution, ...]] = {}
    for journey, score in scored:
        own = journey_contributions(Scored(journey, score), policy, declared, asof)
        person = persons.get(journey.key)
        found[journey.key] = own if person is None else (*own, person)
    return found


def journey_contributions(
    scored: Scored, policy: Policy, declared: DeclaredScopes, asof: int
) -> tuple[Contribution, ...]:
    """Return what one journey contributes by itself: its contacts, and the journey. Depends on no other journey."""
    journey, score = scored
    book = book_of(declared)
    version = policy.version
    parts: list[Contribution] = []
    for contact, points in zip(journey.contacts.values(), score.contacts, strict=True):
        first = contact.first
        scopes = book.of_contact((first.touchpoint, first.channel, first.source, first.segment))
        counts = _contact_counts(journey, contact, points, policy, asof)
        parts.append(Contribution(version, scopes, first.time, not (first.history or first.alone), counts))
    if journey.asked:
        parts.extend(_only_said(journey, policy, declared))
    last = journey.last
    live = not (last.history or last.alone)
    counts = _journey_counts(scored, policy)
    parts.append(Contribution(version, book.of_journey(journey.met), journey.started, live, counts))
    return tuple(parts)


def customer_contributions(
    scored: Iterable[Scored], frozen: Iterable[FrozenJourney], policy: Policy, declared: DeclaredScopes
) -> dict[str, Contribution]:
    """Return, by journey key, the customer's score as each journey ended, from it and what was lived before."""
    return remembered(scored, frozen, policy, declared)[0]


def remembered(
    scored: Iterable[Scored], frozen: Iterable[FrozenJourney], policy: Policy, declared: DeclaredScopes
) -> tuple[dict[str, Contribution], Remembered]:
    """Return what ``customer_contributions`` does, and all that the customer remembers after the last journey."""
    memory = Remembered(policy)
    book = book_of(declared)
    found: dict[str, Contribution] = {}
    for standing, one in in_order(scored, frozen, policy):
        mass = memory.add(standing)
        if one is not None:
            journey = one.journey
            scopes = book.of_person(journey.met)
            counts = _customer_counts(memory, one, mass)
            found[journey.key] = Contribution(policy.version, scopes, journey.started, journey.live, counts)
    return found, memory


def in_order(
    scored: Iterable[Scored], frozen: Iterable[FrozenJourney], policy: Policy
) -> list[tuple[Standing, Scored | None]]:
    """Return every journey that has a score, frozen or not, in the order they ended."""
    standings: list[tuple[Standing, Scored | None]] = []
    version = policy.version
    for old in frozen:
        level = old.scores.get(version)
        if level is not None:
            standings.append((Standing(old.ended, old.key, level, old.said), None))
    for one in scored:
        journey, score = one
        shown = score.shown
        if shown is not None:
            standings.append((Standing(journey.ended, journey.key, shown, score.said is not None), one))
    standings.sort(key=lambda pair: pair[0][:2])
    return standings


def seeds_of(journey: Journey, contact: Contact, policy: Policy, asof: int) -> list[str]:
    """Return the seeds this contact planted: the good there is beyond nothing being lost.

    ``first_time``: the first contact of its journey ended resolved, and no other came within the journey window after.
    """
    seeds: list[str] = []
    if not contact.inbound:
        seeds.append("proactive")
    elif _quiet_since(contact, policy, asof) and solved_first_time(journey, contact, policy):
        seeds.append("first_time")
    if contact.thanked:
        seeds.append("thanks")
    return seeds


def solved_first_time(journey: Journey, contact: Contact, policy: Policy) -> bool:
    """Tell whether ``contact`` solved its need at once, as far as the facts go (silence must confirm it)."""
    if contact.ended is None or contact.outcome != "resolved" or not contact.inbound:
        return False
    contacts = journey.contacts.values()
    if contact is not next(iter(contacts)):
        return False
    until = contact.ended + policy.journey_window
    return not any(c is not contact and c.inbound and c.first.time < until for c in contacts)


def _quiet_since(contact: Contact, policy: Policy, asof: int) -> bool:
    return contact.ended is not None and asof >= contact.ended + policy.journey_window


def _contact_counts(journey: Journey, contact: Contact, score: ContactScore, policy: Policy, asof: int) -> Counts:
    answer = None if score.said is None else journey.asked.get(contact.id)
    counts = _unit_counts(CONTACT, score, answer, policy)
    observed = CONTACT.observed
    for cause in score.seen:
        counts[observed[cause]] = 1
    for seed in seeds_of(journey, contact, policy, asof):
        counts[f"contact.seeds.{seed}"] = 1
    _count_queue(counts, contact, policy, asof)
    return counts


def _count_queue(counts: Counts, contact: Contact, policy: Policy, asof: int) -> None:
    """Add what a queue is measured by: seconds waited, contacts that queued, those served in time, those given up.

    Served in time: every queue of the contact within the channel's tolerance, and not abandoned. A wait still running
    counts as long as points are lost to it, and no longer: silence must come to an end of what it changes (``due``).
    """
    abandoned = contact.outcome == "abandoned"
    if abandoned:
        counts["contact.abandoned"] = 1
    waits = contact.waits_at(asof)
    if waits:
        tolerance, waiting = policy.tolerated(contact.first.channel), contact.waiting is not None
        if waiting:
            waits[-1] = min(waits[-1], policy.wait_reach * tolerance)
        counts["contact.queued"] = 1
        waited = sum(waits) // SECOND
        if waited:
            counts["contact.wait_s"] = waited
        if not (waiting or abandoned) and max(waits) <= tolerance:
            counts["contact.served_in_time"] = 1


def _only_said(journey: Journey, policy: Policy, declared: DeclaredScopes) -> Iterable[Contribution]:
    """Yield the contacts of which nothing is known but what the customer said of them."""
    for contact, answer in journey.asked.items():
        said = said_of(answer)
        if said is not None and contact not in journey.contacts:
            counts = _unit_counts(CONTACT, ContactScore(None, said, 0, {}, []), answer, policy)
            place = (answer.touchpoint, answer.channel, answer.source, answer.segment)
            scopes = book_of(declared).of_contact(place)
            yield Contribution(policy.version, scopes, answer.time, not (answer.history or answer.alone), counts)


def _journey_counts(scored: Scored, policy: Policy) -> Counts:
    journey, score = scored
    counts = _unit_counts(JOURNEY, score, journey.answer if score.said is not None else None, policy)
    if score.repaired:
        counts[JOURNEY.repaired] = score.repaired
    observed = JOURNEY.observed
    for cause in score.seen:
        counts[observed[cause]] = 1
    for fact in journey.loyalty:
        _count(counts, f"loyalty.{fact.kind}", 1)
        if fact.kind == "referral":
            _count(counts, "contact.seeds.referral", 1)
        if fact.amount:
            _count(counts, f"loyalty.amount.{fact.kind}", fact.amount)
    return counts


def _unit_counts(keys: Keys, score: ContactScore | JourneyScore, answer: AnswerFact | None, policy: Policy) -> Counts:
    """Return what a contact and a journey count alike; what could not be scored counts only as such."""
    inferred, said = score.inferred, score.said
    shown = inferred if said is None else said
    if shown is None:
        return {keys.unscored: 1}
    f = shown if inferred is None else inferred
    counts: Counts = {keys.n: 1, keys.f: f, keys.ff: f * f, keys.shown: shown, keys.shown2: shown * shown}
    loss = keys.loss
    for cause, points in score.lost.items():
        counts[loss[cause]] = points
    if said is not None:
        counts[keys.said] = 1
        if inferred is None:  # what it lost is unexplained, and there is no gap between events and answer
            counts[keys.only] = 1
            counts[keys.unexplained] = FULL - said
        else:
            counts[keys.gap] = gap = inferred - said
            counts[keys.gap2] = gap * gap
    if is_good(shown, answer, policy):
        counts[keys.good] = 1
    return counts


def _customer_counts(memory: Remembered, one: Scored, mass: int) -> Counts:
    """Return the customer's counts at a journey of weight ``mass``: its share by cause, the rest as ``earlier``."""
    score = nearest(memory.total, memory.mass)
    shown = one.score.shown
    lost = 0 if shown is None else FULL - shown
    total = FULL - score
    share = total if memory.count == 1 else min(total, nearest(mass * lost, memory.mass))
    square = score * score
    keys = CUSTOMER
    counts: Counts = {keys.n: 1, keys.f: score, keys.ff: square, keys.shown: score, keys.shown2: square}
    loss = keys.loss
    for line, points in shared(one.score, share).items():
        if line == REPAIRED:
            counts[keys.repaired] = -points
        else:
            counts[keys.unexplained if line == UNEXPLAINED else loss[line]] = points
    if total != share:
        counts["customer.earlier"] = total - share
    if memory.answered:
        counts["customer.share"] = nearest(memory.answered * FULL, memory.mass)
    if score >= memory.policy.good_score:
        counts[keys.good] = 1
    return counts


def lines_of(score: JourneyScore) -> dict[str, int]:
    """Return what the shown score lost, by line: causes, ``repaired`` (negative) and ``unexplained`` (signed)."""
    lines = dict(score.lost)
    if score.repaired:
        lines[REPAIRED] = -score.repaired
    if score.said is not None and (unexplained := score.unexplained):
        lines[UNEXPLAINED] = unexplained
    return lines


def shared(score: JourneyScore, share: int) -> dict[str, int]:
    """Return the lines of ``score`` scaled to sum to ``share``."""
    lines = lines_of(score)
    lost = sum(lines.values())
    if lost == share:
        return lines
    return apportioned({line: points * share for line, points in lines.items()}, lost, share) if lost else {}


def _count(counts: Counts, key: str, more: int) -> None:
    counts[key] = counts.get(key, 0) + more


__all__ = [
    "Scored",
    "contributions",
    "customer_contributions",
    "in_order",
    "journey_contributions",
    "lines_of",
    "remembered",
    "seeds_of",
    "shared",
    "solved_first_time",
]
