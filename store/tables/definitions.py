"""What the fold looks up, versioned: policies, declared scopes, live experiments, and from which offset each holds."""

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from store.tables.metadata import STORE

policies = Table(
    "policies",
    STORE,
    Column("version", String(128), primary_key=True),
    Column("text", Text, nullable=False),
    Column("added_at", BigInteger, nullable=False),
    Column("author", String(128), nullable=False),
)

policy_pins = Table(
    "policy_pins",
    STORE,
    Column("policy", String(128), primary_key=True),
    Column("experiment", String(128), primary_key=True),
    Column("at", BigInteger, nullable=False),
)

definitions = Table(
    "definitions",
    STORE,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("author", String(128), nullable=False),
    Column("why", Text, nullable=False),
    Column("policies", Text, nullable=False),
    Column("scopes", Text, nullable=False),
    Column("experiments", Text, nullable=False),
)
"""Each row is everything in force, not a change; ``policies`` names them, the active one first."""

definition_starts = Table(
    "definition_starts",
    STORE,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("applies_from", BigInteger, nullable=False),
)
