"""Who may write what ticks find: one leader at a time, checked in the same transaction as the writes.

In a data folder the embedded engine holds the folder's lock, so there is one leader at most. On PostgreSQL any worker
may lead: it takes a lease, a row with its token and the time, and renews it by leading; when a leader is not heard of
for a while, the next that asks takes over. Lease and writes happen under the same transaction lock, so the token
settles who leads even should a stalled process come back after another took over.
"""

import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from models.errors import Fenced
from models.identifiers import SECOND, Millis
from store.database import Store

NAME = "leader"
LEASE: Millis = Millis(20 * SECOND)
"""A leader not heard of for so long is replaced: four times the shortest beat of the ticks that only a leader does."""


class Leadership:
    """One process's claim to lead."""

    def __init__(self, store: Store, token: str | None = None) -> None:
        self._store = store
        self._token = token or str(uuid.uuid4())

    def claim(self, now: Millis) -> None:
        """Become the leader; whoever led before is fenced at the next write."""
        self._store.settings.set(NAME, self._token, now)

    def lead(self, now: Millis) -> bool:
        """Become the leader unless another one was heard of lately, and be heard of; return whether we lead."""
        with self._store.transaction(alone=NAME):
            found = self._store.settings.entry(NAME)
            ours = found is not None and found.value == self._token
            if found is not None and not ours and found.at + LEASE > now:
                return False
            if found is None or not ours or found.at + LEASE // 4 <= now:
                self._store.settings.set(NAME, self._token, now)
        return True

    def alone(self, run: Callable[[Millis], object]) -> Callable[[Millis], object]:
        """Return ``run`` as only the leader does it; in a data folder, who runs ticks leads already."""
        if self._store.embedded:
            return run
        return lambda now: run(now) if self.lead(now) else None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make everything written inside one transaction of the leader's; raises ``Fenced`` for anybody else."""
        with self._store.transaction(alone=NAME):
            if self._store.settings.get(NAME) != self._token:
                raise Fenced("another process leads now; this one's findings were not written")
            yield
