"""The few things SQLite and PostgreSQL say differently: the only place where a dialect is chosen."""

from hashlib import blake2b
from typing import Any

from sqlalchemy import Boolean, ColumnElement, Connection, Table, func, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from models.errors import InvariantBroken


def dialect_insert(table: Table, dialect: str) -> sqlite.Insert | postgresql.Insert:
    """Return the insert of ``dialect`` that knows ``ON CONFLICT``."""
    if dialect == "sqlite":
        return sqlite.insert(table)
    if dialect == "postgresql":
        return postgresql.insert(table)
    raise InvariantBroken(f"no upsert is known for the database dialect {dialect!r}")


def serialize(connection: Connection, what: str) -> None:
    """Wait until nobody else does ``what``, and keep others from it until the transaction ends.

    For what reads before it writes. SQLite has one writer at a time in any case.
    """
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(blake2b(f"ressenti {what}".encode(), digest_size=8).digest(), "big", signed=True)
        connection.execute(_LOCK, {"key": key})


_LOCK = text("SELECT pg_advisory_xact_lock(:key)")


def take_your_time(connection: Connection) -> None:
    """Let the statements of this transaction take as long as they need; for what looks through whole tables."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NO_LIMIT)


_NO_LIMIT = text("SET LOCAL statement_timeout = 0")
MANY = 100_000
"""Rows from which PostgreSQL's own estimate is good enough: counting ten million of them takes a second."""


def row_count(connection: Connection, table: Table) -> int:
    """Return how many rows ``table`` has; beyond ``MANY``, on PostgreSQL, as its last look at the table told."""
    if connection.dialect.name == "postgresql":
        estimate = connection.execute(_ESTIMATE, {"name": f'"{table.name}"'}).scalar_one()
        if estimate > MANY:
            return int(estimate)
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


_ESTIMATE = text("SELECT reltuples FROM pg_class WHERE oid = to_regclass(:name)")


class _HoldsBytes(FunctionElement[bool]):
    """Whether the first of two byte strings contains the second."""

    type = Boolean()
    inherit_cache = True
    name = "holds_bytes"


def holds_bytes(column: ColumnElement[bytes], needle: bytes) -> ColumnElement[bool]:
    """Return the condition that ``column`` contains ``needle``."""
    return _HoldsBytes(column, needle)


@compiles(_HoldsBytes, "sqlite")
def _sqlite_holds(element: _HoldsBytes, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own
    return f"instr({compiler.process(element.clauses, **kw)}) > 0"


@compiles(_HoldsBytes, "postgresql")
def _postgresql_holds(element: _HoldsBytes, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401 - the same
    held, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"position({needle} in {held}) > 0"
