"""Cells come to lie in blocks: an hour's five minutes, a day's hours, a day's customer groups, each one row.

What a block's bytes mean is written out here once more: this step must do the same whatever the code says later.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FIVE_MINUTES, HOUR, DAY = 300_000, 3_600_000, 86_400_000
SPAN, BLOCK = {0: FIVE_MINUTES, 1: HOUR, 2: DAY}, {0: HOUR, 1: DAY, 2: DAY}
"""By grain: how long a cell and a block last."""
OLD = "cells_one_by_one"
NEW = "cells_in_blocks"

_blocks = msgspec.msgpack.Decoder(dict[int, msgspec.Raw]).decode
_encode = msgspec.msgpack.Encoder().encode
_alone = sa.table(OLD, *(sa.column(name) for name in ("scope", "grain", "bucket", "partition", "group", "counts")))
_together = sa.table(NEW, *(sa.column(name) for name in ("scope", "grain", "bucket", "partition", "counts")))


def upgrade() -> None:
    """Put the cells into blocks."""
    _set_aside(OLD)
    op.create_table(
        "cells",
        sa.Column("scope", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("grain", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("bucket", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("scope", "grain", "bucket", "partition", name=op.f("pk_cells")),
    )
    for rows in _scope_by_scope(_alone):
        blocks: dict[tuple[int, int, int, int], dict[int, msgspec.Raw]] = {}
        for scope, grain, bucket, partition, group, counts in rows:
            start = bucket if grain == 2 else bucket - bucket % BLOCK[grain]
            slot = (group + 1) * (BLOCK[grain] // SPAN[grain]) + (bucket - start) // SPAN[grain]
            blocks.setdefault((scope, grain, start, partition), {})[slot] = msgspec.Raw(counts)
        _insert(_together, [(*key, _encode(block)) for key, block in blocks.items()])
    op.drop_table(OLD)


def downgrade() -> None:
    """Take the blocks apart again."""
    _set_aside(NEW)
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
    for rows in _scope_by_scope(_together):
        cells = []
        for scope, grain, start, partition, counts in rows:
            for slot, each in _blocks(counts).items():
                group, place = divmod(slot, BLOCK[grain] // SPAN[grain])
                cells.append((scope, grain, start + place * SPAN[grain], partition, group - 1, bytes(each)))
        _insert(_alone, cells)
    op.drop_table(NEW)


def _set_aside(name: str) -> None:
    op.rename_table("cells", name)
    if op.get_bind().dialect.name == "postgresql":  # there a constraint's name is taken for the whole schema
        op.execute(f"ALTER INDEX pk_cells RENAME TO pk_{name}")


def _scope_by_scope(table: sa.TableClause) -> Iterator[Sequence[Any]]:
    """Yield the rows of ``table``, one scope's at a time, so that memory holds one scope only."""
    connection = op.get_bind()
    for scope in connection.execute(sa.select(table.c.scope).distinct()).scalars().all():
        yield connection.execute(sa.select(table).where(table.c.scope == scope)).all()


def _insert(like: sa.TableClause, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert ``rows`` into the table of cells, which has the columns of ``like``."""
    columns = like.columns.keys()
    into = sa.table("cells", *(sa.column(name) for name in columns))
    op.get_bind().execute(sa.insert(into), [dict(zip(columns, row, strict=True)) for row in rows])
