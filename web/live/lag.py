"""How far the engine is behind the log."""

from models.errors import LogChanged, Retryable
from streams.bootstrap import House


def behind(house: House) -> int | None:
    """Return how many records are appended and not yet folded; ``None`` while the log takes and tells nothing.

    Waits for brokers that hang only as long as ``KafkaLog.glance`` does.
    """
    try:
        ends = house.log.glance()
    except (Retryable, LogChanged):
        return None
    positions = house.store.partitions.positions()
    return sum(max(0, end - positions[partition].next_offset) for partition, end in ends.items())
