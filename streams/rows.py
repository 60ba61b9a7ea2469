"""Customers' rows for a checkpoint at work: those of several partitions are asked for together.

A worker folds sixteen partitions of a few dozen records each where events come at a steady rate; asked for one by one,
the waiting for a database over the network would be most of what a checkpoint takes.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from models.chunks import Chunk, Record
from models.identifiers import Partition, Subject
from models.interactions.bounds import MAX_KEY

TOGETHER = 8_000
"""Records of further partitions that are asked for with the first: their rows stand in memory until they are folded."""

Wanted = Mapping[Partition, Collection[Subject]]
Found = Mapping[Partition, Mapping[Subject, bytes]]


class Reads(Protocol):
    """Where rows are read from."""

    def load(self, wanted: Wanted) -> Found:
        """Return the packed rows of those customers that have one, by partition."""


class Rows:
    """A ``Load`` for the fold of ``parts``, one chunk of each partition.

    Each partition's rows are read ahead once. Whoever asks again for a partition has written some of them meanwhile,
    and is told what stands now.
    """

    def __init__(self, reads: Reads, parts: Iterable[Chunk]) -> None:
        self._reads = reads
        self._ahead = {part.partition: part.records for part in parts}
        self._found: dict[Partition, Mapping[Subject, bytes]] = {}

    def __call__(self, partition: Partition, subjects: Collection[Subject], /) -> Mapping[Subject, bytes]:
        """Return the rows of ``subjects`` that have one, and perhaps of others in the partition's chunk."""
        if partition in self._ahead:
            self._read_ahead(partition)
        if (found := self._found.pop(partition, None)) is not None:
            return found
        return self._reads.load({partition: subjects}).get(partition, {}) if subjects else {}

    def _read_ahead(self, first: Partition) -> None:
        wanted, records = {first: subjects_of(self._ahead.pop(first))}, 0
        for partition in list(self._ahead):
            records += len(self._ahead[partition])
            if records > TOGETHER:
                break
            wanted[partition] = subjects_of(self._ahead.pop(partition))
        found = self._reads.load(wanted)
        self._found |= {partition: found.get(partition, {}) for partition in wanted}


def subjects_of(records: Sequence[Record]) -> set[Subject]:
    """Return whom ``records`` are about as far as their keys tell; a record under another's key is not folded here."""
    found: set[Subject] = set()
    for key in {record.key for record in records}:
        if len(key) <= MAX_KEY and b"\0" not in key:
            try:
                found.add(Subject(key.decode()))
            except UnicodeDecodeError:
                continue  # nobody's: subjects are text
    return found
