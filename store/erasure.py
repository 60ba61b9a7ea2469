"""Forgetting a customer: every row that speaks of them goes, what they added to the cells is taken back.

::

    1. Look, locking nothing, for the places where millions of rows name the customer (``store.traces``).
    2. One durable transaction on the store, under a new epoch of the customer's partition, all others locked:
       a. take what the customer's journeys, in play and archived, added to the cells back out of them, merging the
          parts that partitions hold of those, so that no difference stays that is the customer's alone; and note
          which cohorts of experiments hold a unit of theirs, to be read anew;
       b. delete the customer's rows in every table that has a ``subject``, and the dead letters and outgoing messages
          whose bytes name the customer: at the places found, and among what came since;
       c. blot the pseudonym out of every text that is left, wherever it stands;
       d. write the erasure row, the ``erased`` message, and an audit row that does not say whom.
    3. Empty the write-ahead log of the pages from before, and delete the customer's records from the embedded log.
       Dying between 2 and 3 leaves records that every later fold passes over; erasing again finishes.

With the company's own id, rows that an import rejected and that hold it leave the embedded log first, and their dead
letters go in the same transaction under new epochs of all partitions: no fold can write them again. From a log that is
not ours (Kafka's) nothing can be taken: there they go with its retention, and a rejected row that was not folded yet
becomes a dead letter still; erasing once more, when the import is folded, takes that too.

Journeys whose archive has expired stay counted in the cells, where nothing tells whose they were.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, delete, func, insert, or_, select, update

from models.cells import CellKey, Contribution, Counts, Grain, add, bucket_of
from models.customers import unpack, unpack_contributions
from models.effects import OutboxMessage
from models.identifiers import Millis, Offset, Partition, Subject
from models.partitions import group_of, partition_of
from store.audit import Act, write_audit
from store.cell_rows import merge_cells
from store.cohorts import mark_stale
from store.databases import Database
from store.log import EmbeddedLog
from store.mentions import Mentions
from store.outbox import add_outside
from store.rewriting import exclusive
from store.tables import STORE
from store.tables.cells import cells
from store.tables.customers import customers
from store.tables.journeys import archived
from store.tables.people import erasures
from store.traces import Traces, is_of, look, texts_naming

BLOT = "erased"
"""Stands where an erased pseudonym stood in a text."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """Who was forgotten, when, by whom, and how many rows went from which table."""

    subject: Subject
    at: Millis
    by: str
    counts: dict[str, int]


class Erasures:
    """Forgets customers, and remembers that it did."""

    def __init__(self, database: Database, log: EmbeddedLog | None, count: int) -> None:
        self._database = database
        self._log = log
        self._count = count

    def erase(self, subject: Subject, by: str, now: Millis, raw: str | None = None) -> dict[str, int]:
        """Forget ``subject`` everywhere but in the erasure row; return how many rows went from each table.

        ``raw`` is the company's own id of them, which rejected rows may hold. Erasing somebody unknown is no error: it
        keeps them from ever coming in.
        """
        mentions = Mentions(raw) if raw else None
        gone = mentions.delete_records(self._log) if mentions and self._log else 0
        home = partition_of(subject.encode(), self._count)
        fenced = [Partition(n) for n in range(self._count)] if mentions else [home]
        traces = look(self._database, subject, home, fenced)
        letters = mentions.places(self._database) if mentions else []
        with exclusive(self._database, fenced), self._database.write() as connection:
            counts = _forget(connection, traces)
            if mentions is not None:
                more = mentions.delete_dead_letters(connection, letters, traces.since)
                counts |= {"dead_letters": counts.get("dead_letters", 0) + more} if more else {}
            _note(connection, Erasure(subject, now, by, counts))
        self._database.forget_past_pages()
        gone += self._log.delete_subject(subject.encode()) if self._log else 0
        return counts | ({"records": gone} if gone else {})

    def all(self) -> list[Erasure]:
        """Return every erasure, the latest first."""
        wanted = select(erasures).order_by(erasures.c.at.desc(), erasures.c.subject)
        with self._database.read() as connection:
            return [
                Erasure(Subject(row.subject), Millis(row.at), row.by, json.loads(row.counts))
                for row in connection.execute(wanted)
            ]

    def subjects(self) -> frozenset[Subject]:
        """Return everybody who was forgotten."""
        with self._database.read() as connection:
            return frozenset(Subject(s) for s in connection.execute(select(erasures.c.subject)).scalars())


def _forget(connection: Connection, traces: Traces) -> dict[str, int]:
    """Delete and blot everything of a customer; return how many rows of which table, where there were any."""
    retract(connection, traces.home, traces.subject)
    mark_stale(connection, traces.subject)
    tables = [table for table in STORE.sorted_tables if table not in {erasures, cells}]  # cells hold numbers only
    counts = {table.name: _delete(connection, table, traces) for table in tables}
    for table in tables:
        counts[table.name] += _blot(connection, table, traces)
    return {name: gone for name, gone in counts.items() if gone}


def retract(connection: Connection, partition: Partition, subject: Subject) -> None:
    """Take everything ``subject`` added to the cells back out of them; every partition must be locked."""
    differences: dict[CellKey, Counts] = {}
    for contribution in contributions_of(connection, partition, subject):
        for key in keys_of(contribution, group_of(subject.encode())):
            add(differences.setdefault(key, {}), contribution.counts, -1)
    merge_cells(connection, differences, there_only=True)


def contributions_of(connection: Connection, partition: Partition, subject: Subject) -> Iterator[Contribution]:
    """Yield everything the cells hold of ``subject``, from journeys in play and from archived ones."""
    theirs = (customers.c.partition == partition, customers.c.subject == subject)
    for state in connection.execute(select(customers.c.state).where(*theirs)).scalars():
        for journey in unpack(state).applied:
            yield from journey.contributions
    theirs = (archived.c.partition == partition, archived.c.subject == subject)
    for packed in connection.execute(select(archived.c.contributions).where(*theirs)).scalars():
        yield from unpack_contributions(packed)


def keys_of(contribution: Contribution, group: int) -> Iterator[CellKey]:
    """Yield the cells that ``contribution`` of a customer of ``group`` was added to."""
    grains: Iterable[Grain] = ("5m", "hour", "day") if contribution.live else ("hour", "day")
    for scope in contribution.scopes:
        for grain in grains:
            bucket = bucket_of(contribution.at, grain)
            yield CellKey(contribution.policy, scope, grain, bucket, group if grain == "day" else -1)


def _delete(connection: Connection, table: Table, traces: Traces) -> int:
    """Delete the rows that are the subject's, or whose bytes name them."""
    theirs = is_of(table, traces.subject)
    return sum(connection.execute(delete(table).where(here, theirs)).rowcount for here in traces.worth_a_look(table))


def _blot(connection: Connection, table: Table, traces: Traces) -> int:
    """Replace the pseudonym in whatever texts of ``table`` still name it; return how many rows were changed."""
    texts = texts_naming(table, traces.subject)
    if not texts:
        return 0
    blotted = {name: func.replace(table.c[name], traces.subject, BLOT) for name, _ in texts}
    named = or_(*(naming for _, naming in texts))
    return sum(
        connection.execute(update(table).where(here, named).values(blotted)).rowcount
        for here in traces.worth_a_look(table)
    )


def _note(connection: Connection, erasure: Erasure) -> None:
    """Write the erasure row, the message to the world, and the audit row; only the first names the customer."""
    reference = hashlib.sha256(erasure.subject.encode()).hexdigest()
    connection.execute(delete(erasures).where(erasures.c.subject == erasure.subject))
    row = {"id": reference, "at": erasure.at, "by": erasure.by, "counts": json.dumps(erasure.counts, sort_keys=True)}
    connection.execute(insert(erasures).values(subject=erasure.subject, **row))
    add_outside(connection, [OutboxMessage(Offset(0), 0, "erased", reference, b"")])
    write_audit(connection, Act(erasure.at, erasure.by, "erased", ("customer", ""), erasure.counts))
