"""The embedded engine over Kafka's log: what every worker's answer is compared with."""

from collections.abc import Iterable
from pathlib import Path

from store.database import Store, system_clock
from store.projection import Projection
from streams.chunks import Log
from streams.declaring import Bounds, Declaring, met
from streams.engine import Engine, Limits
from streams.keeper import StoreKeeper
from streams.verify import Verified, verify

Pair = tuple[bytes, bytes]


def declare(store: Store, pairs: Iterable[Pair]) -> None:
    """Put in force every scope that ``pairs`` bring, as a collector would before it appends them."""
    events = [event for _, value in pairs if (event := met(value)) is not None]
    Declaring(store.definitions, Bounds(1_000, 1_000), system_clock).meet(events)


def embedded(
    folder: Path, log: Log, pairs: Iterable[Pair] = (), limits: Limits | None = None
) -> tuple[Projection, Verified]:
    """Return what the embedded engine makes of ``log``, with the scopes of ``pairs`` in force from the first offset."""
    with Store.open(folder, partitions=log.partitions) as store:
        declare(store, pairs)
        Engine(log, StoreKeeper(store), limits).drain()
        return store.projection(), verify(store, log)
