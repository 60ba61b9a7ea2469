"""The longest pause: how long acknowledged events of a partition waited while none of that partition was folded.

The store is polled from outside, by a connection of its own; while it does not answer, the pause goes on.
"""

import threading
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import psycopg

EVERY_SECONDS = 0.1
_QUESTION = "SELECT partition, next_offset FROM partitions"

Stands = Mapping[int, int]


class Pauses:
    """Measures pauses from looks at the store; knows neither threads nor databases."""

    def __init__(self, ends: Callable[[], Stands]) -> None:
        self._ends = ends
        self._stands: dict[int, int] = {}
        self._since: dict[int, float] = {}
        self._longest = 0.0

    def look(self, now: float, stands: Stands | None) -> None:
        """Note where the store stands at ``now`` (seconds); ``None`` when it did not answer."""
        for partition, end in self._ends().items():
            before, since = self._stands.get(partition, 0), self._since.get(partition)
            at = before if stands is None else stands.get(partition, 0)
            if since is not None:
                self._longest = max(self._longest, now - since)
            self._stands[partition] = at
            if at >= end:
                self._since.pop(partition, None)
            elif since is None or at > before:
                self._since[partition] = now

    def take(self) -> float:
        """Return the longest pause (seconds) since this was asked last."""
        longest, self._longest = self._longest, 0.0
        return longest


class Watch:
    """A thread that looks at the store every tenth of a second."""

    def __init__(self, database: str, ends: Callable[[], Stands]) -> None:
        self.pauses = Pauses(ends)
        self._database = database
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            try:
                with psycopg.connect(self._database, autocommit=True, connect_timeout=2) as connection:
                    self._follow(connection)
            except psycopg.Error:
                self.pauses.look(time.monotonic(), None)

    def _follow(self, connection: psycopg.Connection) -> None:
        while not self._stopping.wait(EVERY_SECONDS):
            stands = {int(partition): int(at) for partition, at in connection.execute(_QUESTION)}
            self.pauses.look(time.monotonic(), stands)
