"""What the world should hear, until it was told."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text, text

from store.tables.metadata import STORE, SWEPT_OFTEN

outbox = Table(
    "outbox",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("topic", String(32), nullable=False),
    Column("key", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("sent_at", BigInteger),
    postgresql_with=SWEPT_OFTEN,
)

Index(
    "ix_outbox_sent",
    outbox.c.sent_at,
    sqlite_where=text("sent_at IS NOT NULL"),
    postgresql_where=text("sent_at IS NOT NULL"),
)
"""Finds what was sent long ago."""
Index(
    "ix_outbox_unsent",
    outbox.c.partition,
    outbox.c.offset,
    outbox.c.n,
    sqlite_where=text("sent_at IS NULL"),
    postgresql_where=text("sent_at IS NULL"),
)
