"""Dead letters: records that could not be scored, to be looked at, mended and replayed."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, func, select, update
from sqlalchemy import Row as Found

from models.effects import DeadLetter, Effects
from models.errors import NotFound
from models.identifiers import Millis, Offset, Partition, Subject
from store.databases import Database
from store.pruning import prune
from store.tables.dead_letters import dead_letters
from store.upserts import Row, insert_rows


@dataclass(frozen=True, slots=True)
class KeptLetter:
    """A dead letter as the store has it, and when it was sent through the log again."""

    partition: Partition
    letter: DeadLetter
    replayed_at: Millis | None


class DeadLetters:
    """Reads dead letters and notes their replay; the checkpoint writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def recent(self, *, code: str | None = None, replayed: bool = False, limit: int = 100) -> list[KeptLetter]:
        """Return up to ``limit`` dead letters, the latest first; those replayed already only when asked for."""
        wanted = select(dead_letters)
        if code is not None:
            wanted = wanted.where(dead_letters.c.code == code)
        if not replayed:
            wanted = wanted.where(dead_letters.c.replayed_at.is_(None))
        order = (dead_letters.c.log_time.desc(), dead_letters.c.partition, dead_letters.c.offset.desc())
        with self._database.read() as connection:
            return [_letter(row) for row in connection.execute(wanted.order_by(*order).limit(limit))]

    def show(self, partition: Partition, offset: Offset) -> KeptLetter:
        """Return one dead letter; raises ``NotFound``."""
        here = and_(dead_letters.c.partition == partition, dead_letters.c.offset == offset)
        with self._database.read() as connection:
            row = connection.execute(select(dead_letters).where(here)).first()
        if row is None:
            raise NotFound(f"dead letter {partition}/{offset}: there is none; list them to see which there are")
        return _letter(row)

    def counts(self) -> dict[str, int]:
        """Return how many dead letters there are for each reason's code, replayed or not."""
        wanted = select(dead_letters.c.code, func.count()).group_by(dead_letters.c.code).order_by(dead_letters.c.code)
        with self._database.read() as connection:
            return dict(connection.execute(wanted).all())

    def mark_replayed(self, places: Iterable[tuple[Partition, Offset]], now: Millis) -> int:
        """Note that these were appended to the log again; return how many had not been before."""
        marked = 0
        with self._database.write() as connection:
            for partition, offset in places:
                here = and_(dead_letters.c.partition == partition, dead_letters.c.offset == offset)
                fresh = update(dead_letters).where(here, dead_letters.c.replayed_at.is_(None))
                marked += connection.execute(fresh.values(replayed_at=now)).rowcount
        return marked

    def prune(self, before: Millis) -> int:
        """Delete dead letters of records that came before ``before``; return how many."""
        return prune(self._database, dead_letters, dead_letters.c.log_time < before, durable=True)


def write_dead_letters(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert dead letters; each offset dies once."""
    written: list[Row] = [
        (e.partition, d.offset, d.log_time, d.subject, d.source, d.code, d.field, d.reason, d.raw, None)
        for e in chunks
        for d in e.dead_letters
    ]
    insert_rows(connection, dead_letters, written)


def _letter(row: Found[Any]) -> KeptLetter:
    letter = DeadLetter(
        offset=Offset(row.offset),
        log_time=Millis(row.log_time),
        subject=None if row.subject is None else Subject(row.subject),
        source=row.source,
        code=row.code,
        field=row.field,
        reason=row.reason,
        raw=row.raw,
    )
    return KeptLetter(Partition(row.partition), letter, None if row.replayed_at is None else Millis(row.replayed_at))
