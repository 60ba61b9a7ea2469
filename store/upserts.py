"""Bulk inserts, upserts and deletes, written once per table and dialect.

Rows go to the driver as plain tuples in the order of the table's columns, so that a row costs the driver's time only:
on SQLite one after the other; on PostgreSQL as arrays of columns, and by COPY where there are very many. What a row
costs there, in microseconds of processor time of this process + of the server's, overwriting rows of a table of 60,000
in portions of 5,000 (PostgreSQL 15, psycopg 3.3; ``python -m benchmarks.cluster.writes``)::

    table (bytes per row)     COPY         arrays       executemany
    customers (4,400)         11.5 + 34    13.6 + 38    23.4 + 42
    archived (1,400)          3.9 + 12     6.5 + 14     14.8 + 18
    cells (250)               2.6 + 6      3.6 + 6      10.8 + 12
    journeys (150)            3.2 + 8      6.9 + 10     14.3 + 16

With a million rows in the table the server's share is 54 for customers, 10 for cells. COPY takes three round trips and
the emptying of its table on commit, arrays take one.
"""

from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, Dialect, Table

from models.errors import RowRefused
from store.arrays import Row, arrays_of, heavy_columns, run_arrays
from store.dialects import dialect_insert
from store.staging import stage, staged

__all__ = ["Row", "add_missing_rows", "delete_rows", "insert_rows", "update_rows", "upsert_rows"]

Columns = tuple[str, ...]

VERY_MANY = 500
"""Rows from which COPY pays."""


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert ``rows``, tuples of every column in the table's order; raises ``RowRefused``."""
    if connection.dialect.name == "postgresql":
        _write(connection, table, rows, "")
    else:
        _run(connection, _insert_sql(table, connection.dialect), rows)


def upsert_rows(connection: Connection, table: Table, rows: Sequence[Row], keep: Columns = ()) -> None:
    """Insert ``rows`` or overwrite those with the same primary key, but for the columns in ``keep``."""
    if connection.dialect.name == "postgresql":
        _write(connection, table, _last_of_each(table, rows), _or_overwrite(table, keep))
    else:
        _run(connection, _upsert_sql(table, connection.dialect, keep), rows)


def add_missing_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert those of ``rows`` whose primary key is not there yet."""
    if connection.dialect.name == "postgresql":
        _write(connection, table, rows, "ON CONFLICT DO NOTHING")
    else:
        _run(connection, _missing_sql(table, connection.dialect), rows)


def delete_rows(connection: Connection, table: Table, keys: Sequence[Row], untouched: Columns = ()) -> int:
    """Delete the rows with these primary keys, but those where a column of ``untouched`` holds something.

    Returns how many rows went.
    """
    if not keys:
        return 0
    if connection.dialect.name == "postgresql":
        return run_arrays(connection, _delete_by_arrays(table, untouched), keys, ())
    return connection.exec_driver_sql(_delete_one(table, untouched), list(keys)).rowcount


def update_rows(connection: Connection, table: Table, changed: Columns, rows: Sequence[Row]) -> None:
    """Set the columns ``changed`` of rows that are there: tuples of the primary key's values, then of theirs."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        run_arrays(connection, _update_by_arrays(table, changed), rows, ())
        return
    keys = len(table.primary_key)
    connection.exec_driver_sql(_update_one(table, changed), [(*row[keys:], *row[:keys]) for row in rows])


def _write(connection: Connection, table: Table, rows: Sequence[Row], on_conflict: str) -> None:
    """Insert ``rows`` into a table of PostgreSQL."""
    if not rows:
        return
    try:
        if len(rows) < VERY_MANY:
            run_arrays(connection, _from_arrays(table, on_conflict), rows, heavy_columns(table))
        else:
            stage(connection, table, rows)
            connection.exec_driver_sql(_from_staged(table, on_conflict))
    except (OverflowError, UnicodeEncodeError) as error:
        raise RowRefused(f"the database refuses a value ({error})") from error


def _run(connection: Connection, sql: str, rows: Sequence[Row]) -> None:
    if not rows:
        return
    try:
        connection.exec_driver_sql(sql, list(rows))
    except (OverflowError, UnicodeEncodeError) as error:
        raise RowRefused(f"the database refuses a value ({error})") from error


def _last_of_each(table: Table, rows: Sequence[Row]) -> Sequence[Row]:
    """Return ``rows`` with only the last of those that share a key: PostgreSQL's statement may touch a row once."""
    places = _key_places(table)
    last = {tuple([row[place] for place in places]): row for row in rows}
    return rows if len(last) == len(rows) else list(last.values())


@cache
def _insert_sql(table: Table, dialect: Dialect) -> str:
    return str(dialect_insert(table, dialect.name).values(_all(table)).compile(dialect=dialect))


@cache
def _upsert_sql(table: Table, dialect: Dialect, keep: Columns) -> str:
    insert = dialect_insert(table, dialect.name).values(_all(table))
    key = {column.name for column in table.primary_key}
    changed = {c.name: insert.excluded[c.name] for c in table.columns if c.name not in key and c.name not in keep}
    return str(insert.on_conflict_do_update(index_elements=sorted(key), set_=changed).compile(dialect=dialect))


@cache
def _missing_sql(table: Table, dialect: Dialect) -> str:
    insert = dialect_insert(table, dialect.name).values(_all(table))
    return str(insert.on_conflict_do_nothing().compile(dialect=dialect))


@cache
def _or_overwrite(table: Table, keep: Columns) -> str:
    key = [column.name for column in table.primary_key]
    changed = [c.name for c in table.columns if c.name not in key and c.name not in keep]
    set_to = ", ".join(f'"{name}" = excluded."{name}"' for name in changed)
    return f"ON CONFLICT ({_names(key)}) DO UPDATE SET {set_to}"


@cache
def _from_arrays(table: Table, on_conflict: str) -> str:
    columns = list(table.columns)
    return (
        f'INSERT INTO "{table.name}" ({_names(table.columns.keys())}) SELECT * FROM {arrays_of(columns)} {on_conflict}'  # noqa: S608 - our own names
    )


@cache
def _from_staged(table: Table, on_conflict: str) -> str:
    names = _names(table.columns.keys())
    return f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM "{staged(table)}" {on_conflict}'  # noqa: S608 - our own names


@cache
def _delete_by_arrays(table: Table, untouched: Columns) -> str:
    key = list(table.primary_key)
    same = f"({_names([c.name for c in key])}) IN (SELECT * FROM {arrays_of(key)})"  # noqa: S608 - our own names
    return f'DELETE FROM "{table.name}" WHERE {" AND ".join([same, *_nulls(untouched)])}'  # noqa: S608 - our own names


@cache
def _delete_one(table: Table, untouched: Columns) -> str:
    same = [f'"{column.name}" = ?' for column in table.primary_key]
    return f'DELETE FROM "{table.name}" WHERE {" AND ".join([*same, *_nulls(untouched)])}'  # noqa: S608 - our own names


@cache
def _update_by_arrays(table: Table, changed: Columns) -> str:
    given = [*table.primary_key, *(table.columns[name] for name in changed)]
    set_to = ", ".join(f'"{name}" = w."{name}"' for name in changed)
    same = " AND ".join(f't."{column.name}" = w."{column.name}"' for column in table.primary_key)
    names = _names([column.name for column in given])
    return f'UPDATE "{table.name}" t SET {set_to} FROM {arrays_of(given)} AS w({names}) WHERE {same}'  # noqa: S608 - our own names


@cache
def _update_one(table: Table, changed: Columns) -> str:
    set_to = ", ".join(f'"{name}" = ?' for name in changed)
    same = " AND ".join(f'"{column.name}" = ?' for column in table.primary_key)
    return f'UPDATE "{table.name}" SET {set_to} WHERE {same}'  # noqa: S608 - our own names


def _nulls(columns: Columns) -> list[str]:
    return [f'"{name}" IS NULL' for name in columns]


def _names(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@cache
def _key_places(table: Table) -> tuple[int, ...]:
    return tuple(at for at, column in enumerate(table.columns) if column.primary_key)


def _all(table: Table) -> dict[str, None]:
    return dict.fromkeys(table.columns.keys())
