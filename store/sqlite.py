"""One SQLite file: one writer at a time, short reads beside it, and the settings both need.

Nothing here knows what the tables mean. The file is in WAL mode, so readers see the last commit while the writer works.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from models.errors import StoreBusy
from store.databases import Nesting
from store.faults import translated

Synchronous = Literal["FULL", "NORMAL"]

BUSY_MS = 5_000
"""How long a writer waits for another process before it says the store is busy."""

_WRITER_CACHE_KIB = 65_536
_READER_CACHE_KIB = 8_192
_WAL_PAGES = 4_096
"""Pages in the write-ahead log before it is copied back: hot pages are then copied once, not once per commit."""
_WAL_KEEP_BYTES = 64 << 20


class SqliteDatabase:
    """A SQLite file with one writer and many readers; a ``Database``."""

    def __init__(
        self, path: Path, *, synchronous: Synchronous, busy_ms: int = BUSY_MS, read_only: bool = False
    ) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_ms = busy_ms
        self._turn = threading.Lock()
        self._nesting = Nesting()
        self.read_only = read_only
        self._writer = self._engine("BEGIN" if read_only else "BEGIN IMMEDIATE", _WRITER_CACHE_KIB, size=1)
        self._hot = self._writer.execution_options(begin="BEGIN")
        self._reader = self._engine("BEGIN", _READER_CACHE_KIB, size=4)

    @property
    def name(self) -> str:
        """The file's path."""
        return str(self.path)

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Yield the writer inside one transaction: committed at the end, rolled back when the body raises.

        ``durable`` outlives a power cut; without it only a crash of the process. Blocks while another thread or
        process writes; raises ``StoreBusy`` after the busy time, ``StoreFull`` with nothing written.
        """
        joined = self._nesting.writer
        if joined is not None:
            yield joined
            return
        with self._my_turn(), translated(self.path), self._writer.connect() as connection:
            self._set_durability(connection, durable=durable)
            with connection.begin(), self._nesting.writing(connection):
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one moment of the database; inside ``write``, the writer's own view."""
        joined = self._nesting.reader
        if joined is not None:
            yield joined
            return
        with (
            translated(self.path),
            self._reader.connect() as connection,
            connection.begin(),
            self._nesting.reading(connection),
        ):
            yield connection

    @contextmanager
    def read_hot(self) -> Iterator[Connection]:
        """Yield the writer's connection for reading, under its lock: its page cache survives its own commits.

        For the fold, which reads what it just wrote; readers' caches are emptied by every commit.
        """
        joined = self._nesting.writer
        if joined is not None:
            yield joined
            return
        with self._my_turn(), translated(self.path), self._hot.connect() as connection, connection.begin():
            yield connection

    def forget_past_pages(self) -> None:
        """Fold the write-ahead log back and empty it, so that it holds no page from before; best effort.

        A reader in the middle of something keeps its pages; they go with the next call or the last close.
        """
        with self._my_turn(), translated(self.path), self._writer.connect() as connection:
            cursor = connection.connection.cursor()
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            cursor.close()

    def close(self) -> None:
        """Close every connection; the last one to close folds the write-ahead log back into the file."""
        self._reader.dispose()
        self._writer.dispose()

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        if not self._turn.acquire(timeout=self._busy_ms / 1000):
            raise StoreBusy(f"{self.path}: another thread has been writing for {self._busy_ms} ms; try again")
        try:
            yield
        finally:
            self._turn.release()

    def _set_durability(self, connection: Connection, *, durable: bool) -> None:
        if self._synchronous == "FULL":
            return
        # The setting cannot change inside a transaction, so it is set on the driver's connection before BEGIN.
        cursor = connection.connection.cursor()
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else self._synchronous}")
        cursor.close()

    def _engine(self, begin: str, cache_kib: int, size: int) -> Engine:
        engine = create_engine(
            f"sqlite:///{self.path}",
            hide_parameters=True,  # an error's text goes into logs, values may be a customer's
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0 if size == 1 else 28,
            connect_args={"check_same_thread": False, "timeout": self._busy_ms / 1000},
        )

        def on_connect(raw: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
            with translated(self.path):
                self._prepare(raw, cache_kib, writes=size == 1 and not self.read_only)

        def on_begin(connection: Connection) -> None:
            connection.exec_driver_sql(connection.get_execution_options().get("begin", begin))

        event.listen(engine, "connect", on_connect)
        event.listen(engine, "begin", on_begin)
        return engine

    def _prepare(self, raw: DBAPIConnection, cache_kib: int, *, writes: bool) -> None:
        # The driver must not open transactions by itself: BEGIN is ours, so that it can be IMMEDIATE.
        raw.isolation_level = None
        cursor = raw.cursor()
        if writes:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={self._synchronous}")
            cursor.execute(f"PRAGMA wal_autocheckpoint={_WAL_PAGES}")
            cursor.execute(f"PRAGMA journal_size_limit={_WAL_KEEP_BYTES}")
            # What is deleted or overwritten is zeroed in the file, so that an erasure is one; no cost was measured.
            cursor.execute("PRAGMA secure_delete=ON")
        else:
            cursor.execute("PRAGMA query_only=ON")
        cursor.execute(f"PRAGMA cache_size=-{cache_kib}")
        cursor.close()
