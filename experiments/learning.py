"""The learning library: what every decided experiment taught, to be found before the next one is thought of."""

from collections.abc import Iterable
from dataclasses import dataclass

from experiments.ledger import Experiment
from experiments.verdict import Kind
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class LearningCard:
    """One decided experiment in short; effects with good positive, in the metric's unit."""

    experiment: str
    title: str
    decided_at: Millis
    scope: str
    metric: str
    causes: tuple[str, ...]
    action: str
    verdict: Kind
    choice: str
    expected: float
    measured: float | None
    text: str
    next_idea: str
    tags: tuple[str, ...]


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
        action="; ".join(step.text for step in experiment.plan.steps),
        verdict=verdict.kind,
        choice=decision.choice,
        expected=verdict.expected,
        measured=verdict.estimate,
        text=learning.text,
        next_idea=learning.next_idea,
        tags=learning.tags,
    )


def search(cards: Iterable[LearningCard], words: str = "", *, scope: str = "", cause: str = "") -> list[LearningCard]:
    """Return the cards that hold every word (any case) and match the scope and cause given, newest first."""
    wanted = words.casefold().split()

    def holds(card: LearningCard) -> bool:
        fields = (card.title, card.action, card.text, card.next_idea, card.metric, card.scope, *card.causes, *card.tags)
        text = " ".join(fields).casefold()
        right_scope = not scope or scope == card.scope
        return right_scope and (not cause or cause in card.causes) and all(word in text for word in wanted)

    return sorted((card for card in cards if holds(card)), key=lambda card: card.decided_at, reverse=True)
