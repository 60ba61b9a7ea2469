"""What PostgreSQL needs beside the tables: texts compared by bytes, room and sweeping by table, and imports' progress.

On both: an index that finds the messages sent long ago.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SWEPT = {
    "autovacuum_vacuum_scale_factor": "0.02",
    "autovacuum_vacuum_insert_scale_factor": "0.05",
    "autovacuum_analyze_scale_factor": "0.02",
}
SETTINGS = dict.fromkeys(("customers", "journeys", "archived", "outbox", "dead_letters", "units"), SWEPT)
SETTINGS["cells"] = {"fillfactor": "80", **SWEPT}

TEXTS = sa.text(
    """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    FROM pg_attribute a
    JOIN pg_class c ON c.oid = a.attrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
      AND a.attcollation <> 0 AND c.relname <> 'alembic_version'
    ORDER BY 1, 2
    """
)


def upgrade() -> None:
    """Index what was sent; on PostgreSQL set the tables up."""
    op.create_index(
        "ix_outbox_sent",
        "outbox",
        ["sent_at"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NOT NULL"),
        postgresql_where=sa.text("sent_at IS NOT NULL"),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    op.create_table(
        "imports",
        sa.Column("digest", sa.String(length=128), nullable=False),
        sa.Column("mapping", sa.String(length=128), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("row", sa.BigInteger(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "mapping", name=op.f("pk_imports")),
    )
    _collate("C")
    for table, settings in SETTINGS.items():
        said = ", ".join(f"{name} = {value}" for name, value in settings.items())
        op.execute(f"ALTER TABLE {table} SET ({said})")


def downgrade() -> None:
    """Set the tables back to what the server would do by itself."""
    op.drop_index("ix_outbox_sent", table_name="outbox")
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, settings in SETTINGS.items():
        op.execute(f"ALTER TABLE {table} RESET ({', '.join(settings)})")
    op.drop_table("imports")
    _collate("default")


def _collate(collation: str) -> None:
    """Give every text that collation; the tables stay as they lie, their indexes are built anew."""
    for table, column, kind in op.get_bind().execute(TEXTS).all():
        op.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" TYPE {kind} COLLATE "{collation}"')
