"""Bulk inserts and upserts, compiled once per table and dialect.

Rows go to the driver as plain tuples in the order of the table's columns, so that a row costs the driver's time only.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Dialect, Table

from models.errors import RowRefused
from store.dialects import dialect_insert

Row = tuple[object, ...]


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``, tuples of every column in the table's order; raises ``RowRefused``."""
    _run(connection, _insert_sql(table, connection.dialect), rows)


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row], keep: tuple[str, ...] = ()) -> None:
    """Insert ``rows`` or overwrite those with the same primary key, but for the columns in ``keep``."""
    _run(connection, _upsert_sql(table, connection.dialect, keep), rows)


def add_missing_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert those of ``rows`` whose primary key is not there yet."""
    _run(connection, _missing_sql(table, connection.dialect), rows)


def _run(connection: Connection, sql: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    try:
        connection.exec_driver_sql(sql, list(rows))
    except (OverflowError, UnicodeEncodeError) as error:
        raise RowRefused(f"the database refuses a value ({error})") from error


@cache
def _insert_sql(table: Table, dialect: Dialect) -> str:
    return str(dialect_insert(table, dialect.name).values(_all(table)).compile(dialect=dialect))


@cache
def _upsert_sql(table: Table, dialect: Dialect, keep: tuple[str, ...]) -> str:
    insert = dialect_insert(table, dialect.name).values(_all(table))
    key = {column.name for column in table.primary_key}
    changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key and c.name not in keep}
    return str(insert.on_conflict_do_update(index_elements=sorted(key), set_=changed).compile(dialect=dialect))


@cache
def _missing_sql(table: Table, dialect: Dialect) -> str:
    insert = dialect_insert(table, dialect.name).values(_all(table))
    return str(insert.on_conflict_do_nothing().compile(dialect=dialect))


def _all(table: Table) -> dict[str, None]:
    return dict.fromkeys(table.columns.keys())
