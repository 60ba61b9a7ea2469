"""What people did: who was forgotten, what was decided by whom, which walk-throughs the team made."""

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from store.tables.metadata import STORE, BigId

erasures = Table(
    "erasures",
    STORE,
    Column("subject", String(128), primary_key=True),
    Column("id", String(64), nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("by", String(128), nullable=False),
    Column("counts", Text, nullable=False),
)
"""The one place an erased subject may stand: it keeps re-imports and replays from bringing the customer back."""

audit = Table(
    "audit",
    STORE,
    Column("id", BigId, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("action", String(64), nullable=False),
    Column("noun", String(32), nullable=False),
    Column("noun_id", String(512), nullable=False),
    Column("detail", Text, nullable=False),
)

Index("ix_audit_noun", audit.c.noun, audit.c.noun_id)

walkthroughs = Table(
    "walkthroughs",
    STORE,
    Column("id", String(64), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("author", String(128), nullable=False),
    Column("touchpoint", String(128), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("rating", Integer),
    Column("text", Text, nullable=False),
)
"""``rating`` is hundredths of the way from worst to best, 0 to 10 000."""
