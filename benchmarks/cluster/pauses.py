"""When partitions moved in the store, seen from outside every few milliseconds; and how long none of some did."""

import threading
import time
from collections.abc import Collection, Sequence
from itertools import pairwise
from types import TracebackType
from typing import Self

import psycopg

EVERY_S = 0.02

_QUESTION = "SELECT partition, next_offset FROM partitions"
Move = tuple[float, int]
"""When, and which partition."""


def pause(moves: Sequence[Move], among: Collection[int], start: float, end: float) -> float:
    """Return the longest time between ``start`` and ``end`` during which none of the partitions ``among`` moved.

    A pause that began before ``start`` counts from its beginning. ``moves`` are in order of time.

    >>> moves = [(0.0, 1), (0.9, 2), (1.0, 1), (4.0, 3), (5.0, 1), (5.5, 2)]
    >>> pause(moves, {1, 2}, 1.5, 6.0), pause(moves, {3}, 1.5, 6.0), pause(moves, {2}, 5.6, 9.0)
    (4.0, 2.5, 3.5)
    """
    mine = [at for at, partition in moves if partition in among]
    since = max((at for at in mine if at <= start), default=start)
    stops = [since, *(at for at in mine if start < at < end), end]
    return max(later - earlier for earlier, later in pairwise(stops))


class Moves:
    """Notes moves in a thread of its own, while the block runs."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stands: dict[int, int] = {}
        self._seen: list[Move] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="moves", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def seen(self) -> list[Move]:
        """Return the moves seen so far, in order of time (``monotonic``)."""
        return list(self._seen)

    def since(self, moment: float) -> set[int]:
        """Return the partitions that moved after ``moment``."""
        return {partition for at, partition in self.seen() if at > moment}

    def _run(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._stopping.wait(EVERY_S):
                self._look(connection)

    def _look(self, connection: psycopg.Connection) -> None:
        rows = connection.execute(_QUESTION).fetchall()
        now = time.monotonic()
        for partition, next_offset in rows:
            if self._stands.get(partition, next_offset) != next_offset:
                self._seen.append((now, int(partition)))
            self._stands[partition] = next_offset
