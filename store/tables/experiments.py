"""Experiments: the record of each, and one row per unit that met an arm."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from store.tables.metadata import STORE

experiments = Table(
    "experiments",
    STORE,
    Column("id", String(128), primary_key=True),
    Column("state", String(32), nullable=False, index=True),
    Column("version", Integer, nullable=False),
    Column("parent", String(128)),
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Column("record", Text, nullable=False),
)

units = Table(
    "units",
    STORE,
    Column("experiment", String(128), primary_key=True),
    Column("subject", String(128), primary_key=True),
    Column("partition", Integer, nullable=False),
    Column("arm", String(128), nullable=False),
    Column("exposed_at", BigInteger, nullable=False),
    Column("matures_at", BigInteger, nullable=False),
    Column("pre_n", BigInteger, nullable=False),
    Column("pre_sum", BigInteger, nullable=False),
    Column("n", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("mechanism_n", BigInteger, nullable=False),
    Column("mechanism", BigInteger, nullable=False),
    Column("guardrails", Text, nullable=False),
    Column("crossed", Boolean, nullable=False),
)

Index("ix_units_matures", units.c.experiment, units.c.matures_at)
Index("ix_units_subject", units.c.subject)
