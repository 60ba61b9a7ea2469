"""How far the engine is behind the log."""

from models.errors import Retryable
from streams.bootstrap import House


def behind(house: House) -> int | None:
    """Return how many records are appended and not yet folded; ``None`` while the log does not answer."""
    try:
        ends = house.log.ends()
    except Retryable:
        return None
    positions = house.store.partitions.positions()
    return sum(max(0, end - positions[partition].next_offset) for partition, end in ends.items())
