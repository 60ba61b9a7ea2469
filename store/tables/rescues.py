"""Customers to call now; the fold writes what happened, people write who took it and which case it became."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text, text

from store.tables.metadata import STORE

rescues = Table(
    "rescues",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(128), primary_key=True),
    Column("journey", String(512), primary_key=True),
    Column("contact", String(128), nullable=False),
    Column("raised_at", BigInteger, nullable=False),
    Column("score", Integer, nullable=False),
    Column("causes", Text, nullable=False),
    Column("waited", Integer, nullable=False),
    Column("act", Text, nullable=False),
    Column("channel", String(128), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("left_at", BigInteger),
    Column("left_why", String(64)),
    Column("taken_by", String(128)),
    Column("taken_at", BigInteger),
    Column("case", String(64)),
)

HUMAN = ("taken_by", "taken_at", "case")
"""What people write and the fold never overwrites."""

Index("ix_rescues_raised_at", rescues.c.raised_at)
Index(
    "ix_rescues_open",
    rescues.c.raised_at,
    sqlite_where=text("taken_at IS NULL"),
    postgresql_where=text("taken_at IS NULL"),
)
