"""Writing a partition's rows outside the fold: erasure, re-scoring, a new state format.

Raising the epoch in the same transaction makes every checkpoint in flight fail, so nobody folds on from rows that
are no longer what they read. The others' checkpoints wait for the end of it: what is taken out of the cells may lie
in rows that any of them writes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from models.effects import Effects
from models.identifiers import Partition
from store.cell_rows import merge_cells
from store.checkpoint import write_rows
from store.databases import Database
from store.partitions import bump_epochs, lock_all


class Rewriter:
    """Writes rows of partitions that were taken out of the fold's hands for one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def write(self, effects: Effects) -> None:
        """Write every row of ``effects``, moving no position and counting nothing."""
        merge_cells(self._connection, effects.cells)
        write_rows(self._connection, [effects])


@contextmanager
def exclusive(database: Database, partitions: Sequence[Partition]) -> Iterator[Rewriter]:
    """Yield a writer for ``partitions`` in one durable transaction that fences whoever folds them.

    Repositories called inside read and write within the same transaction.
    """
    with database.write() as connection:
        lock_all(connection)
        bump_epochs(connection, partitions)
        yield Rewriter(connection)
