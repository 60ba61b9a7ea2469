"""A customer rated as of a moment: their score, their journeys' scores, and what the score rests on."""

from dataclasses import dataclass

from models.customers import CustomerState, FrozenJourney
from models.identifiers import DAY, Centi, Millis
from models.policy import Policy
from models.scoring.answers import is_good
from models.scoring.contributions import Scored, in_order
from models.scoring.customer import Remembered
from models.scoring.journey import Journey, score_journey
from models.scoring.membership import journeys_of


@dataclass(frozen=True, slots=True)
class CustomerScore:
    """``score`` is ``None`` when there is not enough data; ``observed_share`` is 0 to 1, by the score's own weights.

    ``contacts`` and ``good`` count scored contacts over the policy's period (twelve months), frozen journeys included.
    """

    score: Centi | None
    asof: Millis
    policy: str
    journeys: tuple[Scored, ...]
    remembered: int
    """How many journeys the score rests on, frozen ones included."""
    observed_share: float
    contacts: int
    good: int


def rate(state: CustomerState, policy: Policy, asof: int) -> CustomerScore:
    """Return the customer's rating as of ``asof`` under ``policy``: a pure function of the row."""
    journeys = journeys_of(state.facts, policy, {frozen.key for frozen in state.frozen})
    scored = tuple(Scored(journey, score_journey(journey, policy, asof)) for journey in journeys)
    return rated(scored, state.frozen, policy, asof)


def rated(scored: tuple[Scored, ...], frozen: list[FrozenJourney], policy: Policy, asof: int) -> CustomerScore:
    """Return the rating of journeys that are already scored."""
    memory = Remembered(policy)
    for standing, _ in in_order(scored, frozen, policy):
        memory.add(standing)
    since = asof - policy.good.over_days * DAY
    counted = [_good(one, policy, since) for one in scored]
    contacts, good = sum(n for n, _ in counted), sum(good for _, good in counted)
    for old in frozen:
        if old.ended >= since:
            contacts, good = contacts + old.contacts, good + old.good
    share = memory.observed_share
    return CustomerScore(memory.score, Millis(asof), policy.version, scored, memory.count, share, contacts, good)


def frozen_of(journey: Journey, policies: tuple[Policy, ...], asof: int) -> FrozenJourney:
    """Return what is kept of ``journey`` once nothing can change it any more; ``policies[0]`` is the active one."""
    scores = [score_journey(journey, policy, asof) for policy in policies]
    kept: dict[str, int] = {p.version: s.shown for p, s in zip(policies, scores, strict=True) if s.shown is not None}
    contacts, good = _good(Scored(journey, scores[0]), policies[0], 0)
    return FrozenJourney(journey.key, journey.ended, kept, scores[0].said is not None, contacts, good)


def is_waiting(journey: Journey) -> bool:
    """Tell whether a live contact is open now."""
    return any(contact.ended is None and contact.live for contact in journey.contacts.values())


def _good(scored: Scored, policy: Policy, since: int) -> tuple[int, int]:
    """Return how many contacts since then are scored, and how many of those were good."""
    journey, score = scored
    contacts = good = 0
    for contact, points in zip(journey.contacts.values(), score.contacts, strict=True):
        if points.shown is None or contact.first.time < since:
            continue
        contacts += 1
        good += is_good(points.shown, journey.asked.get(contact.id) if points.said is not None else None, policy)
    return contacts, good
