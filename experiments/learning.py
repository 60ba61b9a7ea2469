"""The learning library: what every decided experiment taught, to be found before the next one is thought of."""

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.ledger import Experiment
from experiments.verdict import Kind
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class LearningCard:
    """One decided experiment in short; effects with good positive, in the metric's unit.

    ``stands``: adopted and not taken back since. ``provisional``: adopted on grade C, still to be rechecked.
    """

    experiment: str
    title: str
    decided_at: Millis
    scope: str
    metric: str
    causes: tuple[str, ...]
    action: str
    verdict: Kind
    grade: str
    choice: str
    stands: bool
    provisional: bool
    expected: float
    measured: float | None
    low: float | None
    high: float | None
    text: str
    next_idea: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: every word anywhere (any case), and, where given, this scope, cause or words of the action.

    ``scope`` may be a touchpoint's bare name.
    """

    words: str = ""
    scope: str = ""
    cause: str = ""
    action: str = ""


def card_of(experiment: Experiment) -> LearningCard | None:
    """Return the card of a decided experiment; ``None`` while nothing is decided."""
    verdict, decision, learning = experiment.verdict, experiment.decision, experiment.learning
    expected = experiment.plan.expected
    if verdict is None or decision is None or learning is None or expected is None:
        return None
    return LearningCard(
        experiment=experiment.id,
        title=experiment.title,
        decided_at=decision.at,
        scope=expected.scope,
        metric=expected.metric,
        causes=tuple(cause.cause or cause.statement for cause in experiment.plan.causes),
        action="; ".join(step.text.strip().removesuffix(".") for step in experiment.plan.steps),
        verdict=verdict.kind,
        grade=verdict.grade,
        choice=decision.choice,
        stands=experiment.adopted,
        provisional=experiment.adopted and experiment.provisional,
        expected=verdict.expected,
        measured=verdict.estimate,
        low=verdict.low,
        high=verdict.high,
        text=learning.text,
        next_idea=learning.next_idea,
        tags=learning.tags,
    )


def cards_of(experiments: Iterable[Experiment]) -> list[LearningCard]:
    """Return the cards of those that are decided, newest first."""
    cards = [card for each in experiments if (card := card_of(each)) is not None]
    return sorted(cards, key=lambda card: (-card.decided_at, card.experiment))


def search(cards: Iterable[LearningCard], query: Query) -> list[LearningCard]:
    """Return the cards that match the whole query, newest first."""
    found = [card for card in cards if _matches(card, query)]
    return sorted(found, key=lambda card: (-card.decided_at, card.experiment))


def _matches(card: LearningCard, query: Query) -> bool:
    fields = (card.title, card.action, card.text, card.next_idea, card.metric, card.scope, *card.causes, *card.tags)
    return (
        _holds(" ".join(fields), query.words)
        and _holds(card.action, query.action)
        and (not query.scope or _in_scope(card.scope, query.scope))
        and (not query.cause or query.cause in card.causes)
    )


def _holds(text: str, words: str) -> bool:
    """Return whether ``text`` holds every one of ``words``, in any case.

    >>> _holds("Show the chat", "CHAT show"), _holds("Show the chat", "phone")
    (True, False)
    """
    plain = text.casefold()
    return all(word in plain for word in words.casefold().split())


def _in_scope(scope: str, wanted: str) -> bool:
    """Return whether a card's scope is the one wanted, by its name or by its value alone.

    >>> _in_scope("touchpoint:billing|channel:phone", "billing"), _in_scope("channel:chat", "billing")
    (True, False)
    """
    parts = scope.split("|")
    return wanted in {scope, *parts, *(part.partition(":")[2] for part in parts)}
