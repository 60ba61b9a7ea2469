"""Filling a PostgreSQL store with customers it has known for long, by the million, inside the database.

A known customer is a row of state and the rows of journeys in play, as a fold left them: copies of those of the few
hundred customers that are in the store at the beginning. Customers whom later events meet lie where the fold looks for
them, and are copies of all of those. Strangers, whom nobody meets, lie scattered in between, in any partition; they
take room and are not read, and are copies of the half with the smaller rows, so that ten million fit on a small disk.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import psycopg

from models.identifiers import Subject
from models.partitions import partition_of

PARTITIONS = 16
BYTES_PER_MB = 1_000_000

_LEARN = (
    "SET work_mem = '256MB'",
    "SET synchronous_commit = off",
    "CREATE TEMP TABLE met (subject text PRIMARY KEY, partition int NOT NULL, n bigint NOT NULL)",
    "CREATE TEMP TABLE template AS SELECT row_number() OVER (ORDER BY length(state)) - 1 AS n, * FROM customers",
    "CREATE TEMP TABLE told AS SELECT n, journeys.* FROM journeys JOIN template USING (partition, subject)",
)
_CROWD = """
CREATE TEMP TABLE crowd AS SELECT * FROM (
    SELECT partition, subject, n FROM met UNION ALL
    SELECT i % {partitions}, 'p1_' || substr(md5(i::text), 1, 28), i % {smaller}
    FROM generate_series(1, {strangers}) AS i
) AS everybody ORDER BY partition, subject COLLATE "C"
"""
_CUSTOMERS = """
INSERT INTO customers (partition, subject, state, last_at, score, next_due, waiting)
SELECT c.partition, c.subject, state, last_at, score, NULL, false
FROM crowd AS c JOIN template AS t USING (n)
"""
_JOURNEYS = """
INSERT INTO journeys (partition, subject, key, started, ended, score, inferred, said,
    causes, touchpoints, channels, contacts, open)
SELECT c.partition, c.subject, key, started, ended, score, inferred, said,
    causes, touchpoints, channels, contacts, open
FROM crowd AS c JOIN told AS t USING (n)
"""
_SIZES = """
SELECT (SELECT count(*) FROM customers), (SELECT count(*) FROM journeys),
    pg_total_relation_size('customers'), pg_total_relation_size('journeys')
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many rows there are, and how much of the disk (MB) they take with their indexes."""

    customers: int
    journeys: int
    customers_mb: float
    journeys_mb: float


class Crowd:
    """Customers known to a store, over a connection of its own that commits by itself; nobody may fold meanwhile.

    ``met`` are the customers whom later events meet. Those who are in the store already are copied, and taken out.
    """

    def __init__(self, connection: psycopg.Connection, met: Sequence[Subject]) -> None:
        self._connection = connection
        self._met = len(met)
        for sql in _LEARN:
            connection.execute(sql)
        ((self._templates,),) = connection.execute("SELECT count(*) FROM template").fetchall()
        with connection.cursor().copy("COPY met FROM STDIN") as copy:
            for n, subject in enumerate(met):
                copy.write_row((subject, partition_of(subject.encode(), PARTITIONS), n % self._templates))
        connection.execute("ANALYZE met, template, told")

    def fill(self, size: int) -> Size:
        """Have the store know ``size`` customers, in the order of their key, all as they were at first."""
        crowd = _CROWD.format(partitions=PARTITIONS, smaller=self._templates // 2, strangers=size - self._met)
        with self._connection.transaction():
            # What is written to a table emptied in the same transaction needs no log of the database's own.
            for sql in ("TRUNCATE customers, journeys", crowd, "ANALYZE crowd", _CUSTOMERS, _JOURNEYS):
                self._connection.execute(sql.encode())
        for sql in ("DROP TABLE crowd", "VACUUM ANALYZE customers, journeys", "CHECKPOINT"):
            self._connection.execute(sql.encode())  # the last two are not to happen while we measure
        return self._size()

    def _size(self) -> Size:
        (customers, journeys, customers_bytes, journeys_bytes) = self._connection.execute(_SIZES).fetchall()[0]
        return Size(customers, journeys, customers_bytes / BYTES_PER_MB, journeys_bytes / BYTES_PER_MB)
