"""A journey's two exact ledgers: event by event (changes telescope to the score), and by cause (lines sum to the loss).

Both hold for any history. The customer's ledgers are in ``customer_ledger``.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from models.causes import LABELS, Budget, Cause, Label, budget_of
from models.facts import AnyFact, ContactFact, IncidentFact, PromiseFact, RecoveryFact
from models.identifiers import Millis
from models.policy import Policy
from models.scoring.budgets import Lines
from models.scoring.contact import raw_losses
from models.scoring.contributions import REPAIRED
from models.scoring.incident import score_incident
from models.scoring.journey import Journey, JourneyScore, score_journey
from models.scoring.promise import score_promise
from models.scoring.rules import rule_of

SAID = "said"
"""Said by the customer, not explained by events: the backlog of missing causes."""

SILENCE = "silence"
EventId = tuple[str, str]
"""(source, id) of an event."""


@dataclass(frozen=True, slots=True)
class EventLine:
    """What one event did to the score: ``delta`` hundredths, leaving it at ``after`` (``None``: not enough data yet).

    ``because`` names the causes this event brought or worsened; ``moved`` says how every line of the ledger by cause
    moved (points lost, so ``delta = −Σ moved``). ``event`` is ``None`` where only time passed.
    """

    at: Millis
    event: EventId | None
    kind: str
    contact: str | None
    delta: int
    after: int | None
    because: tuple[str, ...]
    moved: Lines


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Points lost to one cause, by which rule and in which events.

    Two lines are not causes: ``repaired`` (negative) and ``said`` (signed; said by the customer, not explained by
    events).
    """

    cause: str
    points: int
    budget: Budget | None
    label: Label | None
    rule: str
    events: tuple[EventId, ...]


@dataclass(frozen=True, slots=True)
class CauseLedger:
    """The lines, largest first, which sum exactly to ``10 000 − score``; and the labels nothing was observed of."""

    score: int | None
    lines: tuple[CauseLine, ...]
    not_observed: tuple[Label, ...]


def ledger_by_event(journey: Journey, policy: Policy, asof: int) -> list[EventLine]:
    """Return one line per lived event, then what silence did up to ``asof``, then what the customer said.

    The changes sum exactly to the shown score − 10 000.
    """
    final = score_journey(journey, policy, asof)
    lines: list[EventLine] = []
    walk = Journey(journey.key)
    before: Lines = {}
    for fact in journey.lived:
        raw = _raw_of(walk, fact, policy)
        walk.take(fact)
        now = score_journey(walk, policy, fact.time)
        because = tuple(c for c, points in _raw_of(walk, fact, policy).items() if points > raw.get(c, 0))
        lost = _explained(now)
        contact = fact.contact if isinstance(fact, ContactFact) else None
        moved = _moved(before, lost)
        delta = -sum(moved.values())
        kind = fact.__struct_config__.tag
        lines.append(EventLine(fact.time, fact.identity, str(kind), contact, delta, now.inferred, because, moved))
        before = lost
    return [*lines, *_closing(journey, final, before, asof)]


def ledger_by_cause(journey: Journey, policy: Policy, asof: int) -> CauseLedger:
    """Return what the journey lost as of ``asof``, by cause, each with its rule and its events."""
    score = score_journey(journey, policy, asof)
    if score.shown is None:
        return CauseLedger(None, (), _not_observed(score))
    events = _events_of(journey, policy, asof)
    lines = [_cause_line(cause, points, policy, events) for cause, points in score.lost.items()]
    lines.sort(key=lambda line: (-line.points, line.cause))
    if score.repaired:
        rule = "given back: the latest contact ended resolved, or a recovery was completed"
        lines.append(CauseLine(REPAIRED, -score.repaired, None, None, rule, _repairs(journey)))
    if score.unexplained:
        said = () if journey.answer is None else (journey.answer.identity,)
        rule = "said by the customer, not explained by events"
        lines.append(CauseLine(SAID, score.unexplained, None, None, rule, said))
    return CauseLedger(score.shown, tuple(lines), _not_observed(score))


def by_label(score: JourneyScore) -> dict[Label, int | None]:
    """Return the points lost by label; ``None`` is "not observed": no rule of that label was able to fire."""
    seen = {LABELS[Cause(cause)] for part in (*(c.seen for c in score.contacts), score.seen) for cause in part}
    lost: dict[Label, int | None] = {label: 0 if label in seen else None for label in Label}
    for cause, points in score.lost.items():
        label = LABELS[Cause(cause)]
        lost[label] = (lost[label] or 0) + points
    return lost


def _closing(journey: Journey, final: JourneyScore, before: Lines, asof: int) -> Iterable[EventLine]:
    explained = _explained(final)
    moved = _moved(before, explained)
    if moved:
        because = tuple(cause for cause, points in moved.items() if points > 0)
        delta = -sum(moved.values())
        yield EventLine(Millis(asof), None, SILENCE, None, delta, final.inferred, because, moved)
    if final.said is not None and journey.answer is not None:
        answer = journey.answer
        moved = {SAID: final.unexplained} if final.unexplained else {}
        yield EventLine(
            answer.time, answer.identity, "answer", None, -final.unexplained, final.said, tuple(moved), moved
        )


def _explained(score: JourneyScore) -> Lines:
    return {**score.lost, REPAIRED: -score.repaired} if score.repaired else score.lost


def _moved(before: Lines, now: Lines) -> Lines:
    moved = {cause: now.get(cause, 0) - before.get(cause, 0) for cause in {**before, **now}}
    return {cause: points for cause, points in moved.items() if points}


def _raw_of(journey: Journey, fact: AnyFact, policy: Policy) -> Lines:
    """Return what the thing ``fact`` tells of has lost by now in ``journey``, before any budget."""
    if isinstance(fact, ContactFact):
        contact = journey.contacts.get(fact.contact)
        return {} if contact is None else raw_losses(contact, policy, contact.last.time)[0]
    if isinstance(fact, PromiseFact):
        promise = journey.promises.get(fact.promise)
        return {} if promise is None else score_promise(promise, policy, fact.time)[0]
    if isinstance(fact, IncidentFact):
        incident = journey.incidents.get(fact.incident)
        return {} if incident is None else score_incident(incident, policy)
    return {}


def _cause_line(cause: str, points: int, policy: Policy, events: dict[str, list[EventId]]) -> CauseLine:
    known = Cause(cause)
    rule = rule_of(known, policy)
    return CauseLine(cause, points, budget_of(known), LABELS[known], rule, tuple(events.get(cause, ())))


def _events_of(journey: Journey, policy: Policy, asof: int) -> dict[str, list[EventId]]:
    """Return, by cause, the events that brought it; where silence brought it, the event that began the silence."""
    events: dict[str, list[EventId]] = {}
    for line in ledger_by_event(journey, policy, asof):
        if line.event is not None:
            for cause in line.because:
                events.setdefault(cause, []).append(line.event)
    for contact in journey.contacts.values():
        for cause in raw_losses(contact, policy, asof)[0]:
            events.setdefault(cause, [contact.last.identity])
    for promise in journey.promises.values():
        for cause in score_promise(promise, policy, asof)[0]:
            events.setdefault(cause, [promise.first.identity])
    return events


def _repairs(journey: Journey) -> tuple[EventId, ...]:
    ended = [c.last.identity for c in list(journey.contacts.values())[-1:] if c.resolved]
    done = [f.identity for f in journey.lived if isinstance(f, RecoveryFact) and f.completed]
    return (*ended, *done)


def _not_observed(score: JourneyScore) -> tuple[Label, ...]:
    return tuple(label for label, points in by_label(score).items() if points is None)


__all__ = [
    "REPAIRED",
    "SAID",
    "CauseLedger",
    "CauseLine",
    "EventLine",
    "by_label",
    "ledger_by_cause",
    "ledger_by_event",
]
