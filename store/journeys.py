"""Journeys under the active policy, and frozen ones: written by the checkpoint, read for lists, stories and replays."""

from collections.abc import Iterable
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, bindparam, literal_column, select, tuple_
from sqlalchemy import Row as Found

from models.effects import ArchivedJourney, Effects, JourneyRow
from models.identifiers import Centi, Millis, Partition, Subject
from models.partitions import partition_of
from store.databases import Database
from store.dialects import row_count
from store.encoding import from_json, to_json
from store.pruning import prune
from store.tables.journeys import POOR, archived, journeys
from store.upserts import Row, delete_rows, upsert_rows


class Journeys:
    """Reads journeys that are still in play."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def worst(self, span: tuple[Millis, Millis], limit: int = 5) -> list[JourneyRow]:
        """Return the ``limit`` worst journeys whose last event lies in ``[start, end)``, the worst first."""
        asked = {"start": span[0], "end": span[1], "limit": limit}
        with self._database.read() as connection:
            rows = connection.execute(_WORST_POOR, asked).all()
            if len(rows) < limit:
                # Fewer poor journeys than asked for: only then are the good ones walked through.
                rows = connection.execute(_WORST, asked).all()
        return [_journey(row) for row in rows]

    def of(self, subject: Subject) -> list[JourneyRow]:
        """Return the journeys of one customer, the first lived first."""
        asked = {"p": partition_of(subject.encode(), self._count), "s": subject}
        with self._database.read() as connection:
            return [_journey(row) for row in connection.execute(_OF, asked)]

    def dissatisfied(self, scope: str, span: tuple[Millis, Millis], below: int) -> int | None:
        """Return how many customers had a journey in ``scope`` that ended in ``[start, end)`` at ``below`` or less.

        Rows know touchpoints and channels; of other scopes, and of spans from which journeys were archived: ``None``.
        """
        kind, _, value = scope.partition(":")
        if kind not in {"all", "touchpoint", "channel"} or "|" in scope:
            return None
        asked = {"start": span[0], "end": span[1], "below": below}
        with self._database.read() as connection:
            if connection.execute(_ARCHIVED_SINCE, asked).first() is not None:
                return None
            found = connection.execute(_DISSATISFIED_POOR if below < POOR else _DISSATISFIED, asked).all()
        column = {"touchpoint": 1, "channel": 2}.get(kind)
        return len({row[0] for row in found if column is None or value in from_json(row[column], tuple[str, ...])})

    def count(self) -> int:
        """Return how many journeys are in play; about how many, where there are very many (``store.dialects``)."""
        with self._database.read() as connection:
            return row_count(connection, journeys)


class Archive:
    """Reads frozen journeys, and lets the oldest go."""

    def __init__(self, database: Database, count: int) -> None:
        self._database = database
        self._count = count

    def of(self, subject: Subject) -> list[ArchivedJourney]:
        """Return the frozen journeys of one customer, the oldest first."""
        wanted = select(archived).where(
            archived.c.partition == partition_of(subject.encode(), self._count), archived.c.subject == subject
        )
        with self._database.read() as connection:
            return [_archived(row) for row in connection.execute(wanted.order_by(archived.c.ended, archived.c.key))]

    def every(self, partition: Partition, after: tuple[str, str] = ("", ""), limit: int = 500) -> list[ArchivedJourney]:
        """Return up to ``limit`` frozen journeys of ``partition`` after (subject, key), in that order."""
        asked = {"p": partition, "s": after[0], "k": after[1], "limit": limit}
        with self._database.read() as connection:
            return [_archived(row) for row in connection.execute(_ARCHIVE_PAGE, asked)]

    def prune(self, before: Millis) -> int:
        """Delete frozen journeys that ended before ``before``; their counts stay in the cells. Return how many."""
        return prune(self._database, archived, archived.c.ended < before)


def write_journeys(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert or overwrite journeys' rows."""
    changed: list[Row] = [
        (
            effects.partition,
            row.subject,
            row.key,
            row.started,
            row.ended,
            row.score,
            row.inferred,
            row.said,
            to_json(row.causes),
            to_json(row.touchpoints),
            to_json(row.channels),
            row.contacts,
            row.open,
        )
        for effects in chunks
        for row in effects.journeys.values()
    ]
    upsert_rows(connection, journeys, sorted(changed, key=itemgetter(0, 1, 2)))


def delete_journeys(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Delete the rows of journeys that are no more."""
    delete_rows(connection, journeys, sorted((e.partition, *gone) for e in chunks for gone in e.journeys_gone))


def write_archived(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert frozen journeys, or overwrite those frozen again under the same key."""
    frozen: list[Row] = [
        (effects.partition, row.subject, row.key, row.ended, row.facts, row.contributions)
        for effects in chunks
        for row in effects.archived
    ]
    upsert_rows(connection, archived, frozen)


_IN_SPAN = (journeys.c.ended >= bindparam("start"), journeys.c.ended < bindparam("end"))
_WORST = (
    select(journeys)
    .where(journeys.c.score.is_not(None), *_IN_SPAN)
    .order_by(journeys.c.score, journeys.c.ended, journeys.c.subject, journeys.c.key)
    .limit(bindparam("limit"))
)
_WORST_POOR = _WORST.where(journeys.c.score < literal_column(str(POOR)))
_DISSATISFIED = select(journeys.c.subject, journeys.c.touchpoints, journeys.c.channels).where(
    journeys.c.score <= bindparam("below"), *_IN_SPAN
)
_DISSATISFIED_POOR = _DISSATISFIED.where(journeys.c.score < literal_column(str(POOR)))
_ARCHIVED_SINCE = (
    select(archived.c.subject)
    .where(archived.c.ended >= bindparam("start"), archived.c.ended < bindparam("end"))
    .limit(1)
)
_OF = (
    select(journeys)
    .where(journeys.c.partition == bindparam("p"), journeys.c.subject == bindparam("s"))
    .order_by(journeys.c.started, journeys.c.key)
)
_ARCHIVE_PAGE = (
    select(archived)
    .where(archived.c.partition == bindparam("p"))
    .where(tuple_(archived.c.subject, archived.c.key) > tuple_(bindparam("s"), bindparam("k")))
    .order_by(archived.c.subject, archived.c.key)
    .limit(bindparam("limit"))
)


def _journey(row: Found[Any]) -> JourneyRow:
    return JourneyRow(
        subject=Subject(row.subject),
        key=row.key,
        started=Millis(row.started),
        ended=Millis(row.ended),
        score=_centi(row.score),
        inferred=_centi(row.inferred),
        said=_centi(row.said),
        causes=from_json(row.causes, dict[str, int]),
        touchpoints=from_json(row.touchpoints, tuple[str, ...]),
        channels=from_json(row.channels, tuple[str, ...]),
        contacts=row.contacts,
        open=bool(row.open),
    )


def _archived(row: Found[Any]) -> ArchivedJourney:
    return ArchivedJourney(Subject(row.subject), row.key, Millis(row.ended), row.facts, row.contributions)


def _centi(value: int | None) -> Centi | None:
    return None if value is None else Centi(value)
