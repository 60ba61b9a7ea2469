"""PostgreSQL's quickest way with very many rows: COPY into a temporary table of the session, and on from there.

Rows are made ready first and sent then: a worker that is paused while it makes them stands idle in its transaction,
which the server ends after a while; one that is paused in the middle of a COPY would keep its partitions locked.

The temporary table has no keys and only the widest types: what does not fit the real one is then refused by the server
(the driver itself would cut a number that is too large for four bytes, and say nothing).
"""

from collections.abc import Iterable, Sequence
from functools import cache
from io import BytesIO
from typing import Any

from sqlalchemy import Connection, Integer, Table

from store.arrays import Row, heavy_columns, portions, sql_type

MOST_BYTES = 8 << 20
"""Made ready at a time, so that a large checkpoint does not stand in memory twice."""
MOST_ROWS = 50_000


def stage(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Put ``rows``, tuples of every column in the table's order, into the temporary table for ``table``.

    It is emptied when the transaction ends. Blocks until the server has them all.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute(_make(table))
    for some in portions(rows, heavy_columns(table), (MOST_BYTES, MOST_ROWS)):
        ready = _made_ready(driver, table, some)
        with driver.cursor() as cursor, cursor.copy(f'COPY "{staged(table)}" FROM STDIN (FORMAT BINARY)') as copy:
            copy.write(ready)


def staged(table: Table) -> str:
    """Return the name of the temporary table for ``table``."""
    return f"staged_{table.name}"


def _made_ready(driver: Any, table: Table, rows: Iterable[Row]) -> memoryview:  # noqa: ANN401 - the driver's own
    from psycopg.copy import Copy, FileWriter  # the driver is an extra

    ready = BytesIO()
    with driver.cursor() as cursor, Copy(cursor, binary=True, writer=FileWriter(ready)) as copy:
        copy.set_types(_types(table))
        write = copy.write_row
        for row in rows:
            write(row)
    return ready.getbuffer()


@cache
def _make(table: Table) -> str:
    columns = ", ".join(f'"{c.name}" {kind}' for c, kind in zip(table.columns, _types(table), strict=True))
    made = f'CREATE TEMPORARY TABLE IF NOT EXISTS "{staged(table)}" ({columns}) ON COMMIT DELETE ROWS'
    return f'{made}; DELETE FROM "{staged(table)}"'  # noqa: S608 - what this transaction staged before


@cache
def _types(table: Table) -> tuple[str, ...]:
    return tuple("int8" if isinstance(column.type, Integer) else sql_type(column) for column in table.columns)
