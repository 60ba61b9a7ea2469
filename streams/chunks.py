"""A chunk: consecutive records of one partition, fetched at once, saying which offsets it covers."""

from collections.abc import Sequence
from typing import Protocol

from models.chunks import Chunk, Record
from models.identifiers import Offset, Partition

__all__ = ["Chunk", "Log", "Record"]


class Log(Protocol):
    """Where interactions wait to be folded; embedded (SQLite) and Kafka implement it."""

    @property
    def identity(self) -> str:
        """The log's own id; it changes when the log is made anew."""

    @property
    def partitions(self) -> int:
        """How many partitions, fixed when the log was made."""

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append (key, value) records, each to its key's partition; durable when this returns.

        Blocks until the group commit; raises ``StoreFull`` or ``StoreBusy`` with nothing appended.
        """

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        """Return up to ``limit`` records from ``start``; an empty chunk when there are none yet."""

    def end(self, partition: Partition) -> Offset:
        """Return the offset the next record of ``partition`` will get."""

    def ends(self) -> dict[Partition, Offset]:
        """Return every partition's end at one moment."""
