"""A customer's two exact ledgers, and what each journey weighs: the story page's arithmetic.

By event: how the customer's score moved with each thing lived or answered (changes telescope to the score). By journey
and by cause: what is lost, line by line. A single journey's ledgers are in ``ledger``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.cells import EARLIER, REPAIRED, SAID
from models.customers import FrozenJourney
from models.facts import AnswerFact, AnyFact
from models.identifiers import FULL, Millis
from models.policy import Policy
from models.rounding import apportioned
from models.scoring.contributions import UNEXPLAINED, Scored, in_order, shared
from models.scoring.customer import Remembered
from models.scoring.journey import Journey, score_journey
from models.scoring.ledger import SILENCE, EventId


@dataclass(frozen=True, slots=True)
class CustomerEvent:
    """What one event did to its journey's score and to the customer's, in hundredths.

    ``None`` scores mean "not enough data yet", counted as nothing lost; ``event`` is ``None`` where only time passed.
    """

    at: Millis
    event: EventId | None
    kind: str
    journey: str | None
    journey_after: int | None
    delta: int
    after: int | None


@dataclass(frozen=True, slots=True)
class JourneyShare:
    """One remembered journey: its score, its weight in the customer's (0 to 1), and the hundredths it takes away."""

    key: str
    ended: Millis
    score: int
    said: bool
    weight: float
    lost: int
    frozen: bool


@dataclass(frozen=True, slots=True)
class CustomerLedger:
    """Each of the three adds up: 10 000 + Σ delta = score; 10 000 − Σ lost = score; 10 000 − Σ causes = score.

    In ``by_cause``, ``earlier`` is what journeys no longer kept in detail took away.
    """

    score: int | None
    by_event: tuple[CustomerEvent, ...]
    by_journey: tuple[JourneyShare, ...]
    by_cause: dict[str, int]


def customer_ledger(
    journeys: Sequence[Journey], frozen: Sequence[FrozenJourney], policy: Policy, asof: int
) -> CustomerLedger:
    """Return the ledgers of a customer's ``journeys`` as of ``asof``."""
    scored = [Scored(journey, score_journey(journey, policy, asof)) for journey in journeys]
    by_journey, by_cause, score = _lost(scored, frozen, policy)
    return CustomerLedger(score, tuple(_events(journeys, frozen, policy, asof)), by_journey, by_cause)


def _lost(
    scored: Sequence[Scored], frozen: Sequence[FrozenJourney], policy: Policy
) -> tuple[tuple[JourneyShare, ...], dict[str, int], int | None]:
    memory = Remembered(policy)
    held = [(standing, one, memory.add(standing)) for standing, one in in_order(scored, frozen, policy)]
    score = memory.score
    if score is None:
        return (), {}, None
    # The weights are rounded down by at most 2⁻³², so the shares are split over their own sum, which is exact.
    exact = {f"{place:06}": mass * (FULL - standing.score) for place, (standing, _, mass) in enumerate(held)}
    whole = sum(exact.values())
    lines = (
        apportioned({key: value * (FULL - score) for key, value in exact.items()}, whole, FULL - score) if whole else {}
    )
    shares: list[JourneyShare] = []
    by_cause: dict[str, int] = {}
    for place, (standing, one, mass) in enumerate(held):
        lost = lines.get(f"{place:06}", 0)
        weight = mass / memory.mass
        shares.append(
            JourneyShare(standing.key, standing.ended, standing.score, standing.said, weight, lost, frozen=one is None)
        )
        parts = {EARLIER: lost} if one is None else shared(one.score, lost)
        for line, points in parts.items():
            named = SAID if line == UNEXPLAINED else line
            by_cause[named] = by_cause.get(named, 0) + points
    kept = {line: points for line, points in by_cause.items() if points}
    ranked = sorted(kept, key=lambda line: (line in (EARLIER, REPAIRED, SAID), -kept[line], line))
    return tuple(shares), {line: kept[line] for line in ranked}, score


def _events(
    journeys: Sequence[Journey], frozen: Sequence[FrozenJourney], policy: Policy, asof: int
) -> list[CustomerEvent]:
    """Walk through all facts in order, rescoring the one journey each of them touches."""
    walks = {journey.key: Journey(journey.key) for journey in journeys}
    steps: list[tuple[AnyFact, str, str | None]] = []
    for journey in journeys:
        steps += [(fact, journey.key, None) for fact in journey.lived]
        steps += [(answer, journey.key, contact) for answer, contact in journey.answers]
    steps.sort(key=lambda step: step[0].order)
    scored: dict[str, Scored] = {}
    before = _score(scored, frozen, policy)
    lines: list[CustomerEvent] = []
    if before is not None:
        lines.append(CustomerEvent(Millis(0), None, EARLIER, None, None, before - FULL, before))
    for fact, key, contact in steps:
        walk = walks[key]
        if isinstance(fact, AnswerFact):
            walk.hear(fact, contact)
        else:
            walk.take(fact)
        scored[key] = Scored(walk, score_journey(walk, policy, fact.time))
        after = _score(scored, frozen, policy)
        kind = str(fact.__struct_config__.tag)
        shown = scored[key].score.shown
        lines.append(CustomerEvent(fact.time, fact.identity, kind, key, shown, _change(before, after), after))
        before = after
    for key, walk in walks.items():
        scored[key] = Scored(walk, score_journey(walk, policy, asof))
    after = _score(scored, frozen, policy)
    if after != before:
        lines.append(CustomerEvent(Millis(asof), None, SILENCE, None, None, _change(before, after), after))
    return lines


def _score(scored: dict[str, Scored], frozen: Sequence[FrozenJourney], policy: Policy) -> int | None:
    memory = Remembered(policy)
    for standing, _ in in_order(scored.values(), frozen, policy):
        memory.add(standing)
    return memory.score


def _change(before: int | None, after: int | None) -> int:
    return (FULL if after is None else after) - (FULL if before is None else before)
