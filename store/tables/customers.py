"""One row per customer: the packed state a fold reads and writes, and the columns that queries need beside it."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, text

from store.tables.metadata import STORE, SWEPT_OFTEN

customers = Table(
    "customers",
    STORE,
    Column("partition", Integer, primary_key=True, autoincrement=False),
    Column("subject", String(128), primary_key=True),
    Column("state", LargeBinary, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("score", Integer),
    Column("next_due", BigInteger),
    Column("waiting", Boolean, nullable=False),
    postgresql_with=SWEPT_OFTEN,
)

Index(
    "ix_customers_due",
    customers.c.next_due,
    sqlite_where=text("next_due IS NOT NULL"),
    postgresql_where=text("next_due IS NOT NULL"),
)
Index(
    "ix_customers_waiting",
    customers.c.last_at,
    sqlite_where=text("waiting = 1"),
    postgresql_where=text("waiting"),
)
