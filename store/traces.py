"""Where a customer is named: the places in the tables that folds fill, found before anything is locked.

Those tables have millions of rows, and looking through them takes its time. What may have come since is little, and
known by its key: rows of the customer's own, and what their partitions' folds have written at later offsets.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, LargeBinary, String, Table, and_, false, or_, select, true, tuple_

from models.identifiers import Offset, Partition, Subject
from store.databases import Database
from store.dialects import holds_bytes, take_your_time
from store.outbox import OUTSIDE
from store.tables.customers import customers
from store.tables.dead_letters import dead_letters
from store.tables.experiments import units
from store.tables.journeys import archived, journeys
from store.tables.outbox import outbox
from store.tables.partitions import partitions
from store.tables.rescues import rescues
from store.tables.verbatims import verbatims

FOLDED: tuple[Table, ...] = (customers, journeys, archived, rescues, units, verbatims, dead_letters, outbox)
"""What folds fill, but for cells, which hold numbers only."""
AT_ONCE = 200
"""Places per statement."""

Place = tuple[object, ...]
"""A row's primary key."""


@dataclass(frozen=True, slots=True)
class Traces:
    """Where ``subject`` was named at one moment, and how to find what came after it."""

    subject: Subject
    home: Partition
    places: Mapping[str, Sequence[Place]]
    since: Mapping[Partition, Offset]
    """Where the partitions stood whose folds may have written of the customer since; those that are fenced next."""

    def worth_a_look(self, table: Table) -> Iterator[ColumnElement[bool]]:
        """Yield conditions that all rows of ``table`` which name the customer fulfil, one or another."""
        if table not in FOLDED:
            yield true()
            return
        yield self._come_since(table)
        places = self.places[table.name]
        for start in range(0, len(places), AT_ONCE):
            yield tuple_(*table.primary_key).in_(places[start : start + AT_ONCE])

    def _come_since(self, table: Table) -> ColumnElement[bool]:
        if "offset" in table.columns:
            beyond = [and_(table.c.partition == here, table.c.offset >= at) for here, at in self.since.items()]
            return or_(false(), *beyond)
        theirs = table.c.subject == self.subject
        return and_(table.c.partition == self.home, theirs) if table.c.partition.primary_key else theirs


def look(database: Database, subject: Subject, home: Partition, fenced: Sequence[Partition]) -> Traces:
    """Return where ``subject`` of partition ``home`` is named now; reads every row that folds wrote, and locks none.

    ``fenced`` are the partitions that nobody can go on folding unnoticed once the erasure has begun.
    """
    with database.read() as connection:
        take_your_time(connection)
        stands = connection.execute(select(partitions.c.partition, partitions.c.next_offset))
        since = {Partition(here): Offset(at) for here, at in stands if here in fenced} | {OUTSIDE: Offset(0)}
        places = {
            table.name: [
                tuple(row) for row in connection.execute(select(*table.primary_key).where(names(table, subject)))
            ]
            for table in FOLDED
        }
    return Traces(subject, home, places, since)


def names(table: Table, subject: Subject) -> ColumnElement[bool]:
    """Return the condition that a row of ``table`` names ``subject`` anywhere."""
    return or_(false(), is_of(table, subject), *(named for _, named in texts_naming(table, subject)))


def is_of(table: Table, subject: Subject) -> ColumnElement[bool]:
    """Return the condition that a row is the subject's, or that its bytes name them: it goes as a whole."""
    theirs = [holds_bytes(column, subject.encode()) for column in table.columns if isinstance(column.type, LargeBinary)]
    if "subject" in table.columns:
        theirs.append(table.c.subject == subject)
    if "topic" in table.columns:
        theirs.append(table.c.key == subject)
    return or_(false(), *theirs)


def texts_naming(table: Table, subject: Subject) -> list[tuple[str, ColumnElement[bool]]]:
    """Return each text column of ``table`` with the condition that it names ``subject``."""
    texts = [column for column in table.columns if isinstance(column.type, String)]
    return [(column.name, column.contains(subject, autoescape=True)) for column in texts]
