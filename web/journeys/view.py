"""What the journeys page shows: the worst ones of a period, each as a story."""

from collections.abc import Iterator
from dataclasses import dataclass

from models.effects import JourneyRow
from models.identifiers import Millis
from models.policy import Policy
from store.database import Store
from web.customers.view import JourneyStory, one_story


@dataclass(frozen=True, slots=True)
class Told:
    """A journey's row and its story."""

    row: JourneyRow
    story: JourneyStory


def worst(store: Store, policy: Policy, span: tuple[Millis, Millis], limit: int) -> Iterator[Told]:
    """Yield the worst journeys whose last lived event lies in ``span``, as the fold left them, the worst first."""
    for row in store.journeys.worst(span, limit):
        story = one_story(store, row.subject, row.key, policy)
        if story is not None:
            yield Told(row, story)
