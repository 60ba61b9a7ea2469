"""The outbox: what the world should hear, kept until it was told. Sent at least once, selected as unsent."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import Connection, Dialect, func, select

from models.effects import Effects, OutboxMessage
from models.identifiers import Millis, Partition
from store.batches import fetched
from store.databases import Database
from store.dialects import serialize
from store.encoding import to_json
from store.pruning import prune
from store.tables.outbox import outbox
from store.tables.people import erasures
from store.upserts import Row, insert_rows, update_rows

OUTSIDE = Partition(-1)
"""Stands for the partition in the ids of messages that no fold wrote: gaps, verdicts, erasures."""
MOST_COUNTED = 100_000
"""Counting on costs more than it tells: so many wait only where nobody takes them."""


@dataclass(frozen=True, slots=True)
class Unsent:
    """A message still to be sent, with the partition that makes its id unique."""

    partition: Partition
    message: OutboxMessage


class Outbox:
    """Hands out unsent messages and notes what was sent."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def unsent(self, limit: int = 500) -> list[Unsent]:
        """Return up to ``limit`` unsent messages, each partition's in its order."""
        with self._database.read() as connection:
            messages = [_unsent(row) for row in fetched(connection, _unsent_sql(limit, connection.dialect), ())]
            return [_named(connection, unsent) if unsent.message.topic == "erased" else unsent for unsent in messages]

    def backlog(self, most: int = MOST_COUNTED) -> int:
        """Return how many messages are unsent; where there are more than ``most``, ``most``."""
        unsent = select(outbox.c.n).where(outbox.c.sent_at.is_(None)).limit(most).subquery()
        with self._database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(unsent)).scalar_one())

    def last_sent(self) -> Millis | None:
        """Return when a message was last sent, as far back as sent ones are kept."""
        with self._database.read() as connection:
            at = connection.execute(_LAST_SENT).scalar()
        return None if at is None else Millis(at)

    def mark_sent(self, sent: Iterable[Unsent], now: Millis) -> None:
        """Note that these were sent."""
        marked: list[Row] = [(u.partition, u.message.offset, u.message.n, now) for u in sent]
        if marked:
            with self._database.write(durable=False) as connection:
                update_rows(connection, outbox, ("sent_at",), marked)

    def add(self, messages: Iterable[OutboxMessage]) -> None:
        """Put messages of no fold into the outbox; their offsets are given here."""
        with self._database.write() as connection:
            add_outside(connection, messages)

    def prune(self, before: Millis) -> int:
        """Delete messages sent before ``before``; return how many."""
        return prune(self._database, outbox, outbox.c.sent_at < before)


def write_outbox(connection: Connection, chunks: Iterable[Effects]) -> None:
    """Insert a fold's messages."""
    written: list[Row] = [
        (e.partition, m.offset, m.n, m.topic, m.key, m.payload, None) for e in chunks for m in e.outbox
    ]
    insert_rows(connection, outbox, written)


def add_outside(connection: Connection, messages: Iterable[OutboxMessage]) -> None:
    """Insert messages that no fold wrote, after the last of their kind."""
    serialize(connection, "outbox")
    last = connection.execute(select(func.max(outbox.c.offset)).where(outbox.c.partition == OUTSIDE)).scalar()
    first = 0 if last is None else int(last) + 1
    written: list[Row] = [(OUTSIDE, first + at, 0, m.topic, m.key, m.payload, None) for at, m in enumerate(messages)]
    insert_rows(connection, outbox, written)


_UNSENT = (
    select(outbox.c.partition, outbox.c.offset, outbox.c.n, outbox.c.topic, outbox.c.key, outbox.c.payload)
    .where(outbox.c.sent_at.is_(None))
    .order_by(outbox.c.partition, outbox.c.offset, outbox.c.n)
)

_LAST_SENT = select(outbox.c.sent_at).where(outbox.c.sent_at.is_not(None)).order_by(outbox.c.sent_at.desc()).limit(1)


@cache
def _unsent_sql(limit: int, dialect: Dialect) -> str:
    return str(_UNSENT.limit(limit).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


def _named(connection: Connection, unsent: Unsent) -> Unsent:
    """Fill in whom an ``erased`` message is about: its row holds a reference only, the erasure row the pseudonym."""
    about = select(erasures.c.subject, erasures.c.at).where(erasures.c.id == unsent.message.key)
    subject, at = connection.execute(about).one()
    payload = to_json({"subject": subject, "erased_at": at}).encode()
    return replace(unsent, message=msgspec.structs.replace(unsent.message, key=subject, payload=payload))


def _unsent(row: tuple[Any, ...]) -> Unsent:
    partition, *message = row
    return Unsent(Partition(partition), OutboxMessage(*message))
