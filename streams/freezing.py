"""Which facts leave a customer's row: whole journeys that nothing can change any more, and old facts of no journey.

Judged at every record, on the customer's clock, so that the size of chunks never matters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.customers import AppliedJourney
from models.definitions import LiveExperiment
from models.facts import AnswerFact, AnyFact, AskedFact
from models.policy import Policy
from models.scoring import Journey, is_settled, of_journeys
from streams.facts import FREEZE_HORIZON, FactBook
from streams.units import held_from


class Grouping(NamedTuple):
    """One way to group a customer's facts into journeys, and the policies that group them so."""

    policies: tuple[Policy, ...]
    journeys: list[Journey]


@dataclass(frozen=True, slots=True)
class Leaving:
    """What leaves: journeys by key (under any policy), and facts that belong to none."""

    keys: frozenset[str]
    loose: list[AnyFact]

    def __bool__(self) -> bool:
        """Tell whether anything leaves."""
        return bool(self.keys or self.loose)


def leaving(groupings: Sequence[Grouping], book: FactBook, live: Sequence[LiveExperiment]) -> Leaving:
    """Return what can leave ``book`` now.

    A journey stays while its last event is younger than the horizon, while silence could still change it, while an
    experiment needs it, and while it shares a fact with a journey (under another policy) that stays.
    """
    horizon = book.clock - FREEZE_HORIZON
    held = held_from(book.facts, live, book.clock)
    limit = horizon if held is None else min(horizon, held)
    stays: list[Journey] = []
    goes: list[Journey] = []
    for policies, journeys in groupings:
        for journey in journeys:
            silent = journey.last_event < limit and all(is_settled(journey, policy, book.asof) for policy in policies)
            (goes if silent else stays).append(journey)
    if len(groupings) > 1:
        goes = _sharing_nothing(goes, stays)
    keys = frozenset(journey.key for journey in goes)
    kept = [journey for _, journeys in groupings for journey in journeys if journey.key not in keys]
    return Leaving(keys, _loose(book.facts, limit, kept))


def might_leave(book: FactBook, known: Iterable[AppliedJourney], live: Sequence[LiveExperiment]) -> bool:
    """Tell, cheaply, whether ``leaving`` could find anything; ``known`` are the journeys as they were last computed.

    True too often is allowed, False too often is not: what is known is out of date once facts came. An answer may
    have moved to another journey, so only the end of what was lived is sure; after a fact out of order nothing is.
    """
    horizon = book.clock - FREEZE_HORIZON
    if not book.facts or book.facts[0].time >= horizon:
        return False
    held = held_from(book.facts, live, book.clock)
    limit = horizon if held is None else min(horizon, held)
    if book.facts[0].time >= limit:
        return False
    if book.reordered or any(fact.time < limit for fact in book.fresh):
        return True
    for journey in known:
        last = journey.standing.ended if book.fresh else journey.last
        if last < limit and (journey.due is None or journey.due <= book.asof):
            return True
    return any(fact.time < limit and not of_journeys(fact) for fact in book.facts)


def _sharing_nothing(goes: list[Journey], stays: list[Journey]) -> list[Journey]:
    staying = {id(fact) for journey in stays for fact in journey.facts}
    keys = {journey.key for journey in stays}
    while True:
        stuck = [j for j in goes if j.key in keys or any(id(fact) in staying for fact in j.facts)]
        if not stuck:
            return goes
        staying |= {id(fact) for journey in stuck for fact in journey.facts}
        keys |= {journey.key for journey in stuck}
        goes = [journey for journey in goes if journey not in stuck]


def _loose(facts: Iterable[AnyFact], limit: int, kept: Iterable[Journey]) -> list[AnyFact]:
    """Return the old facts of no journey; a survey stays as long as its answer."""
    answered = {fact.survey for journey in kept for fact in journey.facts if isinstance(fact, AnswerFact)}
    return [
        fact
        for fact in facts
        if fact.time < limit and not of_journeys(fact) and not (isinstance(fact, AskedFact) and fact.survey in answered)
    ]
