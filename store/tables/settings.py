"""What the store must remember of its own making: the log it was built from, how many partitions, its formats."""

from sqlalchemy import BigInteger, Column, String, Table, Text

from store.tables.metadata import STORE

settings = Table(
    "settings",
    STORE,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)
