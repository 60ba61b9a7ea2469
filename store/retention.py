"""What is kept how long: each line of ``Retention`` with the table it lets go of."""

from dataclasses import dataclass

from models.identifiers import DAY, Millis
from store.cells import Cells
from store.dead_letters import DeadLetters
from store.journeys import Archive
from store.log import EmbeddedLog
from store.outbox import Outbox
from store.partitions import Partitions

TWO_DAYS: Millis = Millis(2 * DAY)
ONE_WEEK: Millis = Millis(7 * DAY)
THIRTEEN_MONTHS: Millis = Millis(396 * DAY)
LONGEST_LOG: Millis = Millis(30 * DAY)
"""Raw events name customers, and rejected rows hold a company's own ids; neither may lie about longer than this."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long things are kept, in milliseconds. Hours and days of cells, scores and decisions are kept for good."""

    five_minutes: Millis = TWO_DAYS
    """Five-minute cells, counted back from the latest log time folded."""
    log: Millis = LONGEST_LOG
    """Raw events that are folded; never more than 30 days."""
    dead_letters: Millis = LONGEST_LOG
    """Records that could not be scored, replayed or not; never more than 30 days."""
    archive: Millis = THIRTEEN_MONTHS
    """Frozen journeys: 13 months, so that the same month last year can be looked at."""
    sent: Millis = ONE_WEEK
    """Outgoing messages that were sent."""


@dataclass(frozen=True, slots=True)
class Keeper:
    """The repositories that let go of old rows."""

    log: EmbeddedLog | None
    """``None`` where the log is somebody else's, who lets go of it himself."""
    partitions: Partitions
    cells: Cells
    dead_letters: DeadLetters
    archive: Archive
    outbox: Outbox

    def prune(self, rules: Retention, now: Millis) -> dict[str, int]:
        """Delete what is older than ``rules`` allow; return how many rows went from each table.

        Raw events that are not folded yet stay, however old: nothing may be lost.
        """
        folded = {partition: position.next_offset for partition, position in self.partitions.positions().items()}
        return {
            "cells": self.cells.prune("5m", oldest_five_minutes(self.partitions.watermark(), rules)),
            "records": self.log.prune(Millis(now - min(rules.log, LONGEST_LOG)), folded) if self.log else 0,
            "dead_letters": self.dead_letters.prune(Millis(now - min(rules.dead_letters, LONGEST_LOG))),
            "archived": self.archive.prune(Millis(now - rules.archive)),
            "outbox": self.outbox.prune(Millis(now - rules.sent)),
        }


def oldest_five_minutes(watermark: Millis, rules: Retention) -> Millis:
    """Return the start of the oldest five-minute cell that is kept, and that still counts, at ``watermark``."""
    return Millis(watermark - rules.five_minutes)
