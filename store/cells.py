"""Cells: differences added by the checkpoint, and sums read back over partitions."""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from itertools import chain
from operator import itemgetter

from sqlalchemy import (
    BigInteger,
    Connection,
    Dialect,
    Integer,
    SmallInteger,
    and_,
    bindparam,
    column,
    delete,
    func,
    select,
    values,
)
from sqlalchemy.types import TypeEngine

from models.cells import CellKey, Counts, Grain
from models.identifiers import DAY, Millis, Partition
from store.batches import batches, compiled, fetched
from store.measures import NOTHING, coded, pack, plus, total
from store.sqlite import Database
from store.tables.cells import GRAINS, cells, scopes
from store.upserts import Row, add_missing_rows, upsert_rows

Written = tuple[int, int, int, int, int]
"""A cell's key as its row has it: scope id, grain, bucket, partition, group."""


def scope_id(policy: str, scope: str) -> int:
    """Return the number a scope goes by: 63 bits of a hash, the same for every writer.

    >>> scope_id("1", "all") == scope_id("1", "all") != scope_id("2", "all")
    True
    """
    digest = blake2b(f"{policy}\0{scope}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


class Cells:
    """Reads cells, merged over partitions; the checkpoint adds to them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def series(self, policy: str, scope: str, grain: Grain, span: tuple[Millis, Millis]) -> dict[Millis, Counts]:
        """Return the counts of each bucket that starts in ``[start, end)``, in order of time, empty ones left out."""
        found: dict[Millis, list[bytes]] = {}
        for bucket, _, packed in self._rows(policy, scope, grain, span):
            found.setdefault(Millis(bucket), []).append(packed)
        return {bucket: counts for bucket, parts in found.items() if (counts := total(parts))}

    def by_group(self, policy: str, scope: str, span: tuple[Millis, Millis]) -> dict[tuple[Millis, int], Counts]:
        """Return the counts of each (day, customer group) whose day starts in ``[start, end)``."""
        found: dict[tuple[Millis, int], list[bytes]] = {}
        for bucket, group, packed in self._rows(policy, scope, "day", span):
            found.setdefault((Millis(bucket), group), []).append(packed)
        return {key: counts for key, parts in found.items() if (counts := total(parts))}

    def total(self, policy: str, scope: str, span: tuple[Millis, Millis]) -> Counts:
        """Return the counts of everything in ``[start, end)``: whole days from days, the edges from hours.

        Both ends count as whole hours: an hour belongs to the span when it starts in it.
        """
        start, end = span
        first, last = Millis(-(-start // DAY) * DAY), Millis(end // DAY * DAY)
        parts: list[tuple[Grain, Millis, Millis]] = [("hour", start, end)]
        if first < last:
            parts = [("hour", start, first), ("day", first, last), ("hour", last, end)]
        found = (self._rows(policy, scope, grain, (low, high)) for grain, low, high in parts)
        return total(packed for rows in found for _, _, packed in rows)

    def scopes(self, policy: str) -> list[str]:
        """Return the names of all scopes ever seen under ``policy``."""
        wanted = select(scopes.c.name).where(scopes.c.policy == policy).order_by(scopes.c.name)
        with self._database.read() as connection:
            return list(connection.execute(wanted).scalars())

    def span(self, policy: str, scope: str = "all") -> tuple[Millis, Millis] | None:
        """Return the first day and the last day of ``scope`` that hold anything."""
        days = (cells.c.scope == scope_id(policy, scope), cells.c.grain == GRAINS["day"])
        with self._database.read() as connection:
            row = connection.execute(select(func.min(cells.c.bucket), func.max(cells.c.bucket)).where(*days)).one()
        return None if row[0] is None else (Millis(row[0]), Millis(row[1]))

    def of_partition(self, partition: Partition) -> Iterator[tuple[CellKey, Counts]]:
        """Yield every cell that ``partition`` owns, in no order: to check them against the rows they came from."""
        grains = {number: grain for grain, number in GRAINS.items()}
        with self._database.read() as connection:
            names = {number: (policy, name) for number, policy, name in connection.execute(select(scopes))}
            wanted = select(cells).where(cells.c.partition == partition)
            for scope, grain, bucket, _, group, counts in connection.execute(wanted):
                yield CellKey(*names[scope], grains[grain], Millis(bucket), group), total([counts])

    def forget_policy(self, policy: str) -> int:
        """Delete every cell of ``policy``, and its scopes; return how many cells went."""
        with self._database.write() as connection:
            ids = select(scopes.c.id).where(scopes.c.policy == policy)
            gone = connection.execute(delete(cells).where(cells.c.scope.in_(ids))).rowcount
            connection.execute(delete(scopes).where(scopes.c.policy == policy))
        return gone

    def prune(self, grain: Grain, before: Millis) -> int:
        """Delete the cells of ``grain`` that start before ``before``; return how many."""
        old = (cells.c.grain == GRAINS[grain], cells.c.bucket < before)
        with self._database.write(durable=False) as connection:
            # Scope by scope, so that the key's order finds the old ones without walking the young.
            return sum(
                connection.execute(delete(cells).where(cells.c.scope == scope, *old)).rowcount
                for scope in connection.execute(select(scopes.c.id)).scalars().all()
            )

    def _rows(self, policy: str, scope: str, grain: Grain, span: tuple[Millis, Millis]) -> list[tuple[int, int, bytes]]:
        asked = (scope_id(policy, scope), GRAINS[grain], *span)
        with self._database.read() as connection:
            return fetched(connection, _range_sql(connection.dialect), asked)


def add_cells(connection: Connection, partition: Partition, differences: Mapping[CellKey, Counts]) -> None:
    """Add ``differences`` to the cells of ``partition``; a cell that comes to nothing leaves no row."""
    numbers = _Numbers()
    packed: dict[int, bytes] = {}  # by identity: one dictionary often serves many cells (see ``streams.cells``)
    changes: list[tuple[Written, Counts]] = [
        ((numbers[policy, scope], GRAINS[grain], bucket, partition, group), counts)
        for (policy, scope, grain, bucket, group), counts in differences.items()
    ]
    changes.sort(key=itemgetter(0))  # neighbouring rows are then found and written together
    add_missing_rows(connection, scopes, [(number, *name) for name, number in numbers.items()])
    there = _existing(connection, [key for key, _ in changes])
    kept: list[Row] = []
    empty: list[dict[str, int]] = []
    for key, counts in changes:
        difference = packed.get(id(counts))
        if difference is None:
            difference = packed[id(counts)] = pack(coded(counts))
        held = there.get(key)
        summed = difference if held is None else plus(held, difference)
        if summed != NOTHING:
            kept.append((*key, summed))
        else:
            empty.append(dict(zip(("s", "g", "b", "p", "n"), key, strict=True)))
    upsert_rows(connection, cells, kept)
    if empty:
        connection.execute(_DELETE, empty)


class _Numbers(dict[tuple[str, str], int]):
    """The numbers of scopes, each computed once."""

    def __missing__(self, name: tuple[str, str]) -> int:
        number = self[name] = scope_id(*name)
        return number


def _existing(connection: Connection, keys: list[Written]) -> dict[Written, bytes]:
    found: dict[Written, bytes] = {}
    for run in batches(keys):
        sql = _find_sql(len(run), connection.dialect)
        for row in fetched(connection, sql, tuple(chain.from_iterable(run))):
            found[row[:5]] = row[5]
    return found


@compiled
def _find_sql(count: int, dialect: Dialect) -> str:
    typed = [column(name, kind) for name, kind in _KEY.items()]
    data = [tuple(bindparam(f"{name}_{i}", type_=kind) for name, kind in _KEY.items()) for i in range(count)]
    wanted = values(*typed, name="wanted").data(data).cte("wanted")
    same = [cells.c[name] == wanted.c[name] for name in _KEY]
    return str(select(cells).join_from(wanted, cells, and_(*same)).compile(dialect=dialect))


@cache
def _range_sql(dialect: Dialect) -> str:
    wanted = (
        select(cells.c.bucket, cells.c.group, cells.c.counts)
        .where(cells.c.scope == bindparam("scope"), cells.c.grain == bindparam("grain"))
        .where(cells.c.bucket >= bindparam("start"), cells.c.bucket < bindparam("end"))
        .order_by(cells.c.bucket)
    )
    return str(wanted.compile(dialect=dialect))


_KEY: dict[str, type[TypeEngine[int]]] = {
    "scope": BigInteger,
    "grain": SmallInteger,
    "bucket": BigInteger,
    "partition": Integer,
    "group": SmallInteger,
}
_DELETE = delete(cells).where(
    cells.c.scope == bindparam("s"),
    cells.c.grain == bindparam("g"),
    cells.c.bucket == bindparam("b"),
    cells.c.partition == bindparam("p"),
    cells.c.group == bindparam("n"),
)
