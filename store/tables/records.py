"""Tables of ``log.db``: the log's identity, where each partition ends, its records, and how far imports came.

PostgreSQL's database of the store has the last one too, for there the log is not ours.
"""

from sqlalchemy import BigInteger, Boolean, Column, Integer, LargeBinary, String, Table, Text

from store.tables.metadata import LOG

identity = Table(
    "identity",
    LOG,
    Column("id", String(36), primary_key=True),
    Column("partitions", Integer, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

heads = Table(
    "heads",
    LOG,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("last_time", BigInteger, nullable=False),
)
"""Kept beside the records, because retention and erasure take records away but never give an offset again."""

records = Table(
    "records",
    LOG,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("log_time", BigInteger, nullable=False),
    Column("key", LargeBinary, nullable=False),
    Column("value", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)

imports = Table(
    "imports",
    LOG,
    Column("digest", String(128), primary_key=True),
    Column("mapping", String(128), primary_key=True),
    Column("name", Text, nullable=False),
    Column("row", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False),
    Column("counts", Text, nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)
