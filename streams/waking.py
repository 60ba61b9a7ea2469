"""A log that tells the engine at once when something was appended, so that nobody waits for the next look."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from models.chunks import Chunk
from models.identifiers import Offset, Partition
from models.interactions.internals import SOURCE
from store.database import Store
from store.imports import ImportProgress
from streams.chunks import Log
from streams.declaring import Declaring, met


@runtime_checkable
class Glancing(Protocol):
    """A log that may hang, and says where it ends without letting anybody hang with it."""

    def glance(self) -> dict[Partition, Offset]:
        """Return every partition's end soon; raises ``Retryable``, and ``LogChanged`` when it is another log."""


class WakingLog:
    """The log ``log``, calling ``wake`` after every append."""

    def __init__(self, log: Log, wake: Callable[[], None]) -> None:
        self._log = log
        self._wake = wake

    @property
    def identity(self) -> str:
        """The log's own id."""
        return self._log.identity

    @property
    def partitions(self) -> int:
        """How many partitions."""
        return self._log.partitions

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append, durably, then wake the engine; raises what the log raises."""
        places = self._log.append(records)
        self._wake()
        return places

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        """Return up to ``limit`` records from ``start``."""
        return self._log.read(partition, start, limit)

    def end(self, partition: Partition) -> Offset:
        """Return the offset the next record of ``partition`` will get."""
        return self._log.end(partition)

    def ends(self) -> dict[Partition, Offset]:
        """Return every partition's end at one moment."""
        return self._log.ends()

    def glance(self) -> dict[Partition, Offset]:
        """Return ``ends`` without waiting long; raises ``Retryable``, and ``LogChanged`` when it is another log."""
        return self._log.glance() if isinstance(self._log, Glancing) else self._log.ends()


class ImportLog(Protocol):
    """A log that notes how far an import came."""

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records``; durable when this returns."""

    def append_import(
        self, records: Sequence[tuple[bytes, bytes]], progress: ImportProgress
    ) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records`` and write ``progress``; durable when this returns."""


@dataclass(frozen=True, slots=True)
class NotedInStore:
    """A log that is not the store's, whose imports are noted in the store.

    First the records, then the note: a kill between the two repeats a chunk, which dedupe makes harmless.
    """

    log: Log
    store: Store

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records``; durable when this returns."""
        return self.log.append(records)

    def append_import(
        self, records: Sequence[tuple[bytes, bytes]], progress: ImportProgress
    ) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records``, then write ``progress``; both durable when this returns."""
        places = self.log.append(records)
        self.store.imports.note(progress, self.store.clock())
        return places


def import_log(store: Store, log: Log) -> ImportLog:
    """Return where imports append: the store's own log notes them itself, in the same commit."""
    return store.log if store.embedded else NotedInStore(log, store)


class ImportDoor:
    """Where imports append: the scopes that records bring are declared first, and the engine is woken after.

    Serves ``streams.history`` as its log.
    """

    def __init__(self, log: ImportLog, declaring: Declaring, wake: Callable[[], None]) -> None:
        self._log = log
        self._declaring = declaring
        self._wake = wake

    def append_import(
        self, records: Sequence[tuple[bytes, bytes]], progress: ImportProgress
    ) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records`` and write ``progress``, both or neither; durable when this returns."""
        self._declare(records)
        places = self._log.append_import(records, progress)
        self._wake()
        return places

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append ``records``; durable when this returns."""
        self._declare(records)
        places = self._log.append(records)
        self._wake()
        return places

    def _declare(self, records: Sequence[tuple[bytes, bytes]]) -> None:
        events = (met(value) for _, value in records)
        self._declaring.meet(event for event in events if event is not None and event.source != SOURCE)
