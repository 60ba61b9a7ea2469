"""The outside oracle: the embedded engine, which folds the same log beside the workers, without any fault."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from models.errors import Retryable
from models.identifiers import Subject
from store.database import Store
from store.projection import Projection
from streams.chunks import Log
from streams.engine import Engine
from streams.keeper import StoreKeeper
from tests.chaos.ledger import Pair
from tests.streams.worker.embedded import declare

UNLIKE = frozenset({"erased", "skipped"})
"""Counters that may differ: the moment of an erasure is between other records, and whether the marker of a transaction
at the very end of a partition was passed over yet is nobody's business."""
PATIENCE_SECONDS = 60.0

T = TypeVar("T")


class Reference:
    """What the embedded engine makes of the log so far."""

    def __init__(self, store: Store, log: Log) -> None:
        self._store = store
        self._engine = Engine(log, StoreKeeper(store))
        self._forget: list[Subject] = []

    def erased(self, subject: Subject) -> None:
        """Have ``subject`` forgotten here too, once everything sent before is folded."""
        self._forget.append(subject)

    def received(self) -> dict[int, int]:
        """Fold on to the log's end; return how many records each partition brought."""
        patiently(self._engine.drain)
        return {int(partition): at.counters.received for partition, at in self._store.partitions.positions().items()}

    def differences(self, other: Projection) -> list[str]:
        """Fold on to the log's end; return where ``other`` differs, in sentences."""
        patiently(self._engine.drain)
        while self._forget:
            self._store.erase(self._forget.pop(), "chaos")
        return comparable(self._store.projection()).differences(comparable(other))


def comparable(projection: Projection) -> Projection:
    """Return ``projection`` without the counters that may differ."""
    counters = {name: value for name, value in projection.tables["counters"]["all"].items() if name not in UNLIKE}
    return Projection({**projection.tables, "counters": {"all": counters}})


@contextmanager
def reference(folder: Path, log: Log, sample: Iterable[Pair]) -> Iterator[Reference]:
    """Open the embedded store in ``folder``, with the scopes of ``sample`` in force from the first offset."""
    with Store.open(folder, partitions=log.partitions) as store:
        declare(store, sample)
        yield Reference(store, log)


def patiently(ask: Callable[[], T], seconds: float = PATIENCE_SECONDS) -> T:
    """Return what ``ask`` does; a server that was away a moment ago may refuse once more."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except Retryable:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
