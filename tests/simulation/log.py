"""A log in memory, with the holes that transactions leave in a real one."""

from collections.abc import Callable, Sequence

from models.chunks import Chunk, Record
from models.identifiers import Millis, Offset, Partition
from models.partitions import partition_of
from tests.simulation.events import Sending


class MemoryLog:
    """``streams.chunks.Log`` over lists; every record bears the clock's time at its append."""

    identity = "simulated"

    def __init__(self, partitions: int, clock: Callable[[], Millis]) -> None:
        self.partitions = partitions
        self._clock = clock
        self._records: dict[Partition, list[Record]] = {Partition(n): [] for n in range(partitions)}
        self._ends = dict.fromkeys(self._records, Offset(0))

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> list[tuple[Partition, Offset]]:
        places = []
        for key, value in records:
            partition = partition_of(key, self.partitions)
            offset = self._taken(partition)
            self._records[partition].append(Record(offset, self._clock(), key, value))
            places.append((partition, offset))
        return places

    def send(self, sending: Sending) -> None:
        """Append ``sending``, with what its transaction leaves behind."""
        if sending.ends == "abort":
            for key, _ in sending.pairs:
                self._taken(partition_of(key, self.partitions))
        else:
            self.append(sending.pairs)
        if sending.ends:
            for partition in sorted({partition_of(key, self.partitions) for key, _ in sending.pairs}):
                self._taken(partition)  # the marker

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        found = [record for record in self._records[partition] if record.offset >= start][:limit]
        end = Offset(found[-1].offset + 1) if len(found) == limit else max(start, self._ends[partition])
        return Chunk(partition, start, end, found)

    def end(self, partition: Partition) -> Offset:
        return self._ends[partition]

    def ends(self) -> dict[Partition, Offset]:
        return dict(self._ends)

    def _taken(self, partition: Partition) -> Offset:
        offset = self._ends[partition]
        self._ends[partition] = Offset(offset + 1)
        return offset
