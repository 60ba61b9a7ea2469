"""What a fold must be told about its partition; the rows themselves are read on demand."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from models.identifiers import Epoch, Millis, Offset, Partition, Subject


class Load(Protocol):
    """Where customers' packed rows come from: the store, or a test's dictionary."""

    def __call__(self, partition: Partition, subjects: Collection[Subject], /) -> Mapping[Subject, bytes]:
        """Return the packed rows of those ``subjects`` that have one."""


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
