"""Journeys in play under the active policy, and frozen ones with their facts and contributions."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, text

from store.tables.metadata import STORE, SWEPT_OFTEN

journeys = Table(
    "journeys",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(128), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("started", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("score", Integer),
    Column("inferred", Integer),
    Column("said", Integer),
    Column("causes", Text, nullable=False),
    Column("touchpoints", Text, nullable=False),
    Column("channels", Text, nullable=False),
    Column("contacts", Integer, nullable=False),
    Column("open", Boolean, nullable=False),
    postgresql_with=SWEPT_OFTEN,
)

POOR = 9_000
"""Hundredths: journeys that were not good. Only they are indexed by score, so that good ones cost nothing."""

Index(
    "ix_journeys_poor",
    journeys.c.score,
    journeys.c.ended,
    sqlite_where=text(f"score < {POOR}"),
    postgresql_where=text(f"score < {POOR}"),
)

archived = Table(
    "archived",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(128), primary_key=True),
    Column("key", String(512), primary_key=True),
    Column("ended", BigInteger, nullable=False, index=True),
    Column("facts", LargeBinary, nullable=False),
    Column("contributions", LargeBinary, nullable=False),
    postgresql_with=SWEPT_OFTEN,
)
