"""The few things SQLite and PostgreSQL say differently: the only place where a dialect is chosen."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Table
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
def _postgresql_holds(element: _HoldsBytes, compiler: SQLCompiler, **kw: Any) -> str:  # noqa: ANN401
    held, needle = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"position({needle} in {held}) > 0"
