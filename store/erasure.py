"""Forgetting a customer: every row that speaks of them goes, what they added to the cells is taken back.

::

    1. One durable transaction on ``store.db``, under a new epoch of the customer's partition:
       a. take what the customer's journeys, in play and archived, added to the cells back out of them;
       b. delete the customer's rows in every table that has a ``subject``, and the dead letters and outgoing messages
          whose bytes name the customer;
       c. blot the pseudonym out of every text that is left, wherever it stands;
       d. write the erasure row, the ``erased`` message, and an audit row that does not say whom.
    2. Empty the write-ahead log of the pages from before, and delete the customer's records from the embedded log.
       Dying between 1 and 2 leaves records that every later fold passes over; erasing again finishes.

With the company's own id, rows that an import rejected and that hold it leave the log first, and their dead letters
in the same transaction under new epochs of all partitions: no fold can write them again.

Journeys whose archive has expired stay counted in the cells, where nothing tells whose they were.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, LargeBinary, String, Table, delete, func, insert, or_, select, update

from models.cells import CellKey, Contribution, Counts, Grain, add, bucket_of
from models.customers import unpack, unpack_contributions
from models.effects import OutboxMessage
from models.identifiers import Millis, Offset, Partition, Subject
from models.partitions import group_of, partition_of
from store.audit import Act, write_audit
from store.cells import add_cells
from store.dialects import holds_bytes
from store.log import EmbeddedLog
from store.mentions import Mentions
from store.outbox import add_outside
from store.rewriting import exclusive
from store.sqlite import Database
from store.tables import STORE
from store.tables.customers import customers
from store.tables.journeys import archived
from store.tables.people import erasures

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

    def __init__(self, database: Database, log: EmbeddedLog, count: int) -> None:
        self._database = database
        self._log = log
        self._count = count

    def erase(self, subject: Subject, by: str, now: Millis, raw: str | None = None) -> dict[str, int]:
        """Forget ``subject`` everywhere but in the erasure row; return how many rows went from each table.

        ``raw`` is the company's own id of them, which rejected rows may hold. Erasing somebody unknown is no error: it
        keeps them from ever coming in.
        """
        mentions = Mentions(raw) if raw else None
        gone = mentions.delete_records(self._log) if mentions else 0
        home = partition_of(subject.encode(), self._count)
        fenced = [Partition(n) for n in range(self._count)] if mentions else [home]
        with exclusive(self._database, fenced), self._database.write() as connection:
            counts = _forget(connection, home, subject, mentions)
            _note(connection, Erasure(subject, now, by, counts))
        self._database.forget_past_pages()
        gone += self._log.delete_subject(subject.encode())
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


def _forget(
    connection: Connection, partition: Partition, subject: Subject, mentions: Mentions | None
) -> dict[str, int]:
    """Delete and blot everything of ``subject``; return how many rows of which table, where there were any."""
    retract(connection, partition, subject)
    counts = {table.name: _delete(connection, table, subject) for table in STORE.sorted_tables}
    if mentions is not None:
        counts["dead_letters"] += mentions.delete_dead_letters(connection)
    for table in STORE.sorted_tables:
        counts[table.name] += _blot(connection, table, subject)
    return {name: gone for name, gone in counts.items() if gone}


def retract(connection: Connection, partition: Partition, subject: Subject) -> None:
    """Take everything ``subject`` added to the cells back out of them."""
    differences: dict[CellKey, Counts] = {}
    for contribution in contributions_of(connection, partition, subject):
        for key in keys_of(contribution, group_of(subject.encode())):
            add(differences.setdefault(key, {}), contribution.counts, -1)
    add_cells(connection, partition, differences)


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


def _delete(connection: Connection, table: Table, subject: Subject) -> int:
    """Delete the rows that are the subject's, or whose bytes name them."""
    if table is erasures:
        return 0
    theirs = [holds_bytes(column, subject.encode()) for column in table.columns if isinstance(column.type, LargeBinary)]
    if "subject" in table.columns:
        theirs.append(table.c.subject == subject)
    if "topic" in table.columns:
        theirs.append(table.c.key == subject)
    return connection.execute(delete(table).where(or_(*theirs))).rowcount if theirs else 0


def _blot(connection: Connection, table: Table, subject: Subject) -> int:
    """Replace the pseudonym in whatever texts of ``table`` still name it; return how many were changed."""
    if table is erasures:
        return 0
    changed = 0
    for column in table.columns:
        if isinstance(column.type, String):
            named = update(table).where(column.contains(subject, autoescape=True))
            changed += connection.execute(named.values({column: func.replace(column, subject, BLOT)})).rowcount
    return changed


def _note(connection: Connection, erasure: Erasure) -> None:
    """Write the erasure row, the message to the world, and the audit row; only the first names the customer."""
    reference = hashlib.sha256(erasure.subject.encode()).hexdigest()
    connection.execute(delete(erasures).where(erasures.c.subject == erasure.subject))
    row = {"id": reference, "at": erasure.at, "by": erasure.by, "counts": json.dumps(erasure.counts, sort_keys=True)}
    connection.execute(insert(erasures).values(subject=erasure.subject, **row))
    add_outside(connection, [OutboxMessage(Offset(0), 0, "erased", reference, b"")])
    write_audit(connection, Act(erasure.at, erasure.by, "erased", ("customer", ""), erasure.counts))
