"""Where the fold stands in each partition, under which epoch, and how many records went which way."""

from collections.abc import Iterable
from dataclasses import dataclass, fields

from sqlalchemy import Connection, Row, bindparam, func, select, update

from models.effects import Counters
from models.errors import NotFound
from models.identifiers import Epoch, Millis, Offset, Partition
from store.databases import Database
from store.tables.partitions import COUNTERS, partitions
from store.upserts import add_missing_rows


@dataclass(frozen=True, slots=True)
class Position:
    """Where a partition stands: the next offset to fold, who may write, and how far its log time has come."""

    partition: Partition
    next_offset: Offset
    epoch: Epoch
    watermark: Millis
    counters: Counters


class Partitions:
    """The partitions' rows; the checkpoint moves them, this reads them and bumps epochs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def position(self, partition: Partition) -> Position:
        """Return where ``partition`` stands; raises ``NotFound``."""
        with self._database.read() as connection:
            row = connection.execute(_ONE, {"wanted": partition}).first()
        if row is None:
            raise NotFound(f"partition {partition}: the store has none of that number")
        return _position(row)

    def positions(self) -> dict[Partition, Position]:
        """Return every partition's position, seen at one moment."""
        with self._database.read() as connection:
            return {Partition(row.partition): _position(row) for row in connection.execute(_ALL)}

    def counters(self) -> Counters:
        """Return the counters summed over all partitions."""
        sums = [func.coalesce(func.sum(partitions.c[name]), 0) for name in COUNTERS]
        with self._database.read() as connection:
            row = connection.execute(select(*sums)).one()
        return Counters(**{name: int(value) for name, value in zip(COUNTERS, row, strict=True)})

    def watermark(self) -> Millis:
        """Return the latest log time any partition has folded, 0 before the first."""
        with self._database.read() as connection:
            return Millis(int(connection.execute(select(func.max(partitions.c.watermark))).scalar() or 0))

    def slowest_watermark(self) -> Millis:
        """Return the log time that every partition has reached, as far as those that ever saw a record tell."""
        seen = select(func.min(partitions.c.watermark)).where(partitions.c.watermark > 0)
        with self._database.read() as connection:
            return Millis(int(connection.execute(seen).scalar() or 0))


def make_partitions(connection: Connection, count: int) -> None:
    """Write the rows of partitions 0 to ``count`` − 1 where they are missing: at offset 0, epoch 0."""
    zeros = (0,) * (3 + len(fields(Counters)))
    add_missing_rows(connection, partitions, [(partition, *zeros) for partition in range(count)])


def bump_epochs(connection: Connection, changed: Iterable[Partition]) -> None:
    """Make every checkpoint in flight for these partitions fail with ``Fenced``."""
    # The lowest first, as checkpoints do, so that two writers never wait for each other.
    connection.execute(_BUMP, [{"wanted": partition} for partition in sorted(changed)])


def lock_all(connection: Connection) -> None:
    """Keep every other writer of these partitions out until the transaction ends; in a data folder they are anyway."""
    # The lowest first, as checkpoints do, so that two writers never wait for each other.
    connection.execute(select(partitions.c.partition).order_by(partitions.c.partition).with_for_update()).all()


def bump_every_epoch(connection: Connection) -> None:
    """Make every checkpoint in flight fail with ``Fenced``, and everything kept in memory of the rows be read anew."""
    bump_epochs(
        connection, [Partition(number) for number in connection.execute(select(partitions.c.partition)).scalars()]
    )


_ALL = select(partitions).order_by(partitions.c.partition)
_ONE = select(partitions).where(partitions.c.partition == bindparam("wanted"))
_BUMP = update(partitions).where(partitions.c.partition == bindparam("wanted")).values(epoch=partitions.c.epoch + 1)


def _position(row: Row[tuple[int, ...]]) -> Position:
    return Position(
        partition=Partition(row.partition),
        next_offset=Offset(row.next_offset),
        epoch=Epoch(row.epoch),
        watermark=Millis(row.watermark),
        counters=Counters(**{name: getattr(row, name) for name in COUNTERS}),
    )
