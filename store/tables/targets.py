"""Courses and targets: every version ever written; the latest that is not withdrawn is in force."""

from sqlalchemy import BigInteger, Boolean, Column, Integer, String, Table, Text

from store.tables.metadata import STORE


def _versions(name: str) -> Table:
    return Table(
        name,
        STORE,
        Column("id", String(128), primary_key=True),
        Column("version", Integer, primary_key=True, autoincrement=False),
        Column("at", BigInteger, nullable=False),
        Column("author", String(128), nullable=False),
        Column("withdrawn", Boolean, nullable=False),
        Column("record", Text, nullable=False),
    )


courses = _versions("courses")
targets = _versions("targets")
