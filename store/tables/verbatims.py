"""Words of customers and employees, already redacted."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from store.tables.metadata import STORE

verbatims = Table(
    "verbatims",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(128), primary_key=True),
    Column("source", String(512), primary_key=True),
    Column("id", String(512), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(64), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("value", Integer),
    Column("language", String(64)),
    Column("text", Text, nullable=False),
)

Index("ix_verbatims_at", verbatims.c.at)
