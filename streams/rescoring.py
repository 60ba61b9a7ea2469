"""One customer scored anew from facts: for another set of policies, or to check what the cells hold.

The facts in play go through the very code of the fold; archived journeys, which the fold no longer touches, are scored
here, journey by journey as they froze.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models.cells import Contribution
from models.customers import FrozenJourney, pack, pack_contributions, unpack, unpack_contributions, unpack_facts
from models.definitions import Definitions
from models.effects import ArchivedJourney
from models.facts import AnyFact, AskedFact
from models.identifiers import Millis, Subject
from models.policy import Policy
from models.scoring import Journey, Scored, customer_contributions, journey_contributions, journeys_of, score_journey
from streams.cells import changes
from streams.customers import CustomerFold, continued

LOOSE = "loose:"


@dataclass(frozen=True, slots=True)
class Rescored:
    """A customer's rows under the policies in force, and what the cells must gain for it."""

    fold: CustomerFold
    archived: list[ArchivedJourney]
    """Only those that changed."""


def rescored(
    subject: Subject, row: bytes, archived: Sequence[ArchivedJourney], definitions: Definitions, group: int
) -> Rescored:
    """Return ``subject`` scored under exactly the policies of ``definitions``."""
    state = unpack(row)
    wanted = {policy.version: policy for policy in definitions.policies}
    kept = [a for a in archived if not a.key.startswith(LOOSE)]
    before = {a.key: unpack_contributions(a.contributions) for a in kept}
    after = {key: tuple(c for c in parts if c.policy in wanted) for key, parts in before.items()}
    scores = {f.key: {v: s for v, s in f.scores.items() if v in wanted} for f in state.frozen}
    for policy in definitions.policies:
        if any(policy.version not in {c.policy for c in parts} for parts in before.values()):
            surveys = _surveys(archived, state.facts)
            made = _frozen_under(policy, kept, surveys, (definitions, state.asof))
            for key, (parts, shown) in made.items():
                after[key] = (*(c for c in after[key] if c.policy != policy.version), *parts)
                if shown is not None and key in scores:
                    scores[key][policy.version] = shown
    state.frozen = [FrozenJourney(f.key, f.ended, scores[f.key], f.said, f.contacts, f.good) for f in state.frozen]
    fold = continued(subject, pack(state), definitions, group, frozenset())
    fold.version = -1  # computes every journey anew
    fold.touched = True
    for key, parts in after.items():
        if parts != before[key]:
            fold.cells += changes(before[key], parts)
    fold.close()
    return Rescored(fold, _rewritten(kept, before, after))


def _rewritten(
    kept: Sequence[ArchivedJourney],
    before: dict[str, tuple[Contribution, ...]],
    after: dict[str, tuple[Contribution, ...]],
) -> list[ArchivedJourney]:
    return [
        ArchivedJourney(a.subject, a.key, a.ended, a.facts, pack_contributions(after[a.key]))
        for a in kept
        if after[a.key] != before[a.key]
    ]


def _frozen_under(
    policy: Policy, archived: Sequence[ArchivedJourney], surveys: Sequence[AnyFact], scene: tuple[Definitions, Millis]
) -> dict[str, tuple[tuple[Contribution, ...], int | None]]:
    """Return, by key, what archived journeys contribute under ``policy``, and the score that is remembered of each.

    Journeys stay as they froze, whatever the policy's own windows: which facts were together was decided then.
    """
    definitions, asof = scene
    scored = [
        Scored(journey, score_journey(journey, policy, asof))
        for a in archived
        if (journey := _journey(a, surveys, policy)) is not None
    ]
    persons = customer_contributions(scored, [], policy, definitions.scopes)
    found: dict[str, tuple[tuple[Contribution, ...], int | None]] = {}
    for one in scored:
        own = journey_contributions(one, policy, definitions.scopes, asof)
        person = persons.get(one.journey.key)
        found[one.journey.key] = (own if person is None else (*own, person), one.score.shown)
    return found


def _journey(archived: ArchivedJourney, surveys: Sequence[AnyFact], policy: Policy) -> Journey | None:
    """Return the archived journey as it froze; ``surveys`` tell what its answers were about."""
    parts = journeys_of(sorted([*unpack_facts(archived.facts), *surveys], key=lambda fact: fact.order), policy)
    whole = Journey(archived.key)
    for fact in sorted((fact for part in parts for fact in part.lived), key=lambda fact: fact.order):
        whole.take(fact)
    for answer, contact in sorted((pair for part in parts for pair in part.answers), key=lambda pair: pair[0].order):
        whole.hear(answer, contact)
    return whole if whole.facts else None


def _surveys(archived: Sequence[ArchivedJourney], facts: Sequence[AnyFact]) -> list[AnyFact]:
    loose = (fact for a in archived if a.key.startswith(LOOSE) for fact in unpack_facts(a.facts))
    return [fact for fact in (*loose, *facts) if isinstance(fact, AskedFact)]
