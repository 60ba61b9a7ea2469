"""One customer's journeys after their facts changed: what they contribute now, under every policy in force.

A journey none of whose facts changed, that silence cannot change, and that no changed journey precedes, is left
packed as it is. Everything here is a pure function of facts, definitions and what was applied before.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from models.cells import Contribution
from models.customers import AppliedJourney, FrozenJourney, pack_contributions
from models.definitions import Definitions
from models.facts import AskedFact
from models.identifiers import Centi, Millis
from models.policy import Policy
from models.scoring import (
    Journey,
    JourneyScore,
    Scored,
    is_waiting,
    journey_contributions,
    journeys_of,
    next_due,
    score_journey,
)
from models.scoring.contributions import remembered
from streams.facts import FactBook
from streams.freezing import Grouping

Place = tuple[Millis, str]
"""Where a journey stands among its customer's: in the order they ended."""


@dataclass(slots=True)
class Refreshed:
    """A customer's journeys, up to date."""

    applied: dict[str, AppliedJourney]
    groupings: list[Grouping]
    changed: list[Scored] = field(default_factory=list)
    """Journeys under the active policy that were computed anew, with their scores."""
    score: Centi | None = None
    """The customer's, over all their journeys, under the active policy."""
    made: dict[str, tuple[Contribution, ...]] = field(default_factory=dict)
    """What those computed anew contribute, not yet packed."""

    def contributions(self, key: str) -> tuple[Contribution, ...]:
        """Return what the journey ``key`` contributes."""
        made = self.made.get(key)
        return self.applied[key].contributions if made is None else made


def groupings_of(book: FactBook, frozen: Iterable[FrozenJourney], policies: Sequence[Policy]) -> list[Grouping]:
    """Return the customer's journeys; policies with the same windows share one grouping, the active one's first."""
    taken = {journey.key for journey in frozen}
    sharing: dict[tuple[int, int], list[Policy]] = {}
    for policy in policies:
        sharing.setdefault((policy.journey_window, policy.same_journey), []).append(policy)
    return [Grouping(tuple(same), journeys_of(book.facts, same[0], taken)) for same in sharing.values()]


def refreshed(
    book: FactBook,
    applied: Mapping[str, AppliedJourney],
    frozen: Sequence[FrozenJourney],
    definitions: Definitions,
    *,
    anew: bool,
) -> Refreshed:
    """Return the journeys of ``book`` as of its clock; ``anew`` computes even those that look unchanged."""
    groupings = groupings_of(book, frozen, definitions.policies)
    result = Refreshed({}, groupings)
    shortcut = len(groupings) == 1 and not anew and not book.reordered and not _resurveyed(book)
    for grouping in groupings:
        still = _unchanged(grouping.journeys, applied, book) if shortcut else {}
        _compute(result, grouping, still, (book.asof, frozen, definitions))
    return result


def _resurveyed(book: FactBook) -> bool:
    """Tell whether a survey came whose earlier answers may now be about something else."""
    return AskedFact in map(type, book.fresh)


def _unchanged(
    journeys: Iterable[Journey], applied: Mapping[str, AppliedJourney], book: FactBook
) -> dict[str, AppliedJourney]:
    """Return, by key, the journeys whose contributions cannot have changed."""
    fresh = set(map(id, book.fresh))
    same: dict[str, AppliedJourney] = {}
    moved: list[Place] = []
    for journey in journeys:
        before = applied.get(journey.key)
        if (
            before is None
            or before.due is not None
            or before.facts != journey.size
            or not fresh.isdisjoint(map(id, journey.lived))
            or any(id(answer) in fresh for answer, _ in journey.answers)
        ):
            moved.append((journey.ended, journey.key))
        else:
            same[journey.key] = before
    moved += [(a.standing.ended, key) for key, a in applied.items() if key not in same]
    first = min(moved, default=None)
    if first is None:
        return same
    # What a customer remembers at a journey depends on all journeys that ended before it.
    return {key: a for key, a in same.items() if (a.standing.ended, key) < first}


def _compute(
    result: Refreshed,
    grouping: Grouping,
    still: Mapping[str, AppliedJourney],
    scene: tuple[Millis, Sequence[FrozenJourney], Definitions],
) -> None:
    asof, frozen, definitions = scene
    anew = [journey for journey in grouping.journeys if journey.key not in still]
    parts: dict[str, tuple[Contribution, ...]] = {journey.key: () for journey in anew}
    scores: dict[str, dict[str, JourneyScore]] = {journey.key: {} for journey in anew}
    past = [*frozen, *(before.standing for before in still.values())]
    for policy in grouping.policies:
        scored = [Scored(journey, score_journey(journey, policy, asof)) for journey in anew]
        persons, memory = remembered(scored, past, policy, definitions.scopes)
        for one in scored:
            key = one.journey.key
            own = journey_contributions(one, policy, definitions.scopes, asof)
            person = persons.get(key)
            parts[key] += own if person is None else (*own, person)
            scores[key][policy.version] = one.score
        if policy is definitions.active:
            result.changed, result.score = scored, memory.score
    for journey in grouping.journeys:
        before = still.get(journey.key)
        if before is None:
            before = _applied(journey, parts[journey.key], scores[journey.key], grouping.policies, asof)
        held = result.applied.get(journey.key)
        result.applied[journey.key] = before if held is None else _merged(held, before)
    result.made = parts if not result.made else {}


def _applied(
    journey: Journey,
    parts: tuple[Contribution, ...],
    scores: Mapping[str, JourneyScore],
    policies: Sequence[Policy],
    asof: Millis,
) -> AppliedJourney:
    first = scores[policies[0].version]
    scored = good = 0
    for part in parts[: len(journey.contacts)]:
        scored += part.counts.get("contact.n", 0)
        good += part.counts.get("contact.good", 0)
    dues = [due for policy in policies if (due := next_due((journey,), policy, asof)) is not None]
    return AppliedJourney(
        standing=FrozenJourney(
            key=journey.key,
            ended=journey.ended,
            scores={version: score.shown for version, score in scores.items() if score.shown is not None},
            said=first.said is not None,
            contacts=scored,
            good=good,
        ),
        packed=pack_contributions(parts),
        facts=journey.size,
        last=journey.last_event,
        due=min(dues, default=None),
        waiting=is_waiting(journey),
    )


def _merged(one: AppliedJourney, other: AppliedJourney) -> AppliedJourney:
    """Return two groupings' journeys of one key as one; the first grouping's is the one that is shown."""
    standing = one.standing
    return AppliedJourney(
        standing=FrozenJourney(
            standing.key,
            standing.ended,
            standing.scores | other.standing.scores,
            standing.said,
            standing.contacts,
            standing.good,
        ),
        packed=pack_contributions(one.contributions + other.contributions),
        facts=one.facts,
        last=Millis(max(one.last, other.last)),
        due=min((due for due in (one.due, other.due) if due is not None), default=None),
        waiting=one.waiting,
    )
