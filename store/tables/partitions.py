"""Where the fold stands in each partition, who may write it, and how many records went which way."""

from dataclasses import fields

from sqlalchemy import BigInteger, Column, Integer, Table

from models.effects import Counters
from store.tables.metadata import STORE

COUNTERS: tuple[str, ...] = tuple(field.name for field in fields(Counters))

partitions = Table(
    "partitions",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("next_offset", BigInteger, nullable=False),
    Column("epoch", BigInteger, nullable=False),
    Column("watermark", BigInteger, nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in COUNTERS),
)
