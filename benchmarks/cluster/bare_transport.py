"""Our chunk transport alone: a worker whose fold decodes and counts, and keeps nothing. The limit of what is above it.

Speaks the rivals' protocol; see ``benchmarks.cluster.rivals``.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import cast

import msgspec

from models.chunks import Chunk
from models.effects import Effects
from models.identifiers import Offset, Partition
from streams.folding import Folded, Folding
from streams.worker.parts import Reading
from streams.worker.worker import Job, Pace, Worker


class Counting:
    """Stands where ``Folding`` does: chunks are decoded, counted and forgotten."""

    def __init__(self, expected: int) -> None:
        self._expected = expected
        self._seen = 0
        self._began = (0.0, 0.0)
        self._next: dict[Partition, Offset] = {}

    def listen(self, listener: Callable[[Sequence[Effects]], None]) -> None:
        """Tell nobody."""

    def hold(self, partitions: Collection[Partition]) -> Mapping[Partition, Offset]:
        """Begin at the beginning."""
        self._next |= dict.fromkeys(partitions, Offset(0))
        return {partition: self._next[partition] for partition in partitions}

    def release(self, partitions: Collection[Partition]) -> None:
        """Forget ``partitions``."""
        for partition in partitions:
            self._next.pop(partition, None)

    @property
    def held(self) -> frozenset[Partition]:
        """What is held."""
        return frozenset(self._next)

    def wanted(self, partition: Partition) -> Offset:
        """Return where ``partition`` continues."""
        return self._next[partition]

    def fold(self, chunks: Sequence[Chunk], meanwhile: Callable[[], object]) -> Folded:  # noqa: ARG002 - nothing is written
        """Decode and count."""
        if not self._seen:
            self._began = time.perf_counter(), time.process_time()
        decode = msgspec.json.decode
        for chunk in chunks:
            for record in chunk.records:
                decode(record.value)
            self._seen += len(chunk.records)
            self._next[chunk.partition] = chunk.end
        if self._seen >= self._expected:
            self._say()
        return Folded([], {})

    def _say(self) -> None:
        seconds, processor = time.perf_counter() - self._began[0], time.process_time() - self._began[1]
        sys.stdout.write(json.dumps({"events": self._seen, "seconds": seconds, "processor": processor}) + "\n")
        sys.stdout.flush()
        os._exit(0)


def main() -> None:
    """Read the topic to its end."""
    folding = cast("Folding", Counting(int(os.environ["EVENTS"])))
    reading = Reading((os.environ["BOOTSTRAP"],), os.environ["TOPIC"], f"bare-{os.getpid()}")
    Worker(Job(reading, folding, dict), Pace(), lambda _: 1).run()


if __name__ == "__main__":
    main()
