"""Whom to call now: an open live contact that has cost too much, or whose journey has sunk too low.

Pure: a rescue is raised at the first moment its rule holds, found on the facts, whether an event or silence (a wait
that goes on, a promise that falls due) made it hold, so that it does not matter when anyone looked.
History and imports never ring a phone. What people do with the list is not here.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from models.customers import CustomerState
from models.effects import RescueRow
from models.facts import AnyFact, ContactFact, IncidentFact, PromiseFact
from models.identifiers import FULL, Centi, Millis, Subject
from models.policy import Policy
from models.scoring.budgets import joined
from models.scoring.contact import SECOND, Contact, raw_losses, wait_loss
from models.scoring.incident import score_incident
from models.scoring.journey import Journey, repair_of, score_journey
from models.scoring.membership import journeys_of
from models.scoring.promise import score_promise

RESOLVED = "resolved"
PHONE = "phone"


@dataclass(frozen=True, slots=True)
class Raised:
    """When the rule first held, for which contact, and the journey as it stood."""

    at: Millis
    contact: Contact
    journey: Journey


def rescues_of(subject: Subject, journeys: Iterable[Journey], policy: Policy, asof: int) -> list[RescueRow]:
    """Return the rescues of a customer's ``journeys`` up to ``asof``: at most one for each."""
    rows = (rescue_of(subject, journey, policy, asof) for journey in journeys)
    return [row for row in rows if row is not None]


def rescue_now(subject: Subject, state: CustomerState, policy: Policy, now: int) -> list[RescueRow]:
    """Return the rescues that belong on the list as of ``now``: not resolved, and younger than the policy's stay."""
    journeys = journeys_of(state.facts, policy, {frozen.key for frozen in state.frozen})
    rows = rescues_of(subject, journeys, policy, now)
    return [row for row in rows if row.left_why != RESOLVED and now - row.raised_at < policy.rescue_stay]


def rescue_of(subject: Subject, journey: Journey, policy: Policy, asof: int) -> RescueRow | None:
    """Return the one rescue of ``journey``, if its rule held at any moment up to ``asof``."""
    raised = raised_of(journey, policy, asof)
    if raised is None:
        return None
    first = raised.contact.first
    score = score_journey(raised.journey, policy, raised.at)
    left_at, left_why = _left(journey, first.contact, raised.at)
    return RescueRow(
        subject=subject,
        journey=journey.key,
        contact=first.contact,
        raised_at=raised.at,
        score=Centi(FULL if score.inferred is None else score.inferred),
        causes=dict(sorted(score.lost.items(), key=lambda line: (-line[1], line[0]))[:2]),
        waited=sum(raised.contact.waits_at(raised.at)) // SECOND,
        act=policy.rescue_act_on_phone if first.channel == PHONE else policy.rescue_act,
        channel=first.channel,
        touchpoint=first.touchpoint,
        left_at=left_at,
        left_why=left_why,
    )


def raised_of(journey: Journey, policy: Policy, asof: int) -> Raised | None:
    """Return the first moment up to ``asof`` at which ``journey`` asked for a rescue."""
    if not any(contact.ever_live for contact in journey.contacts.values()):
        return None
    if _never(journey, policy, asof):
        return None
    watch = _Watch(journey.key, policy)
    lived = journey.lived
    last = len(lived) - 1
    for i, fact in enumerate(lived):
        watch.take(fact)
        if not watch.open:
            continue
        until = asof if i == last else lived[i + 1].time - 1
        at = watch.first_moment(fact.time, until)
        if at is not None and at <= asof:
            contact = watch.in_need(at)
            if contact is not None:
                return Raised(Millis(at), contact, watch.journey)
    return None


def _never(journey: Journey, policy: Policy, asof: int) -> bool:
    """Tell, from the journey as it stands, that its rule cannot ever have held: far cheaper than replaying it.

    What is observed of a contact only grows, unless a record took something back (``lowered``); so what it lost at any
    time is bounded by what it has lost by now, plus what its queues cost by the clock where their lengths were told.
    """
    things = journey.things
    totals: list[int] = []
    for contact in things.contacts.values():
        lost = sum(raw_losses(contact, policy, asof)[0].values())
        if contact.waits is not None and contact.derived and contact.inbound:
            tolerance = policy.tolerated(contact.first.channel)
            lost += sum(wait_loss(waited, tolerance, policy) for waited in contact.derived)
        if contact.lowered or lost >= policy.rescue_treatment:
            return False
        totals.append(lost)
    most = max(policy.late_to, policy.promise_broken)
    totals += [most for promise in things.promises.values() if asof > promise.due or promise.broken_at is not None]
    product: list[int] = []
    for incident in things.incidents.values():
        if incident.lowered:
            return False
        product.append(policy.incident[incident.severity])
    treated = joined(totals, policy.others, policy.treatment_budget)
    return FULL - treated - joined(product, policy.others, policy.product_budget) > policy.rescue_journey


class _Watch:
    """A journey replayed fact by fact, keeping each part's loss so that a fact costs one part's scoring, not all."""

    def __init__(self, key: str, policy: Policy) -> None:
        self.journey = Journey(key)
        self.policy = policy
        self.open: dict[str, Contact] = {}
        """Contacts that are open and live."""
        self.fixed: dict[tuple[str, str], int] = {}
        """Treatment losses that time does not change."""
        self.product: dict[str, int] = {}

    def take(self, fact: AnyFact) -> None:
        journey, policy = self.journey, self.policy
        journey.take(fact)
        if isinstance(fact, ContactFact):
            contact = journey.contacts[fact.contact]
            if contact.ended is None and contact.live:
                self.open[fact.contact] = contact
            else:
                self.open.pop(fact.contact, None)
            self._fix(("contact", fact.contact), None if contact.waiting is not None else self._contact(contact, 0))
        elif isinstance(fact, PromiseFact):
            promise = journey.promises[fact.promise]
            points = None if promise.pending else sum(score_promise(promise, policy, 0)[0].values())
            self._fix(("promise", fact.promise), points)
        elif isinstance(fact, IncidentFact):
            points = sum(score_incident(journey.incidents[fact.incident], policy).values())
            self.product[fact.incident] = min(policy.product_budget, points)

    def first_moment(self, start: int, until: int) -> int | None:
        """Return the first moment in ``[start, until]`` at which a contact is in need (in silence, need only grows)."""
        if self.in_need(start) is not None:
            return start
        if until <= start or not self._grows or self.in_need(until) is None:
            return None
        low, high = start, until
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.in_need(middle) is not None else (middle, high)
        return high

    def in_need(self, at: int) -> Contact | None:
        """Return the latest open live contact to rescue as of ``at``."""
        policy = self.policy
        low = self._journey_score(at) <= policy.rescue_journey
        for contact in reversed(self.open.values()):
            if low or self._treated(contact, at) >= policy.rescue_treatment:
                return contact
        return None

    @property
    def _grows(self) -> bool:
        """Time alone changes a loss: someone waits, or a promise is not yet kept."""
        journey = self.journey
        return any(c.waiting is not None for c in journey.contacts.values()) or any(
            p.pending for p in journey.promises.values()
        )

    def _journey_score(self, at: int) -> int:
        policy, journey = self.policy, self.journey
        totals = list(self.fixed.values())
        totals += [self._contact(c, at) for c in journey.contacts.values() if c.waiting is not None]
        totals += [sum(score_promise(p, policy, at)[0].values()) for p in journey.promises.values() if p.pending]
        treated = joined(totals, policy.others, policy.treatment_budget)
        failed = joined(list(self.product.values()), policy.others, policy.product_budget)
        return FULL - treated + treated * repair_of(journey.things, policy) // 100 - failed

    def _treated(self, contact: Contact, at: int) -> int:
        if contact.waiting is not None:
            return self._contact(contact, at)
        return self.fixed[("contact", contact.id)]

    def _contact(self, contact: Contact, at: int) -> int:
        return min(self.policy.treatment_budget, sum(raw_losses(contact, self.policy, at)[0].values()))

    def _fix(self, part: tuple[str, str], points: int | None) -> None:
        if points is None:
            self.fixed.pop(part, None)
        else:
            self.fixed[part] = min(self.policy.treatment_budget, points)


def _left(journey: Journey, contact: str, raised_at: int) -> tuple[Millis | None, str | None]:
    """Return when and why the rescue's contact was left: resolved then or in a later contact, else as it ended."""
    ends = [c.ended for c in journey.contacts.values() if c.resolved and c.ended is not None and c.ended >= raised_at]
    if ends:
        return min(ends), RESOLVED
    own = journey.contacts[contact]
    return own.ended, None if own.ended is None else own.outcome or "ended"
