"""What happens when nothing happens: a ticker appends a ``ressenti.due`` record for every row that has something due.

So the passing of time goes through the log like everything else, and the same log makes the same rows.
"""

from collections.abc import Sequence
from typing import Protocol

from models.customers import CustomerState, unpack
from models.effects import RescueRow
from models.identifiers import DAY, Millis, Subject
from models.interactions.internals import due_event
from models.policy import Policy
from models.scoring.rescue import rescue_now
from store.customers import DueCustomer
from store.database import Store
from streams.chunks import Log

LEAP: Millis = Millis(8 * DAY)
"""How far one record lets silence pass: all that silence changes is settled a week after it falls due, so that the many
rows of an import need one record each, and none is carried so far that events yet to be imported would be late."""
BATCH = 1_000
REMEMBERED = 100_000


class DueRows(Protocol):
    """Where rows that have something due are found."""

    def due(self, now: Millis, limit: int = 1_000) -> Sequence[DueCustomer]:
        """Return up to ``limit`` customers for whom something is due by ``now``, the longest due first."""


class Silence:
    """Tells the log that time has passed for those whom it changes something for."""

    def __init__(self, log: Log, rows: DueRows) -> None:
        self._log = log
        self._rows = rows
        self._told: dict[Subject, Millis] = {}

    def tick(self, now: Millis) -> int:
        """Append a record for each customer due by ``now`` who was not told yet; return how many.

        Telling twice would change nothing; it is remembered so that a slow fold does not fill the log.
        """
        due = [one for one in self._rows.due(now, BATCH) if self._told.get(one.subject) != one.due]
        self._log.append([due_event(one.subject, until(one.due, now)) for one in due])
        for one in due:
            self._told[one.subject] = one.due
        for _ in range(len(self._told) - REMEMBERED):
            del self._told[next(iter(self._told))]
        return len(due)


def until(due: Millis, now: Millis) -> Millis:
    """Return until when time has passed for a row that fell due at ``due``, as far as one record tells."""
    return Millis(min(now, due + LEAP))


def live_rescues(store: Store, policy: Policy, now: Millis) -> list[RescueRow]:
    """Return whom to call as of ``now``: the same pure function as in the fold, over everybody with an open contact.

    Changes nothing. A customer whose wait crosses the line between two records is in it at once.
    """
    rows: list[RescueRow] = []
    for row in store.customers.waiting():
        rows += rescue_now(row.subject, unpack(row.state), policy, now)
    return sorted(rows, key=lambda rescue: (rescue.score, rescue.raised_at, rescue.subject))


class RescueWatch:
    """Lets the log know of rescues that silence has raised, so that the fold keeps them."""

    def __init__(self, log: Log, store: Store) -> None:
        self._log = log
        self._store = store

    def tick(self, now: Millis) -> int:
        """Append a record for each customer whom silence, as of ``now``, has put on the list; return how many."""
        policy = self._store.definitions.current().active
        told: list[Subject] = []
        for row in self._store.customers.waiting():
            state = unpack(row.state)
            raised = {(rescue.journey, rescue.raised_at) for rescue in rescue_now(row.subject, state, policy, now)}
            if raised - _kept(row.subject, state, policy):
                told.append(row.subject)
        self._log.append([due_event(subject, now) for subject in told])
        return len(told)


def _kept(subject: Subject, state: CustomerState, policy: Policy) -> set[tuple[str, Millis]]:
    """Return the rescues that the fold knew of as it last wrote the row."""
    return {(rescue.journey, rescue.raised_at) for rescue in rescue_now(subject, state, policy, state.asof)}
