"""The log of a house on PostgreSQL for which none is named: what is kept can be read, but nothing can come in."""

from collections.abc import Sequence
from typing import NoReturn

from models.chunks import Chunk
from models.errors import RefusedToStart
from models.identifiers import Offset, Partition
from store.database import Store
from store.settings import LOG_IDENTITY


class MissingLog:
    """``streams.chunks.Log`` as far as the store knows it: it ends where the store stands; appending is refused."""

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def identity(self) -> str:
        """The id of the log that the store was built from."""
        return self._store.settings.get(LOG_IDENTITY) or ""

    @property
    def partitions(self) -> int:
        """How many partitions."""
        return self._store.partition_count

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Raise ``RefusedToStart``, unless there is nothing to append."""
        return self._refuse() if records else ()

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:  # noqa: ARG002 - the port's
        """Raise ``RefusedToStart``."""
        self._refuse()

    def end(self, partition: Partition) -> Offset:
        """Return where the store stands in ``partition``."""
        return self._store.partitions.position(partition).next_offset

    def ends(self) -> dict[Partition, Offset]:
        """Return where the store stands in every partition."""
        return {partition: at.next_offset for partition, at in self._store.partitions.positions().items()}

    def _refuse(self) -> NoReturn:
        raise RefusedToStart(
            "no log is named to append to or to read from; set RESSENTI_KAFKA_BOOTSTRAP to the brokers of the log that "
            "this store was built from"
        )
