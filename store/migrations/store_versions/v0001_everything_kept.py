"""First schema of ``store.db``: one step makes every table, so this file is as long as there are tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("source", sa.String(length=512), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("hash", name=op.f("uq_api_keys_hash")),
    )
    op.create_table(
        "archived",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("contributions", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "subject", "key", name=op.f("pk_archived")),
    )
    op.create_index(op.f("ix_archived_ended"), "archived", ["ended"], unique=False)
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=128), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("noun", sa.String(length=32), nullable=False),
        sa.Column("noun_id", sa.String(length=512), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index("ix_audit_noun", "audit", ["noun", "noun_id"], unique=False)
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("journey", sa.String(length=512), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed", sa.Text(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("opened_by", sa.String(length=128), nullable=False),
        sa.Column("owner", sa.String(length=128), nullable=True),
        sa.Column("act", sa.Text(), nullable=True),
        sa.Column("acted_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("came_back", sa.Boolean(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(
        "ix_cases_open",
        "cases",
        ["opened_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_cases_subject", "cases", ["subject"], unique=False)
    op.create_table(
        "cells",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grain", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("group", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "grain", "bucket", "partition", "group", name=op.f("pk_cells")),
    )
    op.create_table(
        "courses",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_courses")),
    )
    op.create_table(
        "customers",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("next_due", sa.BigInteger(), nullable=True),
        sa.Column("waiting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "subject", name=op.f("pk_customers")),
    )
    op.create_index(
        "ix_customers_due",
        "customers",
        ["next_due"],
        unique=False,
        sqlite_where=sa.text("next_due IS NOT NULL"),
        postgresql_where=sa.text("next_due IS NOT NULL"),
    )
    op.create_index(
        "ix_customers_waiting",
        "customers",
        ["last_at"],
        unique=False,
        sqlite_where=sa.text("waiting = 1"),
        postgresql_where=sa.text("waiting"),
    )
    op.create_table(
        "dead_letters",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("log_time", sa.BigInteger(), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("replayed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("partition", "offset", name=op.f("pk_dead_letters")),
    )
    op.create_index(op.f("ix_dead_letters_code"), "dead_letters", ["code"], unique=False)
    op.create_index("ix_dead_letters_log_time", "dead_letters", ["log_time"], unique=False)
    op.create_table(
        "definition_starts",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("applies_from", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("version", "partition", name=op.f("pk_definition_starts")),
    )
    op.create_table(
        "definitions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("policies", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("experiments", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_definitions")),
    )
    op.create_table(
        "erasures",
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_erasures")),
        sa.UniqueConstraint("id", name=op.f("uq_erasures_id")),
    )
    op.create_table(
        "experiments",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("parent", sa.String(length=128), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_experiments")),
    )
    op.create_index(op.f("ix_experiments_state"), "experiments", ["state"], unique=False)
    op.create_table(
        "gap_states",
        sa.Column("gap", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("gap", "seq", name=op.f("pk_gap_states")),
    )
    op.create_table(
        "gaps",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("metric", sa.String(length=64), nullable=False),
        sa.Column("scope", sa.String(length=512), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gaps")),
    )
    op.create_index("ix_gaps_metric_scope", "gaps", ["metric", "scope"], unique=False)
    op.create_index(op.f("ix_gaps_state"), "gaps", ["state"], unique=False)
    op.create_table(
        "journeys",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("key", sa.String(length=512), nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("ended", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=True),
        sa.Column("inferred", sa.Integer(), nullable=True),
        sa.Column("said", sa.Integer(), nullable=True),
        sa.Column("causes", sa.Text(), nullable=False),
        sa.Column("touchpoints", sa.Text(), nullable=False),
        sa.Column("channels", sa.Text(), nullable=False),
        sa.Column("contacts", sa.Integer(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "subject", "key", name=op.f("pk_journeys")),
    )
    op.create_index(
        "ix_journeys_poor",
        "journeys",
        ["score", "ended"],
        unique=False,
        sqlite_where=sa.text("score < 9000"),
        postgresql_where=sa.text("score < 9000"),
    )
    op.create_table(
        "outbox",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(length=32), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("partition", "offset", "n", name=op.f("pk_outbox")),
    )
    op.create_index(
        "ix_outbox_unsent",
        "outbox",
        ["partition", "offset", "n"],
        unique=False,
        sqlite_where=sa.text("sent_at IS NULL"),
        postgresql_where=sa.text("sent_at IS NULL"),
    )
    op.create_table(
        "partitions",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("watermark", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("scored", sa.BigInteger(), nullable=False),
        sa.Column("duplicates", sa.BigInteger(), nullable=False),
        sa.Column("late", sa.BigInteger(), nullable=False),
        sa.Column("dead_letters", sa.BigInteger(), nullable=False),
        sa.Column("forwarded", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("skipped", sa.BigInteger(), nullable=False),
        sa.Column("unknown_fields", sa.BigInteger(), nullable=False),
        sa.Column("undeclared", sa.BigInteger(), nullable=False),
        sa.Column("erased", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("partition", name=op.f("pk_partitions")),
    )
    op.create_table(
        "policies",
        sa.Column("version", sa.String(length=128), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("added_at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_policies")),
    )
    op.create_table(
        "policy_pins",
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("experiment", sa.String(length=128), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("policy", "experiment", name=op.f("pk_policy_pins")),
    )
    op.create_table(
        "rescues",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("journey", sa.String(length=512), nullable=False),
        sa.Column("contact", sa.String(length=128), nullable=False),
        sa.Column("raised_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("causes", sa.Text(), nullable=False),
        sa.Column("waited", sa.Integer(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("touchpoint", sa.String(length=128), nullable=False),
        sa.Column("left_at", sa.BigInteger(), nullable=True),
        sa.Column("left_why", sa.String(length=64), nullable=True),
        sa.Column("taken_by", sa.String(length=128), nullable=True),
        sa.Column("taken_at", sa.BigInteger(), nullable=True),
        sa.Column("case", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("partition", "subject", "journey", name=op.f("pk_rescues")),
    )
    op.create_index(
        "ix_rescues_open",
        "rescues",
        ["raised_at"],
        unique=False,
        sqlite_where=sa.text("taken_at IS NULL"),
        postgresql_where=sa.text("taken_at IS NULL"),
    )
    op.create_index("ix_rescues_raised_at", "rescues", ["raised_at"], unique=False)
    op.create_table(
        "scopes",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("policy", sa.String(length=128), nullable=False),
        sa.Column("name", sa.String(length=512), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scopes")),
        sa.UniqueConstraint("policy", "name", name=op.f("uq_scopes_policy_name")),
    )
    op.create_table(
        "settings",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_settings")),
    )
    op.create_table(
        "targets",
        sa.Column("id", sa.String(length=128), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "version", name=op.f("pk_targets")),
    )
    op.create_table(
        "units",
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
        sa.PrimaryKeyConstraint("experiment", "subject", name=op.f("pk_units")),
    )
    op.create_index("ix_units_matures", "units", ["experiment", "matures_at"], unique=False)
    op.create_index("ix_units_subject", "units", ["subject"], unique=False)
    op.create_table(
        "verbatims",
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("source", sa.String(length=512), nullable=False),
        sa.Column("id", sa.String(length=512), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("touchpoint", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("language", sa.String(length=64), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("partition", "subject", "source", "id", name=op.f("pk_verbatims")),
    )
    op.create_index("ix_verbatims_at", "verbatims", ["at"], unique=False)
    op.create_table(
        "walkthroughs",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("author", sa.String(length=128), nullable=False),
        sa.Column("touchpoint", sa.String(length=128), nullable=False),
        sa.Column("channel", sa.String(length=128), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_walkthroughs")),
    )


def downgrade() -> None:
    """Drop them, and their indexes with them."""
    op.drop_table("walkthroughs")
    op.drop_table("verbatims")
    op.drop_table("units")
    op.drop_table("targets")
    op.drop_table("settings")
    op.drop_table("scopes")
    op.drop_table("rescues")
    op.drop_table("policy_pins")
    op.drop_table("policies")
    op.drop_table("partitions")
    op.drop_table("outbox")
    op.drop_table("journeys")
    op.drop_table("gaps")
    op.drop_table("gap_states")
    op.drop_table("experiments")
    op.drop_table("erasures")
    op.drop_table("definitions")
    op.drop_table("definition_starts")
    op.drop_table("dead_letters")
    op.drop_table("customers")
    op.drop_table("courses")
    op.drop_table("cells")
    op.drop_table("cases")
    op.drop_table("audit")
    op.drop_table("archived")
    op.drop_table("api_keys")
