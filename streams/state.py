"""What a fold must be told about its partition; the rows themselves are read on demand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from models.chunks import Chunk
from models.identifiers import Epoch, Millis, Offset, Partition, Subject
from streams.arrivals import Reading, read


class Load(Protocol):
    """Where customers' packed rows come from: the store, or a test's dictionary."""

    def __call__(self, partition: Partition, subjects: Collection[Subject], /) -> Mapping[Subject, bytes]:
        """Return the packed rows of those ``subjects`` that have one."""


class Read(Protocol):
    """How a chunk is read: now, or it was already."""

    def __call__(self, chunk: Chunk, partitions: int, /) -> Reading:
        """Return what ``chunk`` of a log of ``partitions`` partitions says; nobody else is given the same."""


@dataclass(frozen=True, slots=True)
class PartitionState:
    """Where one partition stands, as this worker knows it; dropped and read again when fenced."""

    partition: Partition
    partitions: int
    """How many partitions the log has."""
    next_offset: Offset
    epoch: Epoch
    watermark: Millis
    load: Load
    topics: frozenset[str] = frozenset()
    """What is published to the outbox: ``scores``, ``rescues``."""
    read: Read = read
