"""The embedded engine: follows the log, partition by partition, and keeps the store up with it.

One thread. A round reads what each partition has to say, from where ``Folding`` wants it, and has it folded into one
checkpoint for all. Between rounds it sleeps until somebody appends. How chunks become checkpoints, and what a fence
or a refusal asks for, is the business of ``streams.folding``.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from models.chunks import Chunk
from models.effects import Forward
from models.errors import Retryable
from models.identifiers import Offset, Partition
from streams.chunks import Log
from streams.continuity import NotNext
from streams.folding import Folding, Listener
from streams.keeper import Keeper

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at once."""

    chunk_records: int = 8_000
    checkpoint_records: int = 64_000
    idle_seconds: float = 0.5
    most_backoff_seconds: float = 30.0


class Engine:
    """Folds a log into a store, one checkpoint after the other; ``step`` and ``drain`` are for one thread at a time."""

    def __init__(
        self, log: Log, keeper: Keeper, limits: Limits | None = None, topics: frozenset[str] = frozenset()
    ) -> None:
        self._log = log
        self._folding = Folding(keeper, log.partitions, self._forward, topics)
        self._limits = limits or Limits()
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._turn = 0
        self.failure: BaseException | None = None
        """What stopped the engine for good, if anything did."""

    @property
    def folding(self) -> Folding:
        """What folds; a worker, which is pushed its chunks, uses it without the rest of the engine."""
        return self._folding

    @property
    def fences(self) -> int:
        """How often another writer came between, since the start."""
        return self._folding.fences

    def wake(self) -> None:
        """Say that there is something to fold; cheap, from any thread."""
        self._awake.set()

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` after each checkpoint with what was written; it must be quick and must not raise."""
        self._folding.listen(listener)

    def stop(self) -> None:
        """Ask ``run`` to return after the checkpoint it is at."""
        self._stopping.set()
        self._awake.set()

    def run(self) -> None:
        """Follow the log until ``stop``; waits out what may pass, and raises what may not (see ``failure``)."""
        backoff = self._limits.idle_seconds
        try:
            while not self._stopping.is_set():
                self._awake.clear()
                try:
                    folded = self.step()
                    backoff = self._limits.idle_seconds
                except Retryable as error:
                    _log.warning("the engine waits", reason=str(error), seconds=backoff)
                    self._stopping.wait(backoff)
                    backoff = min(2 * backoff, self._limits.most_backoff_seconds)
                    continue
                if not folded:
                    self._awake.wait(self._limits.idle_seconds)
        except BaseException as error:
            self.failure = error
            _log.exception("the engine stopped")
            raise

    def drain(self) -> int:
        """Fold everything there is now; return how many records that were."""
        total = 0
        while True:
            fences = self.fences
            folded = self.step()
            total += folded
            if not folded and fences == self.fences:
                return total

    def step(self) -> int:
        """Write one checkpoint; return how many offsets it moved over, 0 for nothing to do or a fence."""
        chunks = self._next_chunks()
        try:
            return self._folding.fold(chunks).offsets if chunks else 0
        except BaseException:
            self._folding.release(self._folding.held)  # in doubt: read on from where the store stands
            raise

    def look(self) -> Mapping[Partition, Offset]:
        """Read anew from the store where every partition stands; the first step does it by itself."""
        return self._folding.hold([Partition(n) for n in range(self._log.partitions)])

    def _forward(self, forwards: Sequence[Forward]) -> None:
        self._log.append([(forward.subject.encode(), forward.value) for forward in forwards])

    def _next_chunks(self) -> list[Chunk]:
        if not self._folding.held:
            self.look()
        wanted = {partition: self._folding.wanted(partition) for partition in self._folding.held}
        ends = self._log.ends()
        behind = [partition for partition, at in wanted.items() if ends.get(partition, Offset(0)) > at]
        chunks: list[Chunk] = []
        room = self._limits.checkpoint_records
        self._turn += 1
        for partition in sorted(behind, key=lambda p: (p - self._turn) % len(wanted)):
            chunk = self._log.read(partition, wanted[partition], min(room, self._limits.chunk_records))
            if chunk.start != wanted[partition]:
                raise NotNext(chunk, wanted[partition])  # reading it again would not help
            chunks.append(chunk)
            room -= len(chunk.records)
            if room <= 0:
                break
        return chunks
