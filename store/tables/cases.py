"""Cases: one customer to rescue or answer, what was proposed, what was done, and whether the customer came back."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, text

from store.tables.metadata import STORE

cases = Table(
    "cases",
    STORE,
    Column("id", String(64), primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("subject", String(128), nullable=False),
    Column("journey", String(512)),
    Column("kind", String(32), nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("opened_by", String(128), nullable=False),
    Column("owner", String(128)),
    Column("act", Text),
    Column("acted_at", BigInteger),
    Column("closed_at", BigInteger),
    Column("note", Text),
    Column("came_back", Boolean),
)

Index("ix_cases_subject", cases.c.subject)
Index(
    "ix_cases_open",
    cases.c.opened_at,
    sqlite_where=text("closed_at IS NULL"),
    postgresql_where=text("closed_at IS NULL"),
)
