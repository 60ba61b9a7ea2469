"""Units get a cluster, and what matured is kept in cohorts, so that a look reads each unit once."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COLUMNS = (
    "experiment, subject, partition, arm, exposed_at, matures_at, pre_n, pre_sum, n, total, mechanism_n, mechanism, "
    "guardrails, crossed"
)


def upgrade() -> None:
    """Give units a cluster, none so far; make the cohorts, which fill at the next look."""
    op.drop_index("ix_units_matures", table_name="units")
    op.drop_index("ix_units_subject", table_name="units")
    _set_aside("units_without_cluster")
    op.create_table("units", *_columns(), sa.Column("cluster", sa.String(length=128), nullable=False), _key())
    op.execute(f"INSERT INTO units ({COLUMNS}, cluster) SELECT {COLUMNS}, '' FROM units_without_cluster")  # noqa: S608 - our own names
    op.drop_table("units_without_cluster")
    op.create_index(op.f("ix_units_arm"), "units", ["experiment", "arm", "crossed", "matures_at"], unique=False)
    op.create_index(op.f("ix_units_subject"), "units", ["subject"], unique=False)
    op.create_table(
        "cohorts",
        sa.Column("experiment", sa.String(length=128), nullable=False),
        sa.Column("arm", sa.String(length=128), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("cluster", sa.String(length=128), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("crossed", sa.Integer(), nullable=False),
        sa.Column("moments", sa.Text(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("experiment", "arm", "day", "cluster", name=op.f("pk_cohorts")),
    )
    op.create_table(
        "cohort_marks",
        sa.Column("experiment", sa.String(length=128), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("columns", sa.Text(), nullable=False),
        sa.Column("outside", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("experiment", name=op.f("pk_cohort_marks")),
    )


def downgrade() -> None:
    """Let cohorts and clusters go."""
    op.drop_table("cohort_marks")
    op.drop_table("cohorts")
    op.drop_index("ix_units_arm", table_name="units")
    op.drop_index("ix_units_subject", table_name="units")
    _set_aside("units_with_cluster")
    op.create_table("units", *_columns(), _key())
    op.execute(f"INSERT INTO units ({COLUMNS}) SELECT {COLUMNS} FROM units_with_cluster")  # noqa: S608 - our own names
    op.drop_table("units_with_cluster")
    op.create_index(op.f("ix_units_matures"), "units", ["experiment", "matures_at"], unique=False)
    op.create_index(op.f("ix_units_subject"), "units", ["subject"], unique=False)


def _columns() -> list[sa.Column[object]]:
    return [
        sa.Column("experiment", sa.String(length=128), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("arm", sa.String(length=128), nullable=False),
        sa.Column("exposed_at", sa.BigInteger(), nullable=False),
        sa.Column("matures_at", sa.BigInteger(), nullable=False),
        sa.Column("pre_n", sa.BigInteger(), nullable=False),
        sa.Column("pre_sum", sa.BigInteger(), nullable=False),
        sa.Column("n", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("mechanism_n", sa.BigInteger(), nullable=False),
        sa.Column("mechanism", sa.BigInteger(), nullable=False),
        sa.Column("guardrails", sa.Text(), nullable=False),
        sa.Column("crossed", sa.Boolean(), nullable=False),
    ]


def _key() -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint("experiment", "subject", name=op.f("pk_units"))


def _set_aside(name: str) -> None:
    op.rename_table("units", name)
    if op.get_bind().dialect.name == "postgresql":  # there a constraint's name is taken for the whole schema
        op.execute(f"ALTER INDEX pk_units RENAME TO pk_{name}")
