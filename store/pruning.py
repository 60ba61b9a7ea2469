"""Deleting what is old, a bounded number of rows at a time: nobody waits long, and the log of writes stays short."""

from sqlalchemy import ColumnElement, Table, delete, select, tuple_

from store.databases import Database

MOST = 10_000
"""Rows per transaction."""


def prune(database: Database, table: Table, *old: ColumnElement[bool], durable: bool = False) -> int:
    """Delete the rows of ``table`` that are ``old``, in transactions of ``MOST`` rows; return how many.

    Killed in between, the rest goes the next time.
    """
    key = list(table.primary_key)
    some = delete(table).where(tuple_(*key).in_(select(*key).where(*old).limit(MOST)))
    gone = 0
    while True:
        with database.write(durable=durable) as connection:
            deleted = connection.execute(some).rowcount
        gone += deleted
        if deleted < MOST:
            return gone
