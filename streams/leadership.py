"""Who may write what ticks find: one leader at a time, checked in the same transaction as the writes.

The embedded engine holds its folder's lock, so there is one leader at most; the token settles who it is even should a
stalled process come back after another took over.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from models.errors import Fenced
from models.identifiers import Millis
from store.database import Store

NAME = "leader"


class Leadership:
    """One process's claim to lead."""

    def __init__(self, store: Store, token: str | None = None) -> None:
        self._store = store
        self._token = token or str(uuid.uuid4())

    def claim(self, now: Millis) -> None:
        """Become the leader; whoever led before is fenced at the next write."""
        self._store.settings.set(NAME, self._token, now)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make everything written inside one transaction of the leader's; raises ``Fenced`` for anybody else."""
        with self._store.transaction():
            if self._store.settings.get(NAME) != self._token:
                raise Fenced("another process leads now; this one's findings were not written")
            yield
