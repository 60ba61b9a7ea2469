"""Records that could not be scored, with their original bytes and the reason, until someone replays them."""

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, String, Table, Text

from store.tables.metadata import STORE, SWEPT_OFTEN

dead_letters = Table(
    "dead_letters",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("offset", BigInteger, primary_key=True, autoincrement=False),
    Column("log_time", BigInteger, nullable=False),
    Column("subject", String(128)),
    Column("source", Text),
    Column("code", String(64), nullable=False, index=True),
    Column("field", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
    Column("replayed_at", BigInteger),
    postgresql_with=SWEPT_OFTEN,
)

Index("ix_dead_letters_log_time", dead_letters.c.log_time)
