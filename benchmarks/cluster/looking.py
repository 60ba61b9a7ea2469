"""Looking at the store from outside, every few milliseconds, by a connection and a thread of its own."""

import threading
import time
from types import TracebackType
from typing import Self

import psycopg

from models.identifiers import Partition, Subject

PAUSE_S = 0.005
"""Between two looks."""

_FOUND = """
SELECT wanted.subject FROM unnest(%s::int[], %s::text[]) AS wanted (partition, subject)
JOIN customers ON customers.partition = wanted.partition AND customers.subject = wanted.subject
"""
_BY_KEY = "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"
"""A table that was empty a moment ago has no statistics: without these the whole of it might be read at each look."""


class Looker:
    """Follows customers until their rows are there; ``seen`` has how long each took, in seconds."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wanted: dict[tuple[Partition, Subject], float] = {}
        self._turn = threading.Lock()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="looker", daemon=True)
        self._failure: psycopg.Error | None = None
        self.seen: list[float] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        self._thread.join()

    def follow(self, partition: Partition, subject: Subject, since: float) -> None:
        """Note when the row of ``subject`` is there, counted from ``since`` (``perf_counter``)."""
        with self._turn:
            self._wanted[partition, subject] = since

    def wait(self, seconds: float) -> None:
        """Wait until every row was seen; raises ``TimeoutError`` when one was not within ``seconds``."""
        until = time.monotonic() + seconds
        while self._wanted:
            if self._failure is not None:
                raise self._failure
            if time.monotonic() > until:
                raise TimeoutError(f"{len(self._wanted)} acknowledged events were not visible after {seconds:.0f} s")
            time.sleep(PAUSE_S)

    def _run(self) -> None:
        try:
            with psycopg.connect(self._url, autocommit=True) as connection:
                connection.execute(_BY_KEY)
                while not self._stopping.wait(PAUSE_S):
                    self._look(connection)
        except psycopg.Error as error:
            self._failure = error  # told by ``wait``

    def _look(self, connection: psycopg.Connection) -> None:
        with self._turn:
            wanted = dict(self._wanted)
        if not wanted:
            return
        asked = ([int(partition) for partition, _ in wanted], [subject for _, subject in wanted])
        found = {subject for (subject,) in connection.execute(_FOUND, asked)}
        now = time.perf_counter()
        with self._turn:
            for key, since in wanted.items():
                if key[1] in found:
                    del self._wanted[key]
                    self.seen.append(now - since)
