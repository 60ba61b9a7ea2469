"""API keys, one or more per source; only their hashes are kept."""

from sqlalchemy import BigInteger, Column, String, Table

from store.tables.metadata import STORE

api_keys = Table(
    "api_keys",
    STORE,
    Column("id", String(32), primary_key=True),
    Column("source", String(512), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)
