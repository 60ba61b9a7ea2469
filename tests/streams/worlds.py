"""A world in memory: a partition folded chunk by chunk, restarted at will, with nothing kept but packed rows."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from models.chunks import Chunk, Record
from models.definitions import Timeline
from models.effects import Effects
from models.identifiers import Epoch, Millis, Offset, Partition, Subject
from streams.fold import process
from streams.joining import joined
from streams.state import PartitionState


class World:
    """One partition of a log of ``partitions``, and the rows that a store would hold."""

    def __init__(self, timeline: Timeline, partition: int = 0, partitions: int = 1) -> None:
        self.timeline = timeline
        self.rows: dict[Subject, bytes] = {}
        self.written: Effects | None = None
        self.state = PartitionState(
            partition=Partition(partition),
            partitions=partitions,
            next_offset=Offset(0),
            epoch=Epoch(0),
            watermark=Millis(0),
            load=self.load,
        )

    def load(self, _partition: Partition, subjects: Collection[Subject]) -> Mapping[Subject, bytes]:
        return {subject: self.rows[subject] for subject in subjects if subject in self.rows}

    def fold(self, records: Sequence[Record], end: int | None = None) -> Effects:
        """Fold the next records, and write what they ask for."""
        start = self.state.next_offset
        stop = Offset(end if end is not None else records[-1].offset + 1 if records else start)
        effects = process(Chunk(self.state.partition, start, stop, records), self.state, self.timeline)
        self.rows |= {subject: row.state for subject, row in effects.customers.items()}
        self.written = effects if self.written is None else joined(self.written, effects)
        self.state = replace(self.state, next_offset=effects.end, watermark=effects.watermark)
        return effects


def folded(records: Sequence[Record], timeline: Timeline, cuts: Iterable[int] = ()) -> Effects:
    """Return what folding ``records`` in chunks that end at ``cuts`` asks to have written."""
    world = World(timeline)
    at = 0
    for cut in [*sorted({cut for cut in cuts if 0 < cut < len(records)}), len(records)]:
        world.fold(records[at:cut])
        at = cut
    assert world.written is not None
    return world.written
