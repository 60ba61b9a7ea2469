"""Rescues: customers to call now. The fold raises them and says when they left; people take them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, func, select, update
from sqlalchemy import Row as Found

from models.effects import Effects, RescueRow
from models.errors import Forbidden, NotFound
from models.identifiers import DAY, Centi, Millis, Subject
from models.partitions import partition_of
from store.databases import Database
from store.encoding import from_json, to_json
from store.tables.rescues import HUMAN, rescues
from store.upserts import Row, delete_rows, upsert_rows

STALE: Millis = DAY
"""After this a rescue is no call any more but a case."""


@dataclass(frozen=True, slots=True)
class KeptRescue:
    """A rescue as the store has it: what the fold saw, and what people did about it."""

    row: RescueRow
    taken_by: str | None
    taken_at: Millis | None
    case: str | None


class Rescues:
    """Reads rescues, and writes what people do with them."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def open(self, now: Millis, limit: int = 200) -> list[KeptRescue]:
        """Return the rescues to call now: not resolved, not taken, raised within a day; the worst score first."""
        asked = {"since": now - STALE, "limit": limit}
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(_OPEN, asked)]

    def stale(self, now: Millis, limit: int = 200) -> list[KeptRescue]:
        """Return the rescues nobody took within a day, which are not a case yet; the oldest first."""
        asked = {"since": now - STALE, "limit": limit}
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(_STALE, asked)]

    def raised(self, span: tuple[Millis, Millis]) -> list[KeptRescue]:
        """Return all rescues raised in ``[start, end)``, whatever became of them, in order of time."""
        wanted = select(rescues).where(rescues.c.raised_at >= span[0], rescues.c.raised_at < span[1])
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted.order_by(rescues.c.raised_at, rescues.c.subject))]

    def of(self, subject: Subject) -> list[KeptRescue]:
        """Return the rescues of one customer, the first raised first."""
        wanted = select(rescues).where(
            rescues.c.partition == partition_of(subject.encode(), self._count), rescues.c.subject == subject
        )
        with self._database.read() as connection:
            return [_kept(row) for row in connection.execute(wanted.order_by(rescues.c.raised_at))]

    def take(self, subject: Subject, journey: str, by: str, now: Millis) -> KeptRescue:
        """Note that ``by`` calls this customer; raises ``NotFound``, or ``Forbidden`` when someone else does."""
        with self._database.write() as connection:
            found = self._found(connection, subject, journey)
            if found.taken_by not in {None, by}:
                raise Forbidden(f"rescue of {subject}: {found.taken_by} has taken it already; nothing to do")
            if found.taken_by is None:
                connection.execute(update(rescues).where(self._is(subject, journey)).values(taken_by=by, taken_at=now))
            return self._found(connection, subject, journey)

    def attach(self, subject: Subject, journey: str, case: str) -> KeptRescue:
        """Note which case the rescue became; raises ``NotFound``."""
        with self._database.write() as connection:
            self._found(connection, subject, journey)
            connection.execute(update(rescues).where(self._is(subject, journey)).values({rescues.c.case: case}))
            return self._found(connection, subject, journey)

    def _found(self, connection: Connection, subject: Subject, journey: str) -> KeptRescue:
        row = connection.execute(select(rescues).where(self._is(subject, journey)).with_for_update()).first()
        if row is None:
            raise NotFound(f"rescue of {subject}, journey {journey}: there is none; see the list of open rescues")
        return _kept(row)

    def _is(self, subject: Subject, journey: str) -> ColumnElement[bool]:
        partition = partition_of(subject.encode(), self._count)
        return and_(rescues.c.partition == partition, rescues.c.subject == subject, rescues.c.journey == journey)


def write_rescues(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert rescues or overwrite what the fold says of them; never what people wrote."""
    changed: list[Row] = [
        (
            effects.partition,
            row.subject,
            row.journey,
            row.contact,
            row.raised_at,
            row.score,
            to_json(row.causes),
            row.waited,
            row.act,
            row.channel,
            row.touchpoint,
            row.left_at,
            row.left_why,
            None,
            None,
            None,
        )
        for effects in chunks
        for row in effects.rescues.values()
    ]
    upsert_rows(connection, rescues, changed, keep=HUMAN)


def delete_rescues(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Delete rescues that should never have been raised, unless somebody acted on them."""
    gone = sorted((effects.partition, *key) for effects in chunks for key in effects.rescues_gone)
    delete_rows(connection, rescues, gone, untouched=HUMAN)


_WAITS = (func.coalesce(rescues.c.left_why, "") != "resolved", rescues.c.taken_at.is_(None))
_OPEN = (
    select(rescues)
    .where(*_WAITS, rescues.c.raised_at > bindparam("since"))
    .order_by(rescues.c.score, rescues.c.raised_at, rescues.c.subject)
    .limit(bindparam("limit"))
)
_STALE = (
    select(rescues)
    .where(*_WAITS, rescues.c.case.is_(None), rescues.c.raised_at <= bindparam("since"))
    .order_by(rescues.c.raised_at, rescues.c.subject)
    .limit(bindparam("limit"))
)


def _kept(row: Found[Any]) -> KeptRescue:
    fold = RescueRow(
        subject=Subject(row.subject),
        journey=row.journey,
        contact=row.contact,
        raised_at=Millis(row.raised_at),
        score=Centi(row.score),
        causes=from_json(row.causes, dict[str, int]),
        waited=row.waited,
        act=row.act,
        channel=row.channel,
        touchpoint=row.touchpoint,
        left_at=None if row.left_at is None else Millis(row.left_at),
        left_why=row.left_why,
    )
    return KeptRescue(fold, row.taken_by, None if row.taken_at is None else Millis(row.taken_at), row.case)
