"""How far the engine is behind the log."""

from store.database import Store


def behind(store: Store) -> int:
    """Return how many records are appended and not yet folded."""
    ends, positions = store.log.ends(), store.partitions.positions()
    return sum(max(0, end - positions[partition].next_offset) for partition, end in ends.items())
