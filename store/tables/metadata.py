"""The two collections of tables, and the column types they share; all of it means the same on PostgreSQL."""

from sqlalchemy import BigInteger, Integer, MetaData, String

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

STORE = MetaData(naming_convention=_NAMES)
"""``store.db``: everything that can be computed from the log, and everything people decided."""

LOG = MetaData(naming_convention=_NAMES)
"""``log.db``: the interactions as they came, durable before anyone is told so."""

OFTEN_CHANGED: dict[str, object] = {"fillfactor": 80}
"""Room left in each page of PostgreSQL for the row's next version: it then needs no new entry in any index."""

SWEPT_OFTEN: dict[str, object] = {
    "autovacuum_vacuum_scale_factor": 0.02,
    "autovacuum_vacuum_insert_scale_factor": 0.05,
    "autovacuum_analyze_scale_factor": 0.02,
}
"""For PostgreSQL's tables of many millions of rows: dead ones are taken out after a fiftieth of them, not a fifth."""


def compare_bytes(metadata: MetaData) -> None:
    """Make PostgreSQL compare every text of ``metadata`` byte by byte, as SQLite does.

    Lists then come in the same order on both, and indexes outlive an upgrade of the system's collations.
    """
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, String):
                bytewise = type(column.type)(column.type.length, collation="C")
                column.type = column.type.with_variant(bytewise, "postgresql")


BigId = BigInteger().with_variant(Integer, "sqlite")
"""A number the database hands out; SQLite does so only for columns declared INTEGER."""
