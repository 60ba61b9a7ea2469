"""Which offsets a fetch covers: from the end of the one before it, or from the last seek, to the reader's position.

So transaction markers and what compaction took away are inside a chunk, and nobody has to guess at holes. Plain
arithmetic, for one reader and one assignment at a time; who reads, and when, is ``streams.worker.consumer_thread``.
"""

from collections.abc import Sequence

from models.chunks import Chunk, Record
from models.errors import LogChanged
from models.identifiers import Offset, Partition


class Covering:
    """Where the next chunk of each partition begins."""

    def __init__(self) -> None:
        self._begins: dict[Partition, Offset] = {}

    def begin(self) -> None:
        """Forget everything: partitions were assigned anew, and nothing is known of where their reading begins."""
        self._begins.clear()

    def seek(self, partition: Partition, offset: Offset) -> None:
        """Note that the reader was sent to ``offset``."""
        self._begins[partition] = offset

    def chunk(self, partition: Partition, records: Sequence[Record], position: Offset) -> Chunk | None:
        """Return what was read: ``records`` in their order, the reader standing at ``position`` after them.

        A position that moved over no record makes a chunk without any, so that the store moves too; one that did not
        move makes ``None``. Without a seek nothing is claimed of what lies before the first record. Raises
        ``LogChanged`` when the log went back by itself.
        """
        first = records[0].offset if records else position
        begins = self._begins.get(partition, first)
        if min(first, position) < begins:
            raise LogChanged(
                f"partition {partition}: offset {min(first, position)} came after {begins}, and nobody had asked for "
                "it: the topic was made anew or cut; bring the right topic back, or move the store away to build a "
                "new one from this log"
            )
        self._begins[partition] = position
        if position == begins:
            return None
        return Chunk(partition, begins, position, records)
