"""The embedded engine: follows the log, partition by partition, and keeps the store up with it.

One thread. A round reads what each partition has to say, folds it, and writes one checkpoint for all. Between rounds
it sleeps until somebody appends. What it must never do is guess: a fence, a gap or a refusal makes it forget what
it knew and ask the store again.
"""

import gc
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from models.chunks import Chunk
from models.definitions import Timeline
from models.effects import Effects, Forward
from models.errors import Fenced, Retryable, RowRefused
from models.identifiers import Epoch, Millis, Offset, Partition
from streams.chunks import Log
from streams.continuity import continuing
from streams.fold import process
from streams.keeper import Keeper, Standing
from streams.poison import isolated
from streams.state import PartitionState

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is done at once."""

    chunk_records: int = 8_000
    checkpoint_records: int = 64_000
    idle_seconds: float = 0.5
    most_backoff_seconds: float = 30.0


Listener = Callable[[Sequence[Effects]], None]


class Engine:
    """Folds a log into a store, one checkpoint after the other; ``step`` and ``drain`` are for one thread at a time."""

    def __init__(
        self, log: Log, keeper: Keeper, limits: Limits | None = None, topics: frozenset[str] = frozenset()
    ) -> None:
        self._log = log
        self._keeper = keeper
        self._limits = limits or Limits()
        self._topics = topics
        self._standings: dict[Partition, Standing] | None = None
        self._timelines: Mapping[Partition, Timeline] = {}
        self._awake = threading.Event()
        self._stopping = threading.Event()
        self._listeners: list[Listener] = []
        self._turn = 0
        self.fences = 0
        """How often another writer came between, since the start."""
        self.failure: BaseException | None = None
        """What stopped the engine for good, if anything did."""

    def wake(self) -> None:
        """Say that there is something to fold; cheap, from any thread."""
        self._awake.set()

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` after each checkpoint with what was written; it must be quick and must not raise."""
        self._listeners.append(listener)

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
        if not chunks:
            return 0
        try:
            with undisturbed():
                return self._fold(chunks)
        except Fenced as fenced:
            self.fences += 1
            self.forget()
            _log.info("fenced", reason=str(fenced))
            return 0
        except BaseException:
            self.forget()
            raise

    def forget(self) -> None:
        """Drop everything known of positions and definitions; the next step asks the store."""
        self._standings = None

    def _fold(self, chunks: Sequence[Chunk]) -> int:
        effects = [process(chunk, self._state(chunk.partition), self._timelines[chunk.partition]) for chunk in chunks]
        try:
            self._keeper.checkpoint(effects, self._forward)
        except RowRefused:
            effects = self._isolate(chunks)
        self._advance(effects)
        for listener in self._listeners:
            listener(effects)
        return sum(one.end - one.start for one in effects)

    def _isolate(self, chunks: Sequence[Chunk]) -> list[Effects]:
        """Fold again record by record what the store refuses as a whole; each record is a checkpoint of its own."""
        done: list[Effects] = []
        for chunk in chunks:
            for effects in isolated(chunk, self._state(chunk.partition), self._timelines[chunk.partition], self._write):
                self._advance([effects])
                done.append(effects)
        return done

    def _write(self, effects: Effects) -> None:
        self._keeper.checkpoint([effects], self._forward)

    def _forward(self, forwards: Sequence[Forward]) -> None:
        self._log.append([(forward.subject.encode(), forward.value) for forward in forwards])

    def _next_chunks(self) -> list[Chunk]:
        standings = self._known()
        ends = self._log.ends()
        behind = [p for p, standing in standings.items() if ends.get(p, Offset(0)) > standing.next_offset]
        chunks: list[Chunk] = []
        room = self._limits.checkpoint_records
        self._turn += 1
        for partition in sorted(behind, key=lambda p: (p - self._turn) % len(standings)):
            at = standings[partition].next_offset
            chunk = continuing(self._log.read(partition, at, min(room, self._limits.chunk_records)), at)
            if chunk is not None:
                chunks.append(chunk)
                room -= len(chunk.records)
            if room <= 0:
                break
        return chunks

    def _known(self) -> dict[Partition, Standing]:
        if self._standings is None:
            self._standings = dict(self._keeper.standings())
            self._timelines = self._keeper.timelines()
        return self._standings

    def _state(self, partition: Partition) -> PartitionState:
        standing = self._known()[partition]
        return PartitionState(
            partition=partition,
            partitions=self._log.partitions,
            next_offset=standing.next_offset,
            epoch=standing.epoch,
            watermark=standing.watermark,
            load=self._keeper.load,
            topics=self._topics,
        )

    def _advance(self, effects: Sequence[Effects]) -> None:
        standings = self._known()
        for one in effects:
            standings[one.partition] = Reached(one.end, one.epoch, one.watermark)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Keep the cyclic garbage collector out of the block: a fold makes many objects and no cycles (15 % faster)."""
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@dataclass(frozen=True, slots=True)
class Reached:
    """Where a partition stands after a checkpoint of ours."""

    next_offset: Offset
    epoch: Epoch
    watermark: Millis
