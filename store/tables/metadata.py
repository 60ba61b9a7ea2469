"""The two collections of tables, and the column types they share; all of it means the same on PostgreSQL."""

from sqlalchemy import BigInteger, Integer, MetaData

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

STORE = MetaData(naming_convention=_NAMES)
"""``store.db``: everything that can be computed from the log, and everything people decided."""

LOG = MetaData(naming_convention=_NAMES)
"""``log.db``: the interactions as they came, durable before anyone is told so."""

BigId = BigInteger().with_variant(Integer, "sqlite")
"""A number the database hands out; SQLite does so only for columns declared INTEGER."""
