"""What we cannot see: per source and cause, whether its rule could fire at all, and whether it ever did.

A field a source does not send must not read as perfection; this is how the product says so.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from models.causes import Cause
from models.cells import Unit

FIELDS: dict[Cause, str] = {
    Cause.WAIT: "waits_s, or the phases queued and answered",
    Cause.REPEATED_STEP: "steps_repeated",
    Cause.CONTEXT_LOST: "context_lost",
    Cause.CHANNEL_UNFIT: "channel_unfit",
    Cause.MENU_LOOP: "menu_loops",
    Cause.PAID_LINE: "paid_line",
    Cause.ABANDONED: "outcome",
    Cause.TRANSFER_FAILED: "transfers_failed",
    Cause.COLD_TRANSFER: "cold_transfers",
    Cause.WRONG_ANSWER: "wrong_answers",
    Cause.INCIDENT_NOT_TOLD: "incident_not_told",
    Cause.PROMISE_BROKEN: "promise events",
    Cause.LATE: "promise events",
    Cause.INCIDENT: "incident events",
}
"""What a source must send for a cause's rule to be able to fire."""

OF_JOURNEYS = frozenset({Cause.PROMISE_BROKEN, Cause.LATE, Cause.INCIDENT})
"""Causes that are observed in journeys; all others are observed in contacts."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Of ``units`` contacts (or journeys) of ``source``, in how many the rule of ``cause`` was ``able`` to fire."""

    source: str
    cause: Cause
    able: int
    units: int
    lost: int
    """Hundredths of a point lost to it in all."""

    @property
    def blind(self) -> bool:
        """The rule could never fire."""
        return self.able == 0

    @property
    def share(self) -> float:
        """The share of units in which it could, 0 to 1."""
        return self.able / self.units if self.units else 0.0

    @property
    def text(self) -> str:
        """What to tell whoever reads scores of this source."""
        name = self.cause.replace("_", " ")
        if self.blind:
            return f"{name}: {self.source} does not send {FIELDS[self.cause]}"
        return f"{name}: could be seen in {self.able} of {self.units}, and {'was' if self.lost else 'never was'}"


def sights(source: str, counts: Mapping[str, int]) -> tuple[Sight, ...]:
    """Return what can be seen of each cause in the merged ``counts`` of one ``source``'s cells.

    >>> counts = {"contact.n": 9, "contact.observed.wait": 7, "contact.loss.wait": 50}
    >>> seen = {sight.cause: sight for sight in sights("pbx", counts)}
    >>> seen[Cause.WAIT].text, seen[Cause.CONTEXT_LOST].text
    ('wait: could be seen in 7 of 9, and was', 'context lost: pbx does not send context_lost')
    """
    return tuple(_sight(source, counts, cause) for cause in Cause)


def blind_spots(sources: Mapping[str, Mapping[str, int]]) -> tuple[Sight, ...]:
    """Return every (source, cause) whose rule could never fire, the causes a source might have sent first.

    A source that tells of contacts is asked for the fields of contacts; promises and incidents are asked of nobody in
    particular, so they are blind only where no source tells of any.
    """
    every = [sight for source, counts in sorted(sources.items()) for sight in sights(source, counts)]
    seen_somewhere = {sight.cause for sight in every if not sight.blind}
    return tuple(sight for sight in every if sight.blind and sight.units and _is_asked(sight, seen_somewhere))


def _is_asked(sight: Sight, seen_somewhere: Iterable[Cause]) -> bool:
    return sight.cause not in OF_JOURNEYS or sight.cause not in seen_somewhere


def _sight(source: str, counts: Mapping[str, int], cause: Cause) -> Sight:
    unit: Unit = "journey" if cause in OF_JOURNEYS else "contact"
    units = counts.get(f"{unit}.n", 0) + counts.get(f"{unit}.unscored", 0)
    able, lost = counts.get(f"{unit}.observed.{cause}", 0), counts.get(f"{unit}.loss.{cause}", 0)
    return Sight(source, cause, able, units, lost)
