"""Folding: chunks in, one checkpoint out, for the partitions held; the rule that loses and doubles nothing.

Both engines go through here: the embedded one pulls chunks from its log, the worker is pushed what its consumer
fetched, perhaps long ago. For each chunk, and the position and epoch of its partition as they were last read::

    1. Old: it ends at or before the position. Dropped.
    2. Beyond: it begins after the position. Not ours to fold: dropped, and the reader must seek to the position.
    3. Else: what lies before the position is cut off. Chunks of one partition that follow each other are folded as one;
       all partitions are written in one checkpoint, which moves them only where they still stand, under their epoch.
       What they add to the cells is summed first, and lies with the lowest of them: whoever moves it may write there.
    4. Fenced: somebody else moved or rewrote one of them; nothing was written. For all of that checkpoint we drop what
       we know, read position, epoch and definitions anew, and the reader must seek. Whose partition it is no longer,
       a rebalance tells.
    5. Refused: the database would never take some value. Each partition is written by itself, and the one that is
       refused again by halves of halves, until the culprit is alone: it becomes a dead letter.
    6. In doubt: any other failure may have come before or after the commit. The positions are read anew before
       anything else of these partitions is folded, so giving the same chunks again is always right.

What is read and when, retries and threads are the engines' business.
"""

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter

import structlog

from models.chunks import Chunk
from models.definitions import Timeline
from models.effects import Effects
from models.errors import Fenced, LogChanged, RowRefused
from models.identifiers import Epoch, Millis, Offset, Partition
from streams.ahead import ReadAhead
from streams.cells import CellDifferences
from streams.continuity import NotNext, continuing, runs, whole
from streams.fold import process
from streams.garbage import undisturbed
from streams.keeper import HandOn, Keeper
from streams.poison import isolated
from streams.rows import Rows
from streams.state import PartitionState

_log = structlog.get_logger(__name__)

Listener = Callable[[Sequence[Effects]], None]


@dataclass(frozen=True, slots=True)
class Folded:
    """What became of some chunks."""

    effects: list[Effects]
    """What was written, in order; more than one of a partition only where records were refused."""
    seeks: dict[Partition, Offset]
    """Where the reader must go on reading, for partitions whose next chunk would otherwise be dropped (rules 2, 4)."""

    @property
    def offsets(self) -> int:
        """How many offsets the store moved over."""
        return sum(one.end - one.start for one in self.effects)


@dataclass(frozen=True, slots=True)
class Held:
    """What is known of a partition: where the store stands, under which epoch, and what is in force."""

    next_offset: Offset
    epoch: Epoch
    watermark: Millis
    timeline: Timeline


class Folding:
    """Folds chunks into a store; its calls block, and are served one after the other whatever thread they come from."""

    def __init__(self, keeper: Keeper, partitions: int, forward: HandOn, topics: frozenset[str] = frozenset()) -> None:
        self._keeper = keeper
        self._partitions = partitions
        self._forward = forward
        self._topics = topics
        self._ahead = ReadAhead()
        self._held: dict[Partition, Held] = {}
        self._doubtful: set[Partition] = set()
        self._listeners: list[Listener] = []
        self._turn = threading.Lock()
        self.fences = 0
        """How often another writer came between, since the start."""

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` after each checkpoint with what was written; it must be quick and must not raise."""
        self._listeners.append(listener)

    def hold(self, partitions: Collection[Partition]) -> Mapping[Partition, Offset]:
        """Read ``partitions`` anew from the store, and return where each must be read from; waits for a fold at work.

        To be called whenever they are assigned. Raises ``Retryable``, and ``LogChanged`` for one the store has not.
        """
        with self._turn:
            self._read(partitions)
            return {partition: self._held[partition].next_offset for partition in partitions}

    def release(self, partitions: Collection[Partition]) -> None:
        """Forget ``partitions``: their chunks are dropped from here on; waits for a fold at work to finish."""
        with self._turn:
            for partition in partitions:
                self._held.pop(partition, None)
                self._doubtful.discard(partition)

    @property
    def held(self) -> frozenset[Partition]:
        """The partitions that were held and not released."""
        return frozenset(self._held)

    def wanted(self, partition: Partition) -> Offset:
        """Return the offset that continues ``partition``, as was last read or written; ``KeyError`` if not held."""
        return self._held[partition].next_offset

    def read_ahead(self, chunks: Sequence[Chunk]) -> None:
        """Begin to read ``chunks``, which will be given to ``fold`` next, or some of them; returns at once."""
        self._ahead.begin(runs(chunks), self._partitions)

    def fold(self, chunks: Sequence[Chunk], meanwhile: Callable[[], object] = lambda: None) -> Folded:
        """Fold what continues, write it, and say where to read on; chunks of one partition come in their order.

        ``meanwhile`` is called, in this thread, when all is folded and the store begins to write: it must be quick and
        must not raise. Chunks of partitions not held are dropped. Raises ``Retryable`` (give the same chunks again when
        the world may have recovered) and ``InvariantBroken`` (stop).
        """
        with self._turn, undisturbed():
            self._read(self._doubtful.intersection(chunk.partition for chunk in chunks))  # 6
            parts, beyond = self._continuing(chunks)  # 1 to 3
            effects, fenced = self._write(parts, meanwhile) if parts else ([], set[Partition]())
            return Folded(effects, {p: self._held[p].next_offset for p in beyond | fenced if p in self._held})

    def _read(self, partitions: Collection[Partition]) -> None:
        if not partitions:
            return
        # In this order: should definitions change between the two, our epoch is the older one, and we are fenced.
        standings = self._keeper.standings()
        timelines = self._keeper.timelines()
        for partition in partitions:
            if partition not in standings:
                raise LogChanged(
                    f"partition {partition}: the store knows only {len(standings)} partitions; "
                    "the log has grown: name the right one, or begin with a new, empty database"
                )
            at = standings[partition]
            self._held[partition] = Held(at.next_offset, at.epoch, at.watermark, timelines[partition])
            self._doubtful.discard(partition)

    def _continuing(self, chunks: Sequence[Chunk]) -> tuple[list[Chunk], set[Partition]]:
        """Return what continues each partition, as one chunk, and the partitions of which something was beyond."""
        parts: dict[Partition, list[Chunk]] = {}
        beyond: set[Partition] = set()
        for chunk in chunks:
            partition = chunk.partition
            if partition not in self._held:
                continue
            so_far = parts.setdefault(partition, [])
            try:
                more = continuing(chunk, so_far[-1].end if so_far else self.wanted(partition))  # 1, 3
            except NotNext:  # 2
                beyond.add(partition)
                continue
            if more is not None:
                so_far.append(more)
        return [whole(found) for found in parts.values() if found], beyond

    def _write(self, parts: Sequence[Chunk], meanwhile: Callable[[], object]) -> tuple[list[Effects], set[Partition]]:
        """Fold ``parts``, one of each partition; return what was written, and which were fenced."""
        rows = Rows(self._keeper, parts)
        cells = CellDifferences()
        effects = [self._process(part, rows, cells) for part in parts]
        min(effects, key=_partition).cells = cells.expanded()
        meanwhile()
        try:
            self._checkpoint(effects)  # 3
        except Fenced as fenced:
            self._fence({part.partition for part in parts}, fenced)  # 4
            return [], {part.partition for part in parts}
        except RowRefused:
            return self._isolate(parts)  # 5
        return effects, set()

    def _process(self, part: Chunk, rows: Rows, cells: CellDifferences | None = None) -> Effects:
        return process(part, self._state(part.partition, rows), self._held[part.partition].timeline, cells)

    def _isolate(self, parts: Sequence[Chunk]) -> tuple[list[Effects], set[Partition]]:
        """Write each of ``parts``, which were refused together, by itself; what is refused again, piece by piece."""
        done: list[Effects] = []
        fenced: set[Partition] = set()
        for part in parts:
            try:
                for written in self._alone(part, whole=len(parts) > 1):
                    done.append(written)  # noqa: PERF402 - what was written stays written when a later one is fenced
            except Fenced as error:
                self._fence({part.partition}, error)
                fenced.add(part.partition)
        return done, fenced

    def _alone(self, part: Chunk, *, whole: bool) -> Iterator[Effects]:
        if whole:
            effects = self._process(part, Rows(self._keeper, ()))
            try:
                self._checkpoint([effects])
            except RowRefused:
                pass  # it is in this one
            else:
                yield effects
                return
        partition = part.partition
        state = self._state(partition, Rows(self._keeper, ()))
        yield from isolated(part, state, self._held[partition].timeline, self._checkpoint_one)

    def _checkpoint_one(self, effects: Effects) -> None:
        self._checkpoint([effects])

    def _checkpoint(self, effects: Sequence[Effects]) -> None:
        try:
            self._keeper.checkpoint(effects, self._forward)
        except (Fenced, RowRefused):
            raise  # nothing was written, for certain
        except BaseException:
            self._doubtful.update(one.partition for one in effects)
            raise
        for one in effects:
            held = self._held[one.partition]
            self._held[one.partition] = replace(held, next_offset=one.end, watermark=one.watermark)
        for listener in self._listeners:
            listener(effects)

    def _fence(self, partitions: Collection[Partition], fenced: Fenced) -> None:
        _log.info("fenced", reason=str(fenced))
        self.fences += 1
        self._doubtful.update(partitions)  # for good measure: the store may be away just now
        self._read(partitions)

    def _state(self, partition: Partition, rows: Rows) -> PartitionState:
        held = self._held[partition]
        return PartitionState(
            partition=partition,
            partitions=self._partitions,
            next_offset=held.next_offset,
            epoch=held.epoch,
            watermark=held.watermark,
            load=rows,
            topics=self._topics,
            read=self._ahead,
        )


_partition = attrgetter("partition")
