"""Experiments: the record of each, one row per unit that met an arm, and the cohorts of mature units."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from store.tables.metadata import STORE, SWEPT_OFTEN

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
    Column("cluster", String(128), nullable=False),
    postgresql_with=SWEPT_OFTEN,
)

Index("ix_units_arm", units.c.experiment, units.c.arm, units.c.crossed, units.c.matures_at)
"""Finds what matured since the last look, and counts what is still open without reading a row."""
Index("ix_units_subject", units.c.subject)

cohorts = Table(
    "cohorts",
    STORE,
    Column("experiment", String(128), primary_key=True),
    Column("arm", String(128), primary_key=True),
    Column("day", BigInteger, primary_key=True, autoincrement=False),
    Column("cluster", String(128), primary_key=True),
    Column("units", Integer, nullable=False),
    Column("crossed", Integer, nullable=False),
    Column("moments", Text, nullable=False),
    Column("stale", Boolean, nullable=False),
)

cohort_marks = Table(
    "cohort_marks",
    STORE,
    Column("experiment", String(128), primary_key=True),
    Column("until", BigInteger, nullable=False),
    Column("columns", Text, nullable=False),
    Column("outside", Integer, nullable=False),
)
"""How far each experiment's units were read into its cohorts."""
