"""Which events came recently, by (source, id): a bounded memory that forgets the oldest first.

A courtesy to senders, who hear "duplicate" at once. Correctness does not lean on it: the fold dedupes by facts.
"""

import threading

Identity = tuple[str, str]


class RecentEvents:
    """Contents of the latest ``size`` events, by identity; safe to use from many threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._contents: dict[Identity, int] = {}
        self._lock = threading.Lock()

    def content(self, identity: Identity) -> int | None:
        """Return the content hash known for ``identity``, if it is remembered."""
        return self._contents.get(identity)

    def remember(self, contents: dict[Identity, int]) -> None:
        """Remember ``contents``; what is beyond the bound is forgotten, the oldest first."""
        with self._lock:
            self._contents |= contents
            for _ in range(len(self._contents) - self._size):
                del self._contents[next(iter(self._contents))]

    def forget(self, identities: list[Identity]) -> None:
        """Forget ``identities``: their customer was erased."""
        with self._lock:
            for identity in identities:
                self._contents.pop(identity, None)
