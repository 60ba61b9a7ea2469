"""Telling the world of gaps and verdicts: whatever changed them, people or ticks, here or in another process.

Each record carries how often it was written; what was told of is kept, so that every writing is told of once, or the
last of several. What folds have to say is told by themselves (``streams.publishing``).
"""

from collections.abc import Iterable

import msgspec

from models.effects import OutboxMessage
from models.identifiers import Millis
from store.database import Store
from streams.leadership import Leadership
from streams.publishing import gap_message, verdict_message

TOLD = "announced"


class Told(msgspec.Struct):
    """The version of each record that was told of last, by its id."""

    gaps: dict[str, int] = {}
    verdicts: dict[str, int] = {}


class Announcing:
    """Puts messages about changed gaps and verdicts into the outbox; ``tick`` is for one thread at a time."""

    def __init__(self, store: Store, leadership: Leadership, topics: frozenset[str]) -> None:
        self._store = store
        self._leadership = leadership
        self._topics = topics

    def tick(self, now: Millis) -> int:
        """Tell of everything that changed since; return how many messages that are.

        Raises ``Fenced`` when another process leads, with nothing told.
        """
        text = self._store.settings.get(TOLD)
        told = Told() if text is None else msgspec.json.decode(text, type=Told)
        messages = [*self._gaps(told.gaps), *self._verdicts(told.verdicts)]
        if messages:
            with self._leadership.writing():
                self._store.outbox.add(messages)
                self._store.settings.set(TOLD, msgspec.json.encode(told).decode(), now)
        return len(messages)

    def _gaps(self, told: dict[str, int]) -> Iterable[OutboxMessage]:
        """Yield a message for each gap that changed, noting it in ``told``."""
        if "gaps" not in self._topics:
            return
        for kept in self._store.gaps.all():
            if told.get(kept.gap.id) != kept.version:
                told[kept.gap.id] = kept.version
                yield gap_message(kept.gap, kept.version)

    def _verdicts(self, told: dict[str, int]) -> Iterable[OutboxMessage]:
        """Yield a message for each experiment with a verdict that changed, noting it in ``told``."""
        if "verdicts" not in self._topics:
            return
        for kept in self._store.experiments.all():
            verdict = kept.experiment.verdict
            if verdict is not None and told.get(kept.experiment.id) != kept.version:
                told[kept.experiment.id] = kept.version
                yield verdict_message(kept.experiment, verdict, kept.version)
