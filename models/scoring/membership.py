"""Which fact belongs to which journey: decided on a customer's facts in time order, policy-free but for the windows.

Lived facts (contact, promise, incident, complaint, voice, recovery, loyalty) make journeys; answers attach to what
they were asked about; exposures, surveys sent, NPS and what the team says of itself belong to none.
"""

from collections.abc import Collection, Iterable

from models.facts import (
    AnswerFact,
    AnyFact,
    AskedFact,
    ComplaintFact,
    ContactFact,
    ExposureFact,
    IncidentFact,
    InsideFact,
    LoyaltyFact,
    PromiseFact,
    RecoveryFact,
    VoiceFact,
)
from models.policy import Policy
from models.scoring.journey import Journey

_APART = (ExposureFact, InsideFact)
_THINGS: dict[type, str] = {
    ContactFact: "contact",
    PromiseFact: "promise",
    IncidentFact: "incident",
    RecoveryFact: "recovery",
    ComplaintFact: "complaint",
    VoiceFact: "",
    LoyaltyFact: "",
}
"""What is lived, and by which id its updates follow it (nothing, where each fact stands for itself)."""


def journeys_of(facts: Iterable[AnyFact], policy: Policy, taken: Collection[str] = ()) -> list[Journey]:
    """Return the journeys of one customer's ``facts`` (in ``order``), each as it stands, oldest first.

    ``taken`` are the keys that frozen journeys hold. A fact follows the thing it tells of (a contact, a promise, an
    incident …) to that thing's first journey; else it joins the journey it names, if that was last lived at most
    ``policy.same_journey`` before, or opens a new one of that name; else it joins the customer's latest journey, if
    lived within ``policy.journey_window``; else it opens a new one, named by its time. What came too late is alone.
    """
    return _Grouping(policy, taken).grouped(facts)


def of_journeys(fact: AnyFact) -> bool:
    """Tell whether ``fact`` belongs to a journey at all."""
    if isinstance(fact, AnswerFact):
        return fact.instrument != "nps"
    return not isinstance(fact, (ExposureFact, InsideFact, AskedFact))


class _Grouping:
    """One pass over the facts, then the answers over what that pass made."""

    def __init__(self, policy: Policy, taken: Collection[str]) -> None:
        self.policy = policy
        self.keys = set(taken)
        self.journeys: list[Journey] = []
        self.homes: dict[tuple[str, str], Journey] = {}
        self.named: dict[str, Journey] = {}
        self.latest: Journey | None = None
        self.surveys: dict[str, AskedFact] = {}
        self.answers: list[tuple[AnswerFact, Journey | None]] = []

    def grouped(self, facts: Iterable[AnyFact]) -> list[Journey]:
        homes = self.homes
        for fact in facts:
            thing = _THINGS.get(type(fact))
            if thing is None or fact.alone:
                self._not_lived(fact)
                continue
            if thing:
                update = (thing, getattr(fact, thing))
                journey = homes.get(update)
                if journey is None:
                    journey = homes[update] = self._home(fact)
            else:
                journey = self._home(fact)
            journey.lived.append(fact)
            self.latest = journey
        for answer, latest in self.answers:
            self._answered(answer, latest)
        return self.journeys

    def _not_lived(self, fact: AnyFact) -> None:
        """Note what makes no journey that others join: a survey, an answer, what came too late."""
        if isinstance(fact, AskedFact):
            self.surveys[fact.survey] = fact
        elif isinstance(fact, AnswerFact):
            if fact.instrument != "nps":
                self.answers.append((fact, self.latest))
        elif not isinstance(fact, _APART):
            self._alone(fact).take(fact)

    def _home(self, fact: AnyFact) -> Journey:
        return self._near(fact) if fact.journey is None else self._named(fact, fact.journey)

    def _named(self, fact: AnyFact, name: str) -> Journey:
        journey = self.named.get(name)
        if journey is None or fact.time - journey.ended > self.policy.same_journey:
            journey = self.named[name] = self._new(name)
        return journey

    def _near(self, fact: AnyFact) -> Journey:
        journey = self.latest
        if journey is None or fact.time - journey.ended > self.policy.journey_window:
            journey = self._new(f"@{fact.time}")
        return journey

    def _alone(self, fact: AnyFact) -> Journey:
        return self._new(f"late:{fact.source}/{fact.id}")

    def _new(self, name: str) -> Journey:
        key, n = name, 2
        while key in self.keys:
            key, n = f"{name}~{n}", n + 1
        self.keys.add(key)
        journey = Journey(key)
        self.journeys.append(journey)
        return journey

    def _answered(self, answer: AnswerFact, latest: Journey | None) -> None:
        """Attach ``answer`` to the contact it names, else to the journey it names, else to the latest before it.

        What it does not name, the survey it answers may. A journey it names that nothing was lived in is made for it.
        """
        asked = None if answer.survey is None else self.surveys.get(answer.survey)
        contact, name = answer.contact, answer.journey
        if asked is not None:
            contact = asked.contact if contact is None else contact
            name = asked.journey if name is None else name
        if answer.alone:
            self._alone(answer).hear(answer, contact)
            return
        home = None if contact is None else self.homes.get(("contact", contact))
        if home is None and name is not None:
            home = self.named.get(name)
            if home is None:
                home = self.named[name] = self._new(name)
        if home is None:
            home = latest if latest is not None else self._new(f"@{answer.time}")
        home.hear(answer, contact)
