"""What a customer's row remembers of each interaction: compact, typed, free of any policy.

One fact per accepted event. Facts are kept in ``(time, source, id)`` order; everything else about a customer
(journeys, scores, ledgers, rescues, experiment outcomes) is a pure function of them. The contract that
events must meet before they become facts is in ``models.interactions``.
"""

from typing import Literal

import msgspec

from models.identifiers import Millis

Segment = tuple[tuple[str, str], ...]
Phase = Literal["queued", "answered", "progress", "transferred", "ended"]
Outcome = Literal["resolved", "unresolved", "abandoned", "transferred", "transfer_failed"]
Instrument = Literal["nps", "csat", "ces", "custom"]
Severity = Literal["minor", "major", "outage"]
Act = Literal["apology", "refund", "deal", "call_back"]
Loyalty = Literal["purchase", "renewal", "departure", "referral"]


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What every fact says: when, from whom, about which part of the service.

    ``content`` is a signed 64-bit hash of everything the event said, to tell a redelivery from a conflict;
    ``history`` marks what was imported rather than lived now (it is scored, and never rings a phone);
    ``alone`` marks an event that came beyond the late horizon and is scored by itself.
    """

    time: Millis
    source: str
    id: str
    content: int
    history: bool
    alone: bool
    journey: str | None
    touchpoint: str
    channel: str
    staff: str | None
    segment: Segment

    @property
    def order(self) -> tuple[int, str, str]:
        """The one order facts are kept and folded in."""
        return (self.time, self.source, self.id)

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two events the same event."""
        return (self.source, self.id)


class ContactFact(Fact, frozen=True, tag="contact"):
    """One message about one conversation; counts and waits are totals so far, ``None`` is "not observed"."""

    contact: str
    phase: Phase
    direction: Literal["inbound", "outbound"]
    device: str | None
    waits: tuple[int, ...] | None
    """Seconds waited in each queue that ended so far."""
    handling: int | None
    """Seconds."""
    reply_delay: int | None
    """Seconds."""
    steps_repeated: int | None
    context_lost: bool | None
    menu_loops: int | None
    channel_unfit: bool | None
    paid_line: bool | None
    cold_transfers: int | None
    transfers_failed: int | None
    wrong_answers: int | None
    incident_not_told: bool | None
    thanked: bool | None
    outcome: Outcome | None


class PromiseFact(Fact, frozen=True, tag="promise"):
    """Something promised for ``due``; ``done`` when it was kept, ``broken`` when it was given up."""

    promise: str
    contact: str | None
    due: Millis
    done: Millis | None
    broken: bool


class IncidentFact(Fact, frozen=True, tag="incident"):
    """The product or service failed for this customer, until ``restored``."""

    incident: str
    severity: Severity
    restored: Millis | None


class AskedFact(Fact, frozen=True, tag="asked"):
    """A survey left for the customer."""

    survey: str
    contact: str | None
    instrument: Instrument


class AnswerFact(Fact, frozen=True, tag="answer"):
    """A survey came back: ``value`` on a scale from ``low`` to ``high``."""

    survey: str | None
    contact: str | None
    instrument: Instrument
    value: int
    low: int
    high: int


class VoiceFact(Fact, frozen=True, tag="voice"):
    """A public post or review, and when we replied to it."""

    post: str
    platform: str | None
    rating: int | None
    """Hundredths of the way from the worst to the best rating, 0 to 10 000."""
    sentiment: Literal["negative", "neutral", "positive"] | None
    reach: int | None
    replied: Millis | None


class ComplaintFact(Fact, frozen=True, tag="complaint"):
    """The customer complained."""

    complaint: str
    contact: str | None


class RecoveryFact(Fact, frozen=True, tag="recovery"):
    """What we did to make good, and whether it is done."""

    recovery: str
    act: Act
    completed: bool
    amount: int | None
    """Hundredths of the currency unit."""
    case: str | None


class LoyaltyFact(Fact, frozen=True, tag="loyalty"):
    """What loyalty did: bought, renewed, left, recommended."""

    kind: Loyalty
    amount: int | None
    """Hundredths of the currency unit."""
    currency: str | None


class ExposureFact(Fact, frozen=True, tag="exposure"):
    """The customer met an arm of an experiment."""

    experiment: str
    arm: str


class InsideFact(Fact, frozen=True, tag="inside"):
    """The team speaks: a recorded walk-through or an employee's voice."""

    kind: Literal["walkthrough", "staff_voice"]
    rating: int | None
    """Hundredths of the way from worst to best, 0 to 10 000."""


AnyFact = (
    ContactFact
    | PromiseFact
    | IncidentFact
    | AskedFact
    | AnswerFact
    | VoiceFact
    | ComplaintFact
    | RecoveryFact
    | LoyaltyFact
    | ExposureFact
    | InsideFact
)
