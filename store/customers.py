"""Customers: their packed states for the fold, and who is due, waiting or remembered."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import BindParameter, Connection, Dialect, bindparam, select

from models.effects import CustomerRow, Effects
from models.identifiers import Centi, Millis, Partition, Subject
from models.partitions import partition_of
from store.arrays import found_sql
from store.batches import batches, compiled, fetched
from store.databases import Database
from store.dialects import row_count
from store.tables.customers import customers
from store.upserts import Row, upsert_rows


@dataclass(frozen=True, slots=True)
class DueCustomer:
    """A customer whose score may change by silence alone, and when."""

    subject: Subject
    partition: Partition
    due: Millis


class Customers:
    """Reads customers' rows; the checkpoint writes them."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def load(self, partition: Partition, subjects: Iterable[Subject]) -> dict[Subject, bytes]:
        """Return the packed state of each of ``subjects`` that has one; for the fold, many at once."""
        return self.load_together({partition: set(subjects)})[partition]

    def load_together(self, wanted: Mapping[Partition, Collection[Subject]]) -> dict[Partition, dict[Subject, bytes]]:
        """Return the packed states of several partitions' customers, in one round trip where there are any."""
        found: dict[Partition, dict[Subject, bytes]] = {partition: {} for partition in wanted}
        keys = [(partition, subject) for partition in sorted(wanted) for subject in sorted(wanted[partition])]
        if not keys:
            return found
        with self._database.read_hot() as connection:
            if connection.dialect.name == "postgresql":
                for partition, subject, state in fetched(
                    connection, _LOADED, tuple(map(list, zip(*keys, strict=True)))
                ):
                    found[partition][subject] = state
                return found
            for partition, subjects in wanted.items():
                for run in batches(sorted(subjects)):
                    sql = _load_sql(len(run), connection.dialect)
                    found[partition].update(fetched(connection, sql, (partition, *run)))
        return found

    def state(self, subject: Subject) -> bytes | None:
        """Return one customer's packed state."""
        row = self.row(subject)
        return None if row is None else row.state

    def row(self, subject: Subject) -> CustomerRow | None:
        """Return one customer's row."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"p": self._partition(subject), "s": subject}).first()
        return None if row is None else _row(row)

    def due(self, now: Millis, limit: int = 1_000) -> list[DueCustomer]:
        """Return up to ``limit`` customers for whom something is due by ``now``, the longest due first."""
        with self._database.read() as connection:
            rows = connection.execute(_DUE, {"now": now, "limit": limit})
            return [DueCustomer(Subject(s), Partition(p), Millis(d)) for s, p, d in rows]

    def waiting(self, limit: int = 1_000) -> list[CustomerRow]:
        """Return up to ``limit`` customers with an open contact, the latest first."""
        with self._database.read() as connection:
            return [_row(row) for row in connection.execute(_WAITING, {"limit": limit})]

    def every(self, partition: Partition, after: str = "", limit: int = 1_000) -> list[CustomerRow]:
        """Return up to ``limit`` customers of ``partition`` after ``after``, in subject order."""
        with self._database.read() as connection:
            page = {"p": partition, "after": after, "limit": limit}
            return [_row(row) for row in connection.execute(_PAGE, page)]

    def each(self, partition: Partition, page: int = 1_000) -> Iterator[CustomerRow]:
        """Yield every customer of ``partition`` in subject order, read page by page."""
        rows: Sequence[CustomerRow] = self.every(partition, limit=page)
        while rows:
            yield from rows
            rows = self.every(partition, rows[-1].subject, page)

    def count(self) -> int:
        """Return how many customers there are; about how many, where there are very many (``store.dialects``)."""
        with self._database.read() as connection:
            return row_count(connection, customers)

    def _partition(self, subject: Subject) -> Partition:
        return partition_of(subject.encode(), self._count)


def write_customers(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert or overwrite customers' rows."""
    changed: list[Row] = [
        (effects.partition, row.subject, row.state, row.last_at, row.score, row.next_due, row.waiting)
        for effects in chunks
        for row in effects.customers.values()
    ]
    # In key order neighbouring rows share pages, which are then found once.
    upsert_rows(connection, customers, sorted(changed, key=itemgetter(0, 1)))


_LOADED = found_sql(customers, ("partition", "subject", "state"))


@compiled
def _load_sql(count: int, dialect: Dialect) -> str:
    subjects: list[BindParameter[str]] = [bindparam(f"s{i}") for i in range(count)]
    wanted = select(customers.c.subject, customers.c.state)
    wanted = wanted.where(customers.c.partition == bindparam("p"), customers.c.subject.in_(subjects))
    return str(wanted.compile(dialect=dialect))


_COLUMNS = (
    customers.c.subject,
    customers.c.state,
    customers.c.last_at,
    customers.c.score,
    customers.c.next_due,
    customers.c.waiting,
)
_ONE = select(*_COLUMNS).where(customers.c.partition == bindparam("p"), customers.c.subject == bindparam("s"))
_DUE = (
    select(customers.c.subject, customers.c.partition, customers.c.next_due)
    .where(customers.c.next_due.is_not(None), customers.c.next_due <= bindparam("now"))
    .order_by(customers.c.next_due)
    .limit(bindparam("limit"))
)
_WAITING = select(*_COLUMNS).where(customers.c.waiting).order_by(customers.c.last_at.desc()).limit(bindparam("limit"))
_PAGE = (
    select(*_COLUMNS)
    .where(customers.c.partition == bindparam("p"), customers.c.subject > bindparam("after"))
    .order_by(customers.c.subject)
    .limit(bindparam("limit"))
)


def _row(row: tuple[str, bytes, int, int | None, int | None, bool]) -> CustomerRow:
    subject, state, last_at, score, next_due, waiting = row
    return CustomerRow(
        subject=Subject(subject),
        state=state,
        last_at=Millis(last_at),
        score=None if score is None else Centi(score),
        next_due=None if next_due is None else Millis(next_due),
        waiting=bool(waiting),
    )
