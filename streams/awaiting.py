"""Waiting for workers: a command that appended to a log which other processes fold, and must show what came of it."""

import time
from collections.abc import Callable, Mapping

from models.errors import Retryable
from models.identifiers import Offset, Partition
from store.database import Store
from streams.chunks import Log

PATIENCE_SECONDS = 60.0
"""Longest that nothing moves before it is said that nobody folds: a worker's place is taken within its session."""
LOOK_SECONDS = 0.2


def folded_by_others(store: Store, log: Log, sleep: Callable[[float], object] = time.sleep) -> int:
    """Wait until everything now in ``log`` is folded into ``store``; return how many records that were.

    Raises ``Retryable`` when nothing moves for a minute.
    """
    ends = log.ends()
    behind = first = _behind(store, ends)
    waited = 0.0
    while behind:
        if waited > PATIENCE_SECONDS:
            raise Retryable(
                f"{behind} records wait and nobody has folded any for {PATIENCE_SECONDS:.0f} seconds; "
                "start `ressenti worker`, then repeat this"
            )
        sleep(LOOK_SECONDS)
        before, behind = behind, _behind(store, ends)
        waited = 0.0 if behind < before else waited + LOOK_SECONDS
    return first


def _behind(store: Store, ends: Mapping[Partition, Offset]) -> int:
    positions = store.partitions.positions()
    return sum(max(0, end - positions[partition].next_offset) for partition, end in ends.items())
