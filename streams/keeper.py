"""The store as the engine sees it: where partitions stand, what is in force, customers' rows, and the checkpoint."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from models.definitions import Timeline
from models.effects import Effects, Forward
from models.identifiers import Epoch, Millis, Offset, Partition
from store.database import Store
from streams.rows import Found, Wanted

HandOn = Callable[[Sequence[Forward]], object]


class Standing(Protocol):
    """Where a partition stands."""

    @property
    def next_offset(self) -> Offset:
        """The next offset to fold."""

    @property
    def epoch(self) -> Epoch:
        """Raised by whoever else wrote this partition's rows."""

    @property
    def watermark(self) -> Millis:
        """The latest log time folded."""


class Keeper(Protocol):
    """What the engine asks of a store; every method blocks."""

    def standings(self) -> Mapping[Partition, Standing]:
        """Return where every partition stands."""

    def timelines(self) -> Mapping[Partition, Timeline]:
        """Return each partition's definitions."""

    def load(self, wanted: Wanted) -> Found:
        """Return the packed rows of those customers that have one, by partition."""

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        """Write all of it or nothing, giving the forwards to ``hand_on`` before the commit.

        Raises ``Fenced``, ``RowRefused`` and ``Retryable`` with nothing written.
        """


class StoreKeeper:
    """``Keeper`` over the store of a data folder."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def standings(self) -> Mapping[Partition, Standing]:
        """Return where every partition stands."""
        return self._store.partitions.positions()

    def timelines(self) -> Mapping[Partition, Timeline]:
        """Return each partition's definitions."""
        return self._store.definitions.timelines()

    def load(self, wanted: Wanted) -> Found:
        """Return the packed rows of those customers that have one, by partition."""
        return self._store.customers.load_together(wanted)

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        """Write all of it or nothing."""
        self._store.checkpoint(effects, hand_on=hand_on)
