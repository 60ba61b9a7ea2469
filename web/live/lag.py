"""How far the engine is behind the log."""

from collections.abc import Mapping

from models.errors import LogChanged, Retryable
from models.identifiers import Offset, Partition
from streams.bootstrap import House


def log_ends(house: House) -> Mapping[Partition, Offset] | None:
    """Return where the log ends; ``None`` while it takes and tells nothing.

    Waits for brokers that hang only as long as ``KafkaLog.glance`` does.
    """
    try:
        return house.log.glance()
    except (Retryable, LogChanged):
        return None


def behind(house: House) -> int | None:
    """Return how many records are appended and not yet folded; ``None`` where ``log_ends`` is."""
    ends = log_ends(house)
    if ends is None:
        return None
    positions = house.store.partitions.positions()
    return sum(max(0, end - positions[partition].next_offset) for partition, end in ends.items())
