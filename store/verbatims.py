"""Verbatims: what customers and employees wrote, redacted before it came here."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy import Row as Found

from models.effects import Effects, Verbatim
from models.identifiers import Millis, Subject
from models.partitions import partition_of
from store.databases import Database
from store.tables.verbatims import verbatims
from store.upserts import Row, upsert_rows


class Verbatims:
    """Reads verbatims; the checkpoint writes them."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def recent(
        self, span: tuple[Millis, Millis], *, touchpoint: str | None = None, kind: str | None = None, limit: int = 100
    ) -> list[Verbatim]:
        """Return up to ``limit`` verbatims of ``[start, end)``, the latest first."""
        wanted = select(verbatims).where(verbatims.c.at >= span[0], verbatims.c.at < span[1])
        if touchpoint is not None:
            wanted = wanted.where(verbatims.c.touchpoint == touchpoint)
        if kind is not None:
            wanted = wanted.where(verbatims.c.kind == kind)
        order = (verbatims.c.at.desc(), verbatims.c.source, verbatims.c.id)
        with self._database.read() as connection:
            return [_verbatim(row) for row in connection.execute(wanted.order_by(*order).limit(limit))]

    def of(self, subject: Subject) -> list[Verbatim]:
        """Return what one customer wrote, the first words first."""
        wanted = select(verbatims).where(
            verbatims.c.partition == partition_of(subject.encode(), self._count), verbatims.c.subject == subject
        )
        with self._database.read() as connection:
            return [_verbatim(row) for row in connection.execute(wanted.order_by(verbatims.c.at, verbatims.c.id))]


def write_verbatims(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert or overwrite verbatims."""
    written: list[Row] = [
        (e.partition, v.subject, v.source, v.id, v.at, v.kind, v.touchpoint, v.channel, v.value, v.language, v.text)
        for e in chunks
        for v in e.verbatims
    ]
    upsert_rows(connection, verbatims, written)


def _verbatim(row: Found[Any]) -> Verbatim:
    return Verbatim(
        subject=Subject(row.subject),
        source=row.source,
        id=row.id,
        at=Millis(row.at),
        kind=row.kind,
        touchpoint=row.touchpoint,
        channel=row.channel,
        value=row.value,
        language=row.language,
        text=row.text,
    )
