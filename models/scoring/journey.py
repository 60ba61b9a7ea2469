"""A journey: everything a customer lived for one need, and its score.

Which facts belong to which journey is decided in ``membership``; how its loss splits into lines is here, how
the lines read as a ledger in ``ledger``.
"""

from collections.abc import Iterable

import msgspec

from models.facts import (
    AnswerFact,
    AnyFact,
    ContactFact,
    IncidentFact,
    LoyaltyFact,
    PromiseFact,
    RecoveryFact,
)
from models.identifiers import FULL, Millis
from models.policy import Policy
from models.scoring.answers import said_of
from models.scoring.budgets import Lines, capped, combined
from models.scoring.contact import Contact, ContactScore, score_contact
from models.scoring.incident import INCIDENT, Incident, score_incident
from models.scoring.promise import Promise, score_promise

Place = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Where a fact happened: touchpoint, channel, source, segment."""


class Things:
    """What a journey's facts tell of, merged fact by fact."""

    __slots__ = ("_place", "contacts", "incidents", "loyalty", "places", "promises", "recoveries")

    def __init__(self) -> None:
        self._place: Place | None = None
        self.contacts: dict[str, Contact] = {}
        self.promises: dict[str, Promise] = {}
        self.incidents: dict[str, Incident] = {}
        self.recoveries: dict[str, bool] = {}
        self.loyalty: list[LoyaltyFact] = []
        self.places: dict[Place, None] = {}

    def take(self, facts: Iterable[AnyFact]) -> None:
        """Merge the next facts into the things they tell of."""
        contacts = self.contacts
        for fact in facts:
            place = (fact.touchpoint, fact.channel, fact.source, fact.segment)
            if place != self._place:  # mostly it is where the fact before was, and comparing is cheaper than hashing
                self._place = place
                self.places[place] = None
            if isinstance(fact, ContactFact):
                contact = contacts.get(fact.contact)
                if contact is None:
                    contacts[fact.contact] = Contact(fact)
                else:
                    contact.take(fact)
            else:
                self._take(fact)

    def _take(self, fact: AnyFact) -> None:
        if isinstance(fact, PromiseFact):
            promise = self.promises.get(fact.promise)
            if promise is None:
                self.promises[fact.promise] = Promise(fact)
            else:
                promise.take(fact)
        elif isinstance(fact, IncidentFact):
            incident = self.incidents.get(fact.incident)
            if incident is None:
                self.incidents[fact.incident] = Incident(fact)
            else:
                incident.take(fact)
        elif isinstance(fact, RecoveryFact):
            self.recoveries[fact.recovery] = fact.completed
        elif isinstance(fact, LoyaltyFact):
            self.loyalty.append(fact)


class Journey:
    """The facts of one journey in order, merged into contacts, promises and incidents when these are asked for.

    Knows no policy and no clock. Most journeys of a customer are grouped and then left alone, hence merged late.
    """

    __slots__ = ("_merged", "_things", "answer", "answers", "asked", "key", "lived")

    def __init__(self, key: str) -> None:
        self.key = key
        self.lived: list[AnyFact] = []
        """Facts that were lived, in order."""
        self.answers: list[tuple[AnswerFact, str | None]] = []
        """Answers in order, each with the contact it is about, or ``None`` for the journey itself."""
        self.answer: AnswerFact | None = None
        """The latest answer about the journey itself."""
        self.asked: dict[str, AnswerFact] = {}
        """The latest answer about each contact, by contact id (also of contacts we know nothing else of)."""
        self._merged = 0
        self._things = Things()

    def take(self, fact: AnyFact) -> None:
        """Take the next lived fact."""
        self.lived.append(fact)

    @property
    def things(self) -> Things:
        """What the facts so far tell of."""
        lived = self.lived
        if self._merged < len(lived):
            self._things.take(lived[self._merged :] if self._merged else lived)
            self._merged = len(lived)
        return self._things

    @property
    def contacts(self) -> dict[str, Contact]:
        """The contacts by id, in the order they began."""
        return self.things.contacts

    @property
    def promises(self) -> dict[str, Promise]:
        """The promises by id."""
        return self.things.promises

    @property
    def incidents(self) -> dict[str, Incident]:
        """The incidents by id."""
        return self.things.incidents

    @property
    def loyalty(self) -> list[LoyaltyFact]:
        """What loyalty did."""
        return self.things.loyalty

    @property
    def places(self) -> dict[Place, None]:
        """Where it was lived, in order."""
        return self.things.places

    @property
    def met(self) -> tuple[Place, ...]:
        """The places it was lived at (or, never lived, answered from), in order."""
        if self.lived:
            return tuple(self.things.places)
        return tuple({(a.touchpoint, a.channel, a.source, a.segment): None for a, _ in self.answers})

    def hear(self, answer: AnswerFact, contact: str | None) -> None:
        """Take the next answer, about ``contact`` or (``None``) about the journey; the latest answer holds."""
        self.answers.append((answer, contact))
        if contact is None:
            self.answer = answer
        else:
            self.asked[contact] = answer

    @property
    def facts(self) -> list[AnyFact]:
        """Every fact of it in order, answers included."""
        if not self.answers:
            return self.lived
        return sorted([*self.lived, *(answer for answer, _ in self.answers)], key=lambda fact: fact.order)

    @property
    def size(self) -> int:
        """How many facts it has, answers included."""
        return len(self.lived) + len(self.answers)

    @property
    def first(self) -> AnyFact:
        """Its first lived fact; of a journey only ever answered about, its first answer."""
        return self.lived[0] if self.lived else self.answers[0][0]

    @property
    def last(self) -> AnyFact:
        """Its last lived fact; of a journey only ever answered about, its last answer."""
        return self.lived[-1] if self.lived else self.answers[-1][0]

    @property
    def started(self) -> Millis:
        """When it was first lived (or, never lived, first answered about)."""
        return self.first.time

    @property
    def ended(self) -> Millis:
        """When it was last lived (or, never lived, last answered about)."""
        return self.last.time

    @property
    def last_event(self) -> Millis:
        """When anything of it last happened, answers included."""
        return max(self.answers[-1][0].time, self.last.time) if self.answers else self.last.time

    @property
    def open(self) -> bool:
        """A contact has not ended."""
        return None in [contact.ended for contact in self.contacts.values()]

    @property
    def live(self) -> bool:
        """Its last fact was lived now, neither imported nor beyond the late horizon."""
        return not (self.last.history or self.last.alone)


class JourneyScore(msgspec.Struct, frozen=True, gc=False):
    """What a journey cost. ``inferred = 10 000 − Σ lost + repaired``, exactly; ``None`` where no rule could fire.

    ``contacts`` are in the order the contacts began; ``seen`` are the causes of promises and incidents able to fire.
    """

    inferred: int | None
    said: int | None
    lost: Lines
    treatment: int
    product: int
    repaired: int
    contacts: list[ContactScore]
    seen: list[str]

    @property
    def shown(self) -> int | None:
        """The score on the page: what the customer said, else what the events say."""
        return self.inferred if self.said is None else self.said

    @property
    def unexplained(self) -> int:
        """What the customer said is lost beyond what the events explain; negative when they were kinder."""
        if self.said is None:
            return 0
        return (FULL if self.inferred is None else self.inferred) - self.said


def repair_of(things: Things, policy: Policy) -> int:
    """Return κ in per cent: what the latest contact's resolution and the completed recoveries give back."""
    kappa = policy.repair_recovery * sum(things.recoveries.values()) if things.recoveries else 0
    if things.contacts and next(reversed(things.contacts.values())).resolved:
        kappa += policy.repair_resolved
    return min(kappa, policy.repair_most)


def score_journey(journey: Journey, policy: Policy, asof: int) -> JourneyScore:
    """Return the score of ``journey`` as of ``asof``: J = 100 − (1−κ)·L_treatment − L_product, in hundredths."""
    things = journey.things
    contacts, treatment = _contacts(things, journey.asked, policy, asof)
    seen: list[str] = []
    for promise in things.promises.values():
        lost, able = score_promise(promise, policy, asof)
        if able:
            seen += able
            treatment.append(capped(lost, policy.treatment_budget))
    product: list[tuple[int, Lines]] = []
    for incident in things.incidents.values():
        seen.append(INCIDENT)
        product.append(capped(score_incident(incident, policy), policy.product_budget))
    said = None if journey.answer is None else said_of(journey.answer)
    if not (treatment or product):
        return JourneyScore(None, said, {}, 0, 0, 0, contacts, seen)
    treated, lines = combined(treatment, policy.others, policy.treatment_budget)
    failed = 0
    if product:
        failed, more = combined(product, policy.others, policy.product_budget)
        lines = lines | more
    repaired = treated * repair_of(things, policy) // 100 if treated else 0
    inferred = FULL - treated + repaired - failed
    return JourneyScore(inferred, said, lines, treated, failed, repaired, contacts, seen)


def _contacts(
    things: Things, asked: dict[str, AnswerFact], policy: Policy, asof: int
) -> tuple[list[ContactScore], list[tuple[int, Lines]]]:
    """Return the contacts' scores, and what those that could be scored lost."""
    scores: list[ContactScore] = []
    lost: list[tuple[int, Lines]] = []
    for key, contact in things.contacts.items():
        score = score_contact(contact, policy, asof, said_of(asked[key]) if key in asked else None)
        scores.append(score)
        if score.seen:
            lost.append((score.loss, score.lost))
    return scores, lost
