"""One PostgreSQL database: a few connections that write, a few that read, and what both are told when they open.

Nothing here knows what the tables mean. The driver never opens a transaction by itself: every BEGIN is written here,
so that no stray SELECT can turn a commit into a mere savepoint of something else.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool

from models.errors import RefusedToStart
from store.address import Address
from store.databases import Nesting
from store.postgres_faults import translated

IDLE_SECONDS = 10
"""A transaction that stands still so long in its middle is ended by the server: whoever was stopped there (a paused
machine, a SIGSTOP) must not keep its rows locked from the one that took over."""
OLDEST = 150_000
"""The oldest server this was tried on: 15."""

_WRITE = "BEGIN"
_LAZY = "BEGIN; SET LOCAL synchronous_commit TO off"
"""Commits without waiting for the disk: a crash of the server may undo the last moments, never half of a commit."""
_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_PEER_GONE = (
    "SET tcp_keepalives_idle = 5; SET tcp_keepalives_interval = 2; SET tcp_keepalives_count = 3; "
    "SET tcp_user_timeout = 10000"
)
"""So does the server: whoever vanished in the middle of a transaction keeps nobody from its rows for long."""
_COMPRESS = """
SELECT set_config(name, 'lz4', false) FROM pg_settings
WHERE name = 'default_toast_compression' AND 'lz4' = ANY(enumvals)
"""
"""Large values packed with LZ4 where the server can: a customer's row of 4 kB costs it 35 µs to write, not 70."""
_ALWAYS = {
    "client_encoding": "utf8",
    "connect_timeout": 5,
    # A peer that vanished without a word is given up after about ten seconds, not after the system's two hours.
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class PostgresDatabase:
    """A PostgreSQL database; a ``Database``. Writers work side by side: where they must not, rows or locks say so."""

    def __init__(self, address: Address) -> None:
        self._address = address
        self._given = _conninfo(address)
        self._nesting = Nesting()
        reading = (
            f"SET statement_timeout = {round(address.statement_seconds * 1000)}; SET jit = off; "
            "SET idle_in_transaction_session_timeout = '5min'"
        )
        writing = (
            f"SET lock_timeout = {address.busy_ms}; SET jit = off; SET client_min_messages = warning; "
            f"SET idle_in_transaction_session_timeout = '{IDLE_SECONDS}s'; {_PEER_GONE}"
        )
        self._writer = self._engine(address.writers, writing)
        self._reader = self._engine(address.readers, reading)

    @property
    def name(self) -> str:
        """The database's name and its host."""
        given = self._given
        return f"database {given.get('dbname', '')} on {given.get('host', 'this machine')}"

    def check(self) -> None:
        """Raise ``RefusedToStart`` for a server or a database that cannot serve, ``Retryable`` when it is away."""
        with self.read() as connection:
            raw = _driver(connection)
            version, encoding = raw.info.server_version, raw.info.parameter_status("server_encoding")
        if version < OLDEST:
            raise RefusedToStart(
                f"{self.name}: PostgreSQL {version // 10_000} is too old; it takes {OLDEST // 10_000} or newer"
            )
        if encoding != "UTF8":
            raise RefusedToStart(f"{self.name}: encoded in {encoding}; make it anew with ENCODING 'UTF8'")

    @contextmanager
    def write(self, *, durable: bool = True) -> Iterator[Connection]:
        """Yield a connection inside one transaction that sees each statement's own moment; joins one around it.

        Blocks while another writer holds the same rows; raises ``StoreBusy`` after the busy time.
        """
        joined = self._nesting.writer
        if joined is not None:
            yield joined
            return
        with translated(self.name), self._writer.connect() as connection:
            connection.execution_options(begin=_WRITE if durable else _LAZY)
            with connection.begin(), self._nesting.writing(connection):
                yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Yield a connection that sees one moment of the database; inside ``write``, the writer's own view."""
        joined = self._nesting.reader
        if joined is not None:
            yield joined
            return
        with translated(self.name), self._reader.connect() as connection:
            connection.execution_options(begin=_READ)
            with connection.begin(), self._nesting.reading(connection):
                yield connection

    @contextmanager
    def read_hot(self) -> Iterator[Connection]:
        """Yield a writer's connection without a transaction: each statement by itself, without a word before or after.

        For the fold, whose rows nobody else writes; whether that held is what the checkpoint finds out.
        """
        joined = self._nesting.writer
        if joined is not None:
            yield joined
            return
        with translated(self.name), self._writer.connect() as connection:
            connection.execution_options(begin="")
            yield connection

    def forget_past_pages(self) -> None:
        """Do nothing: the server overwrites dead rows by itself (autovacuum), and its write-ahead log as it goes."""

    def close(self) -> None:
        """Close every connection."""
        self._reader.dispose()
        self._writer.dispose()

    def _engine(self, size: int, settings: str) -> Engine:
        engine = create_engine(
            "postgresql+psycopg://",
            creator=lambda: self._connected(settings),
            paramstyle="format",  # rows go to the driver as plain tuples
            hide_parameters=True,  # an error's text goes into logs, values may be a customer's
            poolclass=QueuePool,
            pool_size=size,
            max_overflow=0,
            pool_timeout=self._address.busy_ms / 1000,
            pool_use_lifo=True,
            pool_pre_ping=True,  # a server that was restarted costs nobody an error but those it cut off
        )
        event.listen(engine, "begin", _begin)
        return engine

    def _connected(self, settings: str) -> "psycopg.Connection[tuple[object, ...]]":
        connection = psycopg.connect(**self._given, autocommit=True)  # type: ignore[arg-type]  # libpq's own words, whose types psycopg does not tell
        connection.execute(f"{settings}; {_COMPRESS}")
        return connection


def _begin(connection: Connection) -> None:
    # By the driver's simple protocol, which takes two statements in one round trip.
    if text := connection.get_execution_options()["begin"]:
        _driver(connection).execute(text)


def _driver(connection: Connection) -> "psycopg.Connection[tuple[object, ...]]":
    raw = connection.connection.driver_connection
    assert isinstance(raw, psycopg.Connection)  # noqa: S101 - ours alone are in these pools
    return raw


def _conninfo(address: Address) -> dict[str, object]:
    """Return what the driver is told; raises ``RefusedToStart`` for an address that is none."""
    try:
        said = conninfo_to_dict(address.url)
    except psycopg.Error as error:
        reason = " ".join(str(error).split())
        raise RefusedToStart(
            f"RESSENTI_DATABASE_URL holds no address of a database ({reason}); write it like "
            "postgresql://user@host:5432/ressenti"
        ) from None
    given: dict[str, object] = {"application_name": "ressenti", **_ALWAYS, **said}
    if address.password is not None:
        given["password"] = address.password
    return given
