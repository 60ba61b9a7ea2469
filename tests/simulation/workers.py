"""Who folds: workers of a consumer group, to whom chunks are pushed, and embedded engines, which pull.

A ``PushedWorker`` does to ``Folding`` what a Faust worker on Kafka does, with all that was seen to happen there: chunks
wait in a buffer, perhaps longer than the partition is ours; a new generation takes them away or leaves them; some
vanish; some come twice; a seek does not empty the buffer; the position runs ahead of what is folded.
"""

from collections import deque
from collections.abc import Sequence
from typing import Protocol

from models.chunks import Chunk
from models.effects import Forward
from models.errors import Retryable
from models.identifiers import Millis, Offset, Partition
from streams.engine import Engine, Limits
from streams.folding import Folding
from streams.keeper import Keeper
from tests.simulation.group import Group
from tests.simulation.log import MemoryLog

TOPICS = frozenset({"scores", "rescues", "dead-letters"})
NOTHING = "nothing waits"
BUFFER = 8
"""Chunks that wait for the agent at most."""


class Worker(Protocol):
    """What a schedule asks of whoever folds; ``choice`` is a number to draw what is left open from."""

    name: str
    paused: bool
    busy: bool

    def beat(self, now: Millis, choice: int) -> str:
        """Hear what the group has decided."""

    def fetch(self, choice: int) -> str:
        """Read a chunk into the buffer."""

    def fold(self, choice: int) -> str:
        """Fold what waits."""

    def reconcile(self) -> str:
        """Notice that reading stands elsewhere than the store."""

    def vanish(self, choice: int) -> str:
        """Lose a chunk that waits."""

    def redeliver(self, choice: int) -> str:
        """Get a chunk that waits twice."""

    def rewind(self, choice: int) -> str:
        """Read again from before, as a consumer does that trusts what was last told to Kafka."""

    def leave(self) -> str:
        """Stop in good order."""


class PushedWorker:
    """A member of the group."""

    def __init__(self, name: str, keeper: Keeper, log: MemoryLog, group: Group) -> None:
        self.name = name
        self.paused = self.busy = False
        self._log = log
        self._group = group
        self._folding = Folding(keeper, log.partitions, self._forward, TOPICS)
        self._generation = -1
        self._positions: dict[Partition, Offset] = {}
        self._buffer: deque[Chunk] = deque()

    def beat(self, now: Millis, choice: int) -> str:
        group = self._group
        if self.name not in group.members:
            group.join(self.name, now)
        if group.generation == self._generation:
            return "nothing new"
        generation, mine = group.generation, group.assignment[self.name]
        self._folding.release(self._folding.held - mine)
        self._positions = {p: at for p, at in self._positions.items() if p in mine}
        self._positions = dict(self._folding.hold(sorted(mine)))
        if choice % 3 == 0:
            self._buffer.clear()
        self._generation = generation
        return f"generation {generation}, reads from {self._positions}"

    def fetch(self, choice: int) -> str:
        if not self._positions or len(self._buffer) >= BUFFER:
            return "no room"
        mine = sorted(self._positions)
        partition, limit = mine[choice % len(mine)], 1 + choice // 7 % 6
        chunk = self._log.read(partition, self._positions[partition], limit)
        if choice % 5 == 0 and chunk.records:  # holes at the end come with what follows
            chunk = Chunk(partition, chunk.start, Offset(chunk.records[-1].offset + 1), chunk.records)
        if chunk.end == chunk.start:
            return "nothing there"
        self._positions[partition] = chunk.end
        self._buffer.append(chunk)
        return told(chunk)

    def fold(self, choice: int) -> str:
        chunks = [self._buffer.popleft() for _ in range(min(len(self._buffer), 1 + choice % 3))]
        if not chunks:
            return NOTHING
        try:
            folded = self._folding.fold(chunks, lambda: self._look_ahead(choice))
        except Retryable as error:
            self._buffer.extendleft(reversed(chunks))
            return f"{', '.join(map(told, chunks))}: will be tried again ({error})"
        self._positions |= {p: at for p, at in folded.seeks.items() if p in self._positions}
        written = [f"{one.partition}:{one.start}-{one.end}" for one in folded.effects]
        return f"{', '.join(map(told, chunks))}: wrote {written}, seeks {folded.seeks}"

    def _look_ahead(self, choice: int) -> None:
        """Read ahead some of what waits; it may be folded otherwise, later, or never."""
        if choice % 4:
            self._folding.read_ahead([*self._buffer][: choice % 4])

    def reconcile(self) -> str:
        waiting = {chunk.partition for chunk in self._buffer}
        astray = {
            partition: self._folding.wanted(partition)
            for partition, at in self._positions.items()
            if partition not in waiting and at != self._folding.wanted(partition)
        }
        self._positions |= astray
        return f"seeks {astray}"

    def vanish(self, choice: int) -> str:
        if not self._buffer:
            return NOTHING
        lost = self._buffer[choice % len(self._buffer)]
        self._buffer.remove(lost)
        return told(lost)

    def redeliver(self, choice: int) -> str:
        if not self._buffer:
            return NOTHING
        again = self._buffer[choice % len(self._buffer)]
        self._buffer.append(again)
        return told(again)

    def rewind(self, choice: int) -> str:
        if not self._positions:
            return "reads nothing"
        mine = sorted(self._positions)
        partition = mine[choice % len(mine)]
        self._positions[partition] = Offset(max(0, self._positions[partition] - 1 - choice // 7 % 6))
        return f"reads {partition} from {self._positions[partition]}"

    def leave(self) -> str:
        self._group.leave(self.name)
        self._folding.release(self._folding.held)
        return "left"

    def _forward(self, forwards: Sequence[Forward]) -> None:
        self._log.append([(forward.subject.encode(), forward.value) for forward in forwards])


class PullingWorker:
    """An embedded engine; should two run at once, which a lock forbids, the fence must still hold."""

    def __init__(self, name: str, keeper: Keeper, log: MemoryLog, limits: Limits) -> None:
        self.name = name
        self.paused = self.busy = False
        self._engine = Engine(log, keeper, limits, TOPICS)

    def fold(self, choice: int) -> str:  # noqa: ARG002 - engines decide by themselves
        try:
            moved = self._engine.step()
        except Retryable as error:
            return f"will try again ({error})"
        return f"moved over {moved} offsets" if moved else NOTHING

    def beat(self, now: Millis, choice: int) -> str:  # noqa: ARG002
        return "no group"

    def fetch(self, choice: int) -> str:  # noqa: ARG002
        return "pulls"

    def reconcile(self) -> str:
        return "pulls"

    def vanish(self, choice: int) -> str:  # noqa: ARG002
        return NOTHING

    def redeliver(self, choice: int) -> str:  # noqa: ARG002
        return "pulls"

    def rewind(self, choice: int) -> str:  # noqa: ARG002
        return "pulls"

    def leave(self) -> str:
        return "left"


def told(chunk: Chunk) -> str:
    return f"{chunk.partition}:[{chunk.start},{chunk.end})"
