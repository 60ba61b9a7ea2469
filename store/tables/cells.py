"""Cells: packed counts per scope and span of time, a block to a row, in parts by partition; and the scopes' names."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, SmallInteger, String, Table, UniqueConstraint

from models.cells import Grain
from store.tables.metadata import OFTEN_CHANGED, STORE, SWEPT_OFTEN

GRAINS: dict[Grain, int] = {"5m": 0, "hour": 1, "day": 2}
"""How a grain is written."""

scopes = Table(
    "scopes",
    STORE,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("policy", String(128), nullable=False),
    Column("name", String(512), nullable=False),
    UniqueConstraint("policy", "name"),
)
"""``id`` is a hash of policy and name, so that any number of writers give the same one without asking."""

cells = Table(
    "cells",
    STORE,
    Column("scope", BigInteger, primary_key=True, autoincrement=False),
    Column("grain", SmallInteger, primary_key=True, autoincrement=False),
    Column("bucket", BigInteger, primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("counts", LargeBinary, nullable=False),
    postgresql_with={**OFTEN_CHANGED, **SWEPT_OFTEN},
)
"""``bucket`` is where the block begins (see ``models.blocks``), ``partition`` that of whoever wrote: a checkpoint of
several writes to the lowest of them, so that they share rows. Only sums over partitions mean anything.

The key's order lets a reader of one scope and range walk all partitions in one sweep."""
