"""What the customer page shows, computed from the stored facts as of now."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

from models.customers import CustomerState, unpack, unpack_facts
from models.errors import NotFound
from models.facts import AnyFact
from models.identifiers import Millis, Subject
from models.policy import Policy
from models.scoring import (
    CauseLedger,
    CustomerScore,
    EventLine,
    Scored,
    ledger_by_cause,
    ledger_by_event,
    rate,
)
from store.database import Store
from store.rescues import KeptRescue
from web.pages.prose import happened, told

MOST_FROZEN = 20
"""Journeys too old to change that the page tells."""


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the ledger by event, with what happened in words."""

    line: EventLine
    words: str


@dataclass(frozen=True, slots=True)
class JourneyStory:
    """One journey with its prose and both ledgers."""

    key: str
    started: Millis
    ended: Millis
    open: bool
    score: int | None
    said: int | None
    prose: str
    steps: tuple[Step, ...]
    causes: CauseLedger


@dataclass(frozen=True, slots=True)
class CustomerView:
    """The whole page."""

    subject: Subject
    score: CustomerScore
    stories: tuple[JourneyStory, ...]
    frozen: tuple[JourneyStory, ...]
    rescues: tuple[KeptRescue, ...]


def customer_view(store: Store, policy: Policy, subject: Subject, now: Millis) -> CustomerView:
    """Return the page of ``subject`` as of ``now``; raises ``NotFound``."""
    packed = store.customers.state(subject)
    if packed is None:
        raise NotFound(f"customer {subject}: nothing is kept about this pseudonym; check it, or it was erased")
    state = unpack(packed)
    score = rate(state, policy, max(now, state.asof))
    stories = tuple(story_of(scored, policy, score.asof) for scored in reversed(score.journeys))
    return CustomerView(
        subject,
        score,
        stories,
        tuple(islice(frozen_stories(store, policy, subject), MOST_FROZEN)),
        tuple(store.rescues.of(subject)),
    )


def story_of(scored: Scored, policy: Policy, asof: Millis) -> JourneyStory:
    """Return ``scored`` as a story as of ``asof``."""
    journey, score = scored
    lines = ledger_by_event(journey, policy, asof)
    facts: dict[tuple[str, str], AnyFact] = {fact.identity: fact for fact in journey.facts}
    steps = tuple(Step(line, _words(line, facts)) for line in lines)
    return JourneyStory(
        key=journey.key,
        started=journey.started,
        ended=journey.ended,
        open=journey.open,
        score=score.shown,
        said=score.said,
        prose=told(lines, journey.facts),
        steps=steps,
        causes=ledger_by_cause(journey, policy, asof),
    )


def one_story(store: Store, subject: Subject, key: str, policy: Policy) -> JourneyStory | None:
    """Return the story of the journey ``key`` as the fold left it, frozen or not; ``None``: nothing is kept."""
    packed = store.customers.state(subject)
    state = CustomerState() if packed is None else unpack(packed)
    for scored in rate(state, policy, state.asof).journeys:
        if scored.journey.key == key:
            return story_of(scored, policy, state.asof)
    return next((story for story in frozen_stories(store, policy, subject) if story.key == key), None)


def frozen_stories(store: Store, policy: Policy, subject: Subject) -> Iterator[JourneyStory]:
    """Yield the stories of the journeys too old to change, the latest first."""
    packed = store.customers.state(subject)
    asof = Millis(0) if packed is None else unpack(packed).asof
    for old in reversed(store.archive.of(subject)):
        # Nothing in it was due any more when it froze: every later moment scores it alike.
        state = CustomerState(facts=unpack_facts(old.facts), asof=max(asof, old.ended))
        for scored in rate(state, policy, state.asof).journeys:
            yield replace(story_of(scored, policy, state.asof), key=old.key)


def _words(line: EventLine, facts: dict[tuple[str, str], AnyFact]) -> str:
    fact = facts.get(line.event) if line.event else None
    return "time passes" if fact is None else happened(fact)
