"""What was added to day cells between two moments, as far as this process knows: it hears of its own checkpoints only.

A partition's position says how far it was folded, its epoch who may write it (``store.partitions``): two moments with
the same of both hold the same cells. Where they differ and every step was heard, the steps' own differences lead from
one to the other, exactly, for cells are sums; otherwise another process wrote, or an erasure, a replay.
"""

import threading
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from models.blocks import BlockKey, Slots, blocks_of
from models.effects import Effects
from models.identifiers import Epoch, Offset, Partition
from store.tables.partitions import partitions

MOST = 20_000
"""Cells remembered, packed; some 5 MB. To add more than that costs as much as to read everything anew."""

Standing = Mapping[Partition, tuple[Offset, Epoch]]
"""Where every partition stands, and under which epoch, at one moment."""
Differences = Mapping[BlockKey, Mapping[str, Slots]]
"""Block of a day → scope → what was added to its cells."""


def standing(connection: Connection) -> Standing:
    """Return where every partition stands at the moment ``connection`` sees."""
    wanted = select(partitions.c.partition, partitions.c.next_offset, partitions.c.epoch)
    return {Partition(number): (Offset(at), Epoch(epoch)) for number, at, epoch in connection.execute(wanted)}


@dataclass(frozen=True, slots=True)
class _Step:
    """What one checkpoint did to one partition; where it moved several, what it added is with one of them."""

    partition: Partition
    start: Offset
    end: Offset
    epoch: Epoch
    added: Differences
    cells: int

    @classmethod
    def of(cls, effects: Effects) -> "_Step":
        """Return what ``effects`` wrote to day cells."""
        rows = blocks_of(effects.cells).rows
        added = {key: scopes for key, scopes in rows.items() if key.grain == "day"}
        cells = sum(len(slots) for scopes in added.values() for slots in scopes.values())
        return cls(effects.partition, effects.start, effects.end, effects.epoch, added, cells)


class Movements:
    """Remembers the latest checkpoints of this process; for any number of threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._steps: deque[_Step] = deque()
        self._cells = 0
        self._ends: dict[Partition, Offset] = {}
        self._lock = threading.Lock()

    def heard(self, written: Iterable[Effects]) -> None:
        """Take note of checkpoints that were committed, each partition's in their order; quick."""
        steps = [_Step.of(effects) for effects in written if effects.start < effects.end]
        with self._lock:
            for step in steps:
                if step.start < self._ends.get(step.partition, 0):  # what was heard before cannot have come to pass
                    self._steps.clear()
                    self._cells = 0
                self._ends[step.partition] = step.end
                self._steps.append(step)
                self._cells += step.cells
            while self._cells > self._most:
                self._cells -= self._steps.popleft().cells

    def between(self, before: Standing, after: Standing) -> list[Differences] | None:
        """Return what was added from one moment to the other; ``None`` when not every step is known."""
        with self._lock:
            steps = list(self._steps)
        at = dict(before)
        found: list[Differences] = []
        for step in steps:
            goal = after.get(step.partition)
            if at.get(step.partition) == (step.start, step.epoch) and goal is not None and step.end <= goal[0]:
                at[step.partition] = step.end, step.epoch
                found.append(step.added)
        return found if at == dict(after) else None
