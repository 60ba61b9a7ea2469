"""Gaps: the current record of each, and the history of its states."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from store.tables.metadata import STORE

gaps = Table(
    "gaps",
    STORE,
    Column("id", String(64), primary_key=True),
    Column("kind", String(32), nullable=False),
    Column("metric", String(64), nullable=False),
    Column("scope", String(512), nullable=False),
    Column("state", String(32), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)

Index("ix_gaps_metric_scope", gaps.c.metric, gaps.c.scope)

gap_states = Table(
    "gap_states",
    STORE,
    Column("gap", String(64), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("state", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(128), nullable=False),
    Column("reason", Text, nullable=False),
)
