"""The pump: takes chunks as they are fetched, gathers them, and has them folded in one thread, batch by batch.

While one batch is folded and written the next is fetched. A batch closes when it holds enough records or when its
first chunk has waited long enough; both bound how late a score may be. Everything here but the fold itself runs in the
event loop, so nothing needs a lock. What becomes of chunks is ``Folding``'s rule; here they are only carried:

    1. A chunk that comes while its partition is being read anew from further back is dropped, without another seek.
    2. What may pass (``Retryable``: the database is away) is waited out, with the chunks kept; nothing is lost by it.
    3. What may not pass is told to ``Ground.failed`` once, and the pump stops; the caller ends the process.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import Any, Protocol, TypeVar

import structlog

from models.chunks import Chunk
from models.effects import Effects
from models.errors import Retryable
from models.identifiers import Offset, Partition
from streams.folding import Folding

_log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class Reader(Protocol):
    """Who fetches: it can be sent elsewhere."""

    async def go_to(self, offsets: Mapping[Partition, Offset]) -> None:
        """Read on from ``offsets``; those that are not assigned any longer are left out. Never raises."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What the pump stands on."""

    check: Callable[[], object]
    """Checks, before partitions are held, that the log is still the store's; blocks, raises ``LogChanged``."""
    failed: Callable[[BaseException], None]
    """Told of what the pump cannot go on from."""


@dataclass(frozen=True, slots=True)
class Batching:
    """How much goes into one checkpoint, and how waiting for the store grows."""

    records: int = 64_000
    seconds: float = 0.1
    ahead: int = 8_000
    """With so many records waiting when a checkpoint begins, the next batch is closed, and read while it is written."""
    first_backoff_seconds: float = 0.25
    most_backoff_seconds: float = 10.0


@dataclass(slots=True)
class Progress:
    """How the pump is doing, for whoever looks, from any thread."""

    offsets: int = 0
    """How many offsets were checkpointed since the start."""
    checkpoints: int = 0
    seeks: int = 0
    dropped: int = 0
    """Chunks that were not folded: old, or from before a seek."""
    waiting: str | None = None
    """Why nothing is folded just now, when the world is not ready."""
    at: float = 0.0
    """When the store last moved (monotonic seconds)."""


class Pump:
    """Carries chunks from the reader to the store; made and used in one event loop."""

    def __init__(self, folding: Folding, ground: Ground, batching: Batching) -> None:
        self._folding = folding
        self._ground = ground
        self._reader: Reader | None = None
        self._batching = batching
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="fold")
        self._job: Future[Any] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._next: list[Chunk] = []
        """A batch that was closed early, to be read ahead; older than ``_chunks``."""
        self._chunks: deque[Chunk] = deque()
        self._records = 0
        self._since = 0.0
        self._working: frozenset[Partition] = frozenset()
        # These two are read in the thread as well, so they are replaced and never changed.
        self._assigned: frozenset[Partition] = frozenset()
        self._owed: frozenset[Partition] = frozenset()
        self._rereading: dict[Partition, Offset] = {}
        self._changed = asyncio.Condition()
        self._stopping = asyncio.Event()
        self.progress = Progress(at=time.monotonic())
        folding.listen(self._written)

    async def take(self, *chunks: Chunk) -> None:
        """Accept ``chunks``; waits while two batches are full already. Never raises, but for cancellation."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._records < 2 * self._batching.records or self._stopping.is_set())
            for chunk in chunks:
                self._accept(chunk)
            self._changed.notify_all()

    async def hold(self, partitions: Collection[Partition]) -> Mapping[Partition, Offset]:
        """Read ``partitions``, all that are assigned, anew from the store and return where they must be read from.

        Others are held no longer: the word that they were taken away may have come before that they were given. Those
        that are taken away meanwhile are left out. When the store is away, none are returned; the pump sends the reader
        there once it is back. For no partitions at all, neither store nor log is asked.
        """
        wanted = self._assigned = frozenset(partitions)
        self._owed &= wanted
        await self._drop(wanted)
        try:
            offsets = await self._in_thread(self._hold, wanted)
        except Retryable as error:
            self.progress.waiting = str(error)
            _log.warning("assigned, but the store is away", partitions=sorted(wanted), reason=str(error))
            self._owed |= self._assigned & wanted
            await self._notify()
            return {}
        except Exception as error:  # noqa: BLE001 - told to whoever ends the process
            self._fail(error)
            return {}
        self._owed = self._owed.difference(offsets)
        for partition in offsets:  # what was owed may have been paid meanwhile, from further back
            self._rereading.pop(partition, None)
        self.progress.waiting = None
        self.progress.at = time.monotonic()
        return offsets

    async def release(self, partitions: Collection[Partition]) -> None:
        """Forget ``partitions``, after the checkpoint at work is written."""
        self._assigned = self._assigned.difference(partitions)
        self._owed &= self._assigned
        await self._drop(partitions)
        await self._in_thread(self._let_go)
        if not self._assigned:  # who has nothing waits for nothing
            self.progress.waiting = None
        await self._drop(frozenset(partitions) - self._assigned)

    def holds(self, partition: Partition) -> bool:
        """Whether a chunk of ``partition`` waits here or is being folded."""
        return partition in self._working or any(chunk.partition == partition for chunk in self._waiting)

    @property
    def busy(self) -> bool:
        """Whether anything waits here or is being folded."""
        return bool(self._working or self._next or self._chunks)

    def wanted(self) -> dict[Partition, Offset]:
        """Return where each partition held continues."""
        found: dict[Partition, Offset] = {}
        for partition in self._folding.held:
            try:
                found[partition] = self._folding.wanted(partition)
            except KeyError:  # released in between, by the other thread
                continue
        return found

    async def reread(self, offsets: Mapping[Partition, Offset]) -> None:
        """Send the reader to ``offsets``, dropping what was fetched from beyond them."""
        if not offsets:
            return
        await self._drop(offsets.keys())
        self._rereading |= offsets
        self.progress.seeks += len(offsets)
        if self._reader is not None:
            await self._reader.go_to(offsets)

    async def run(self, reader: Reader) -> None:
        """Fold what ``reader`` brings until ``stop``; returns after the checkpoint at work."""
        self._reader = reader
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping.is_set():
                chunks = await self._gathered()
                await self._pay()
                if chunks:
                    await self._fold(chunks)
        except Exception as error:  # noqa: BLE001 - 3
            self._fail(error)

    async def stop(self) -> None:
        """Ask ``run`` to return; nothing is accepted any more."""
        self._stopping.set()
        await self._notify()

    def close(self) -> bool:
        """Give the thread back, without waiting for it; return whether it hangs in something."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        return self._job is not None and not self._job.done()

    def _accept(self, chunk: Chunk) -> None:
        rereading = self._rereading.get(chunk.partition)
        if rereading is not None:
            if chunk.start > rereading:  # 1
                self.progress.dropped += 1
                return
            del self._rereading[chunk.partition]
        if not self._chunks:
            self._since = time.monotonic()
        self._chunks.append(chunk)
        self._records += len(chunk.records)

    async def _gathered(self) -> list[Chunk]:
        """Return the next batch: all there is, once it is enough or has waited long enough."""
        async with self._changed:
            await self._changed.wait_for(lambda: self._next or self._chunks or self._owed or self._stopping.is_set())
            try:
                async with asyncio.timeout(self._since + self._batching.seconds - time.monotonic()):
                    await self._changed.wait_for(
                        lambda: (
                            self._next
                            or self._records >= self._batching.records
                            or self._owed
                            or self._stopping.is_set()
                        )
                    )
            except TimeoutError:
                pass
            return self._batch()

    def _batch(self) -> list[Chunk]:
        if self._stopping.is_set():
            return []
        taken, self._next = self._next or self._closed(), []
        self._records -= _records_of(taken)
        self._changed.notify_all()
        self._working = frozenset(chunk.partition for chunk in taken)
        return taken

    def _closed(self) -> list[Chunk]:
        """Return the oldest chunks, as many as make a batch."""
        closed: list[Chunk] = []
        room = self._batching.records
        while self._chunks and room > 0:
            chunk = self._chunks.popleft()
            closed.append(chunk)
            room -= len(chunk.records)
        return closed

    def _close_early(self) -> None:
        """Close the next batch while one is written, where much waits, and have it read meanwhile."""
        if not self._next and self._records >= self._batching.ahead:
            self._next = self._closed()
            self._folding.read_ahead(self._next)

    def _writing(self) -> None:
        """Note that a checkpoint begins; called in the fold's thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._close_early)

    async def _fold(self, chunks: Sequence[Chunk]) -> None:
        try:
            folded = await self._patiently(lambda: self._folding.fold(chunks, self._writing))
            if folded is not None:
                if not folded.effects:
                    self.progress.dropped += len(chunks)
                await self.reread(folded.seeks)
        finally:
            self._working = frozenset()

    async def _pay(self) -> None:
        """Hold what could not be held when it was assigned, and send the reader there."""
        if not self._owed:
            return
        offsets = await self._patiently(lambda: self._hold(self._owed))
        if offsets is not None:
            self._owed = self._owed.difference(offsets)
            await self.reread(offsets)

    async def _patiently(self, call: Callable[[], _T]) -> _T | None:
        """Return what ``call`` does in the thread, trying again while the world is not ready; ``None`` on ``stop``."""
        backoff = self._batching.first_backoff_seconds
        while True:
            try:
                result = await self._in_thread(call)
            except Retryable as error:  # 2
                self.progress.waiting = str(error)
                _log.warning("the worker waits", reason=str(error), seconds=backoff)
                if await self._stopped_within(backoff):
                    return None
                backoff = min(2 * backoff, self._batching.most_backoff_seconds)
            else:
                if self.progress.waiting is not None:
                    _log.info("the worker goes on")
                self.progress.waiting = None
                return result

    def _hold(self, partitions: frozenset[Partition]) -> Mapping[Partition, Offset]:
        """Check what we stand on, then hold those of ``partitions`` that are assigned still; in the thread."""
        self._let_go()
        wanted = partitions & self._assigned
        if not wanted:
            return {}
        self._ground.check()
        offsets = self._folding.hold(wanted)
        self._let_go()  # of what was taken away while we asked; its release may have been given up by now
        return {partition: offset for partition, offset in offsets.items() if partition in self._assigned}

    def _let_go(self) -> None:
        """Release whatever is held and not assigned; in the thread."""
        self._folding.release(self._folding.held - self._assigned)

    def _written(self, effects: Sequence[Effects]) -> None:
        """Note a checkpoint; called in the fold's thread."""
        self.progress.offsets += sum(one.end - one.start for one in effects)
        self.progress.checkpoints += 1
        self.progress.at = time.monotonic()

    async def _drop(self, partitions: Collection[Partition]) -> None:
        """Forget the chunks of ``partitions``; whoever waits for room has it then."""
        waiting = len(self._next) + len(self._chunks)
        self._next = [chunk for chunk in self._next if chunk.partition not in partitions]
        self._chunks = deque(chunk for chunk in self._chunks if chunk.partition not in partitions)
        self.progress.dropped += waiting - len(self._next) - len(self._chunks)
        self._records = _records_of(self._waiting)
        for partition in partitions:
            self._rereading.pop(partition, None)
        await self._notify()

    @property
    def _waiting(self) -> Iterator[Chunk]:
        return chain(self._next, self._chunks)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()

    async def _stopped_within(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return False
        return True

    async def _in_thread(self, call: Callable[..., _T], *arguments: object) -> _T:
        job = self._thread.submit(call, *arguments)
        self._job = job
        return await asyncio.wrap_future(job)

    def _fail(self, error: BaseException) -> None:
        self._stopping.set()
        self._ground.failed(error)


def _records_of(chunks: Iterable[Chunk]) -> int:
    return sum(len(chunk.records) for chunk in chunks)
