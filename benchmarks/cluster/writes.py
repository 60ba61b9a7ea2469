"""``python -m benchmarks.cluster.writes``: what a row costs to write to PostgreSQL, by table and by way of writing it.

The ways: one array per column, a binary COPY into a temporary table and on from there (``store.upserts`` does the one
or the other), and the driver's ``executemany``. Each overwrites rows drawn at random from a filled table, in portions
of a checkpoint's size. Counted is processor time, of this process and of the server's: neighbours disturb it less than
the clock on the wall.
"""

import argparse
import random
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import Connection, Table, select

from benchmarks.figures import Figure, quantile, show
from benchmarks.timing import timed
from benchmarks.workload import Shape, folded
from deploy.postgres.cluster import throwaway
from store.connecting import connected
from store.database import Store
from store.databases import Database
from store.dialects import dialect_insert
from store.migrating import migrate
from store.tables import STORE
from store.upserts import VERY_MANY, Row, upsert_rows

TABLES = ("customers", "cells", "journeys", "archived")
PORTION = 5_000
Way = Callable[[Connection, Table, Sequence[Row]], object]


def arrays(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write ``rows`` as the store does where there are few."""
    for start in range(0, len(rows), VERY_MANY - 1):
        upsert_rows(connection, table, rows[start : start + VERY_MANY - 1])


def one_by_one(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write ``rows`` by ``executemany``, which psycopg sends in a pipeline."""
    values = dialect_insert(table, "postgresql").values(dict.fromkeys(table.columns.keys()))
    sql = f"{values.compile(dialect=connection.dialect)} {_on_conflict(table)}"
    connection.exec_driver_sql(sql, list(rows))


WAYS: dict[str, Way] = {"arrays": arrays, "COPY": upsert_rows, "executemany": one_by_one}


def _on_conflict(table: Table) -> str:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    rest = [column.name for column in table.columns if not column.primary_key]
    return f"ON CONFLICT ({key}) DO UPDATE SET " + ", ".join(f'"{name}" = excluded."{name}"' for name in rest)


def measure(work: Path, rows: int, rounds: int) -> Figure:
    """Fill each table with ``rows`` rows as a fold leaves them, then overwrite a portion ``rounds`` times each way."""
    figure = Figure("writes", "what does a row cost to write?", {"rows": rows, "portion": PORTION})
    found = _rows(work)
    random.seed(1)
    with throwaway(durable=True, settings=("shared_buffers=512MB", "max_wal_size=4GB")) as cluster:
        database = connected(cluster.url())
        migrate(database, "store")
        for name in TABLES:
            table = STORE.tables[name]
            made = _multiplied(table, found[name], rows)
            with database.write(durable=False) as connection:
                upsert_rows(connection, table, made)
            for way, write in WAYS.items():
                spent = [_once(database, table, write, made) for _ in range(rounds + 1)][1:]
                figure.add(f"{name}, {way}", quantile([here for here, _ in spent], 0.5), "µs/row", "this process")
                figure.add(f"{name}, {way}", quantile([there for _, there in spent], 0.5), "µs/row", "the server's")
        database.close()
    return figure


def _once(database: Database, table: Table, write: Way, made: Sequence[Row]) -> tuple[float, float]:
    key = [at for at, column in enumerate(table.columns) if column.primary_key]
    some = sorted(random.sample(made, PORTION), key=lambda row: [row[at] for at in key])
    with database.write(durable=False) as connection, _Server(connection).working() as there:
        here = timed(lambda: write(connection, table, some))
    return here.processor / PORTION * 1e6, there[0] / PORTION * 1e6


class _Server:
    """The server's process that works for one connection."""

    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)  # noqa: S101 - it is PostgreSQL's
        self._stat = Path(f"/proc/{driver.info.backend_pid}/stat")

    @contextmanager
    def working(self) -> Iterator[list[float]]:
        """Yield a list that gets the seconds of processor time it took in the block."""
        spent: list[float] = []
        before = self._seconds()
        yield spent
        spent.append(self._seconds() - before)

    def _seconds(self) -> float:
        fields = self._stat.read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100


def _rows(work: Path) -> dict[str, list[Row]]:
    with Store.open(folded(work, Shape.of(20_000, live=True))) as store, store._database.read() as connection:  # noqa: SLF001
        return {name: [tuple(row) for row in connection.execute(select(STORE.tables[name]))] for name in TABLES}


def _multiplied(table: Table, found: Sequence[Row], rows: int) -> list[Row]:
    """Return ``rows`` rows made of those found, each under a key of its own."""
    at = list(table.columns.keys()).index("partition")
    made: list[Row] = []
    for copy in range(-(-rows // len(found))):
        made += [(*row[:at], int(f"{copy + 1}{row[at]:02}"), *row[at + 1 :]) for row in found]
    return made[:rows]


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster.writes", description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000, help="rows in each table (100,000)")
    parser.add_argument("--rounds", type=int, default=5, help="portions per way; medians are printed (5)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ressenti-writes-") as work:
        show([measure(Path(work), given.rows, given.rounds)])


if __name__ == "__main__":
    main()
