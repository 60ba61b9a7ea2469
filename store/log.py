"""The embedded log: interactions in the order they came, per partition, durable before anyone is told so.

It is a table in ``log.db`` with the offsets a Kafka topic would have, and implements ``streams.chunks.Log`` without
knowing it. What the records mean, and how far the fold has come, is not known here.
"""

import threading
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

from sqlalchemy import Connection, Dialect, bindparam, delete, insert, or_, select, update

from models.chunks import Chunk, Record
from models.errors import RessentiError, Retryable
from models.identifiers import Millis, Offset, Partition
from models.partitions import partition_of
from store.batches import fetched
from store.databases import Database
from store.dialects import holds_bytes
from store.imports import ImportProgress, write_progress
from store.tables.records import heads, identity, records
from store.upserts import insert_rows

Pair = tuple[bytes, bytes]
Place = tuple[Partition, Offset]
Clock = Callable[[], Millis]

_KNOWN_KEYS = 1 << 17
"""Keys whose partition is remembered; hashing one costs more than writing half a record."""


@dataclass(slots=True)
class _Ticket:
    """One caller's records, waiting for the group's commit."""

    placed: Sequence[tuple[Partition, bytes, bytes]]
    progress: ImportProgress | None = None
    places: list[Place] = field(default_factory=list)
    error: RessentiError | None = None
    done: bool = False


class EmbeddedLog:
    """The log of one data folder; safe to use from many threads and, through the database's lock, many processes."""

    def __init__(self, database: Database, *, partitions: int, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._waiting: list[_Ticket] = []
        self._queue = threading.Lock()
        self._leading = threading.Lock()
        self._known: dict[bytes, Partition] = {}
        self._identity, self._partitions = self._found_or_made(partitions)

    @property
    def identity(self) -> str:
        """The log's own id, drawn when it was made."""
        return self._identity

    @property
    def partitions(self) -> int:
        """How many partitions, fixed when the log was made."""
        return self._partitions

    def append(self, records: Sequence[Pair]) -> Sequence[Place]:
        """Append (key, value) records, each to its key's partition; durable when this returns.

        Blocks until its group is committed: callers that come while a commit runs share the next one. Raises
        ``StoreFull`` or ``StoreBusy`` with nothing of the group appended.
        """
        return self._join(_Ticket(self._placed(records)))

    def append_import(self, records: Sequence[Pair], progress: ImportProgress) -> Sequence[Place]:
        """Append as ``append`` does and note in the same commit how far the import came."""
        return self._join(_Ticket(self._placed(records), progress))

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        """Return up to ``limit`` records from ``start``; the chunk is empty when there are none yet.

        Offsets whose records were erased or have expired are inside the chunk's range, without a record.
        """
        with self._database.read() as connection:
            sql = _read_sql(connection.dialect)
            found = list(map(Record._make, fetched(connection, sql, (partition, start, limit, 0))))
            end = found[-1].offset + 1 if len(found) == limit else self._head(connection, partition)
        return Chunk(partition, start, Offset(max(end, start)), found)

    def end(self, partition: Partition) -> Offset:
        """Return the offset the next record of ``partition`` will get."""
        with self._database.read() as connection:
            return Offset(self._head(connection, partition))

    def ends(self) -> dict[Partition, Offset]:
        """Return every partition's end at one moment."""
        with self._database.read() as connection:
            return {Partition(p): Offset(o) for p, o, _ in connection.execute(select(heads))}

    def prune(self, before: Millis, folded: Mapping[Partition, Offset]) -> int:
        """Delete records older than ``before`` that are folded already; return how many went."""
        gone = 0
        for partition, next_offset in sorted(folded.items()):
            old = (records.c.partition == partition, records.c.offset < next_offset, records.c.log_time < before)
            with self._database.write() as connection:
                gone += connection.execute(delete(records).where(*old)).rowcount
        return gone

    def delete_subject(self, subject: bytes) -> int:
        """Delete every record whose key is ``subject`` or whose value names it; return how many.

        Reads the whole log: a record that came under another key may still speak of the subject.
        """
        with self._database.read() as connection:
            names = holds_bytes(records.c.value, subject)
            found = select(records.c.partition, records.c.offset).where(or_(records.c.key == subject, names))
            places = [{"p": p, "o": o} for p, o in connection.execute(found)]
        return self._delete(places)

    def delete_judged(self, marker: bytes, judge: Callable[[bytes, bytes], bool]) -> int:
        """Delete every record whose value holds ``marker`` and whose key and value ``judge`` condemns; return how many.

        Reads the whole log; what the values mean is the judge's business.
        """
        with self._database.read() as connection:
            found = select(records).where(holds_bytes(records.c.value, marker))
            rows = connection.execute(found)
            places = [{"p": row.partition, "o": row.offset} for row in rows if judge(row.key, row.value)]
        return self._delete(places)

    def _delete(self, places: Sequence[Mapping[str, int]]) -> int:
        if places:
            with self._database.write() as connection:
                connection.execute(_DELETE, places)
            self._database.forget_past_pages()
        return len(places)

    def _placed(self, pairs: Sequence[Pair]) -> list[tuple[Partition, bytes, bytes]]:
        # Done by each caller for itself, so that one caller's bad argument cannot spoil the group.
        known, count = self._known, self._partitions
        if len(known) > _KNOWN_KEYS:
            known.clear()
        placed: list[tuple[Partition, bytes, bytes]] = []
        for key, value in pairs:
            if type(key) is not bytes or type(value) is not bytes:
                raise TypeError(f"a record is a pair of bytes, not ({type(key).__name__}, {type(value).__name__})")
            partition = known.get(key)
            if partition is None:
                partition = known[key] = partition_of(key, count)
            placed.append((partition, key, value))
        return placed

    def _join(self, ticket: _Ticket) -> Sequence[Place]:
        with self._queue:
            self._waiting.append(ticket)
        with self._leading:
            if not ticket.done:
                self._lead()
        if ticket.error is not None:
            raise ticket.error
        return ticket.places

    def _lead(self) -> None:
        """Commit everything that waits, in one transaction, for all who wait."""
        with self._queue:
            group, self._waiting = self._waiting, []
        try:
            with self._database.write() as connection:
                self._write(connection, group)
        except RessentiError as error:
            for ticket in group:
                ticket.error = error
        except BaseException as error:
            for ticket in group:
                ticket.error = Retryable(f"the log's writer was stopped ({error!r}); send the records again")
            raise
        finally:
            for ticket in group:
                ticket.done = True

    def _write(self, connection: Connection, group: Iterable[_Ticket]) -> None:
        at = connection.execute(select(heads))
        before = {p: (o, t) for p, o, t in at}
        now = self._clock()
        nexts = {p: o for p, (o, _) in before.items()}
        times = {p: max(now, t) for p, (_, t) in before.items()}
        rows: list[tuple[object, ...]] = []
        for ticket in group:
            for partition, key, value in ticket.placed:
                offset = nexts[partition]
                nexts[partition] = offset + 1
                rows.append((partition, offset, times[partition], key, value))
                ticket.places.append((partition, Offset(offset)))
            if ticket.progress is not None:
                write_progress(connection, ticket.progress, now)
        insert_rows(connection, records, rows)
        moved = [{"p": p, "o": o, "t": times[p]} for p, o in nexts.items() if o != before[p][0]]
        if moved:
            connection.execute(_MOVE_HEAD, moved)

    def _head(self, connection: Connection, partition: Partition) -> int:
        found = connection.execute(_HEAD, {"partition": partition}).scalar()
        return 0 if found is None else int(found)

    def _found_or_made(self, partitions: int) -> tuple[str, int]:
        with self._database.read() as connection:
            found = connection.execute(select(identity.c.id, identity.c.partitions)).first()
        if found is not None:
            return found[0], found[1]
        with self._database.write() as connection:
            # Another process may have made it since the look above; its identity is the one that counts.
            found = connection.execute(select(identity.c.id, identity.c.partitions)).first()
            return (found[0], found[1]) if found is not None else self._make(connection, partitions)

    def _make(self, connection: Connection, partitions: int) -> tuple[str, int]:
        made = str(uuid.uuid4())
        now = self._clock()
        connection.execute(insert(identity).values(id=made, partitions=partitions, created_at=now))
        starts = [{"partition": p, "next_offset": 0, "last_time": 0} for p in range(partitions)]
        connection.execute(insert(heads), starts)
        return made, partitions


@cache
def _read_sql(dialect: Dialect) -> str:
    wanted = select(records.c.offset, records.c.log_time, records.c.key, records.c.value)
    wanted = wanted.where(records.c.partition == bindparam("partition"), records.c.offset >= bindparam("start"))
    return str(
        wanted.order_by(records.c.offset).limit(bindparam("limit")).offset(bindparam("skip")).compile(dialect=dialect)
    )


_HEAD = select(heads.c.next_offset).where(heads.c.partition == bindparam("partition"))
_MOVE_HEAD = (
    update(heads)
    .where(heads.c.partition == bindparam("p"))
    .values(next_offset=bindparam("o"), last_time=bindparam("t"))
)
_DELETE = delete(records).where(records.c.partition == bindparam("p"), records.c.offset == bindparam("o"))
