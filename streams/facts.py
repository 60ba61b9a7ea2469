"""How one customer's facts grow: order, duplicates, conflicts, what is late, and the customer's clock.

Nothing here scores anything; what the facts are worth is ``streams.customers``' business.
"""

from bisect import insort
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from models.customers import CustomerState
from models.facts import AnyFact
from models.identifiers import DAY, MINUTE, Millis
from streams import seen

LATE_HORIZON: Millis = Millis(30 * DAY)
"""An event this much older than its customer's clock is scored alone."""
FREEZE_HORIZON: Millis = Millis(60 * DAY)
"""A journey silent for this long leaves the row; twice the late horizon, so that nothing can still join it."""
FUTURE: Millis = Millis(5 * MINUTE)
"""How far ahead of the log's clock an event may be."""

Verdict = Literal["scored", "late", "duplicate", "id_conflict", "future_time"]


@dataclass(slots=True)
class FactBook:
    """A customer's facts while a chunk is folded into them."""

    clock: Millis
    asof: Millis
    facts: list[AnyFact]
    seen: bytes
    fresh: list[AnyFact] = field(default_factory=list)
    """Accepted since the last look."""
    reordered: bool = False
    """A fact came that is not the latest: what was computed from a prefix may change."""
    contents: dict[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, state: CustomerState) -> "FactBook":
        """Return the book that continues ``state``, which stays as it is."""
        known = {(fact.source, fact.id): fact.content for fact in state.facts}
        return cls(state.clock, state.asof, list(state.facts), state.seen, contents=known)

    def accept(self, fact: AnyFact, log_time: Millis) -> Verdict:
        """Take ``fact`` in unless it must not be; return which way it went.

        Only what is taken in moves the clocks, so redelivering anything changes nothing.
        """
        known = self.contents.get((fact.source, fact.id))
        if known is not None:
            return "duplicate" if known == fact.content else "id_conflict"
        if fact.time > log_time + FUTURE:
            return "future_time"
        if self.seen and fact.time < self.clock - FREEZE_HORIZON:
            recollection = seen.recall(self.seen, fact)
            if recollection != "new":
                return "duplicate" if recollection == "same" else "id_conflict"
        return self._take(fact, fact.time if fact.history else log_time)

    def pass_time(self, until: Millis) -> None:
        """Let silence pass until ``until``."""
        self.clock = max(self.clock, until)
        self.asof = max(self.asof, until)

    def remove(self, facts: list[AnyFact]) -> None:
        """Let ``facts`` leave the row, remembering only that they were here."""
        gone = {fact.identity for fact in facts}
        self.facts = [fact for fact in self.facts if fact.identity not in gone]
        self.seen = seen.remember(self.seen, facts)
        for identity in gone:
            del self.contents[identity]

    def _take(self, fact: AnyFact, record_clock: Millis) -> Verdict:
        time = fact.time
        if record_clock > self.clock:  # noqa: PLR1730 - a third of what max() costs, for every event
            self.clock = record_clock
        late = time < self.clock - LATE_HORIZON
        if late:
            fact = msgspec.structs.replace(fact, alone=True)
        if time > self.asof:  # noqa: PLR1730 - as above
            self.asof = time
        self.contents[(fact.source, fact.id)] = fact.content
        facts = self.facts
        if not facts or facts[-1].time < time or facts[-1].order < fact.order:
            facts.append(fact)
        else:
            insort(facts, fact, key=_order)
            self.reordered = True
        self.fresh.append(fact)
        return "late" if late else "scored"


def _order(fact: AnyFact) -> tuple[int, str, str]:
    return fact.order
