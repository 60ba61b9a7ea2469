"""PostgreSQL's way with many rows at once: each column is one array, and the server makes rows of them again.

Rows are tuples in the order of the table's columns. What becomes of them is said by ``store.upserts``.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Integer,
    LargeBinary,
    SmallInteger,
    String,
    Table,
)

from models.errors import InvariantBroken
from store.batches import plain_cursor

Row = tuple[object, ...]
Names = tuple[str, ...]
"""Of columns."""

MOST_BYTES = 1 << 19
"""Per statement: libpq moves what is left to send after each piece that was sent, so that large ones cost their square;
at 0.5 MB that is nothing (measured: 21 MB in one statement took 2.5 times the processor time of 40 small ones)."""
MOST_ROWS = 10_000
_OVERHEAD = 100

_TYPES: tuple[tuple[type[Any], str], ...] = (
    (Boolean, "bool"),
    (SmallInteger, "int2"),
    (BigInteger, "int8"),
    (Integer, "int4"),
    (String, "text"),
    (LargeBinary, "bytea"),
)


def arrays_of(columns: Sequence[Column[Any]]) -> str:
    """Return the SQL of a table made of one array per column, with a binary placeholder for each."""
    return f"unnest({', '.join(f'%b::{sql_type(column)}[]' for column in columns)})"


@cache
def found_sql(table: Table, wanted: Names = (), key: Names = ()) -> str:
    """Return the SQL that reads the rows of ``table`` whose ``key`` is given, one array per column of it.

    It reads the columns ``wanted``, all where none is named; ``key`` is the primary key, or the first columns of it.
    """
    columns = [table.columns[name] for name in key or table.primary_key.columns.keys()]
    names = ", ".join(f'"{column.name}"' for column in columns)
    read = ", ".join(f't."{name}"' for name in wanted or table.columns.keys())
    return f'SELECT {read} FROM {arrays_of(columns)} AS w({names}) JOIN "{table.name}" t USING ({names})'  # noqa: S608 - our own names


@cache
def heavy_columns(table: Table) -> tuple[int, ...]:
    """Return the places of the columns whose values may be large."""
    return tuple(at for at, column in enumerate(table.columns) if isinstance(column.type, LargeBinary))


def run_arrays(connection: Connection, sql: str, rows: Sequence[Row], heavy: tuple[int, ...]) -> int:
    """Run ``sql``, whose placeholders are columns of ``rows``, in as many statements as their size asks for.

    Returns how many rows of the table that concerned.

    Not in the driver's pipeline, though it would save the waiting: the server ends transactions that stand still, but
    not while a pipeline is open, and a worker paused there would keep its partitions locked from the next.
    """
    cursor = plain_cursor(connection)
    concerned = 0
    try:
        for some in portions(rows, heavy, (MOST_BYTES, MOST_ROWS)):
            cursor.execute(sql, [list(column) for column in zip(*some, strict=True)])
            concerned += cursor.rowcount
    finally:
        cursor.close()
    return concerned


def portions(rows: Sequence[Row], heavy: tuple[int, ...], most: tuple[int, int]) -> Iterator[Sequence[Row]]:
    """Yield ``rows`` in portions of at most so many bytes, by their ``heavy`` columns, and rows; one row at least."""
    first = size = 0
    for at, row in enumerate(rows):
        if size > most[0] or at - first == most[1]:
            yield rows[first:at]
            first, size = at, 0
        size += _OVERHEAD
        for place in heavy:
            size += len(row[place])  # type: ignore[arg-type]  # heavy columns hold texts or bytes
    if first < len(rows):
        yield rows[first:]


def sql_type(column: Column[Any]) -> str:
    """Return PostgreSQL's name of the column's type, without its length."""
    for kind, name in _TYPES:
        if isinstance(column.type, kind):
            return name
    raise InvariantBroken(f"column {column}: no array is known for its type {column.type!r}")
