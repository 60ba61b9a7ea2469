"""What repositories ask of a database, and how transactions nest within a thread; a SQLite file and PostgreSQL give it.

What is in the tables is not known here.
"""

import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection


class Database(Protocol):
    """Hands out connections; every method blocks, and is for many threads.

    ``write`` and ``read`` nest within a thread: what is called inside joins the transaction around it, so that
    a caller can make several repositories' work one transaction. Errors of the driver come out as ours.
    """

    @property
    def name(self) -> str:
        """What people call it in a sentence; holds no secret."""

    def write(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """Yield a connection inside one transaction: committed at the end, rolled back when the body raises.

        ``durable`` outlives a power cut; without it only a crash of the process.
        """

    def read(self) -> AbstractContextManager[Connection]:
        """Yield a connection that sees one moment of the database; inside ``write``, the writer's own view."""

    def read_hot(self) -> AbstractContextManager[Connection]:
        """Yield a connection for the fold's own reading of rows that nobody else may write; no moment is promised."""

    def forget_past_pages(self) -> None:
        """Leave nothing of what was deleted in files that deleting does not reach, as far as is up to us."""

    def close(self) -> None:
        """Close every connection."""


class Nesting:
    """Which connections the present thread works with already."""

    def __init__(self) -> None:
        self._here = threading.local()

    @property
    def writer(self) -> Connection | None:
        """The connection of the transaction around the caller, if it writes."""
        return getattr(self._here, "writer", None)

    @property
    def reader(self) -> Connection | None:
        """The connection to read with: the writer's where there is one, for its own view."""
        return self.writer or getattr(self._here, "reader", None)

    @contextmanager
    def writing(self, connection: Connection) -> Iterator[Connection]:
        """Let whoever writes or reads inside the block, in this thread, join ``connection``."""
        self._here.writer = connection
        try:
            yield connection
        finally:
            self._here.writer = None

    @contextmanager
    def reading(self, connection: Connection) -> Iterator[Connection]:
        """Let whoever reads inside the block, in this thread, join ``connection``."""
        self._here.reader = connection
        try:
            yield connection
        finally:
            self._here.reader = None
