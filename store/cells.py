"""Cells: differences added by the checkpoint, and sums read back over partitions.

Neighbouring cells of one scope lie together in one row, a block (``models.blocks``); nobody outside notices. A cell is
the sum of what all partitions hold of it: whoever moves a partition may write there, whatever the differences are of.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from hashlib import blake2b
from itertools import chain, groupby
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

from models.blocks import BLOCK, Slots, block_start, blocks_of, cell_at
from models.cells import CellKey, Counts, Grain
from models.gaps.days import Day, day_of
from models.identifiers import DAY, Millis, Partition
from models.measures import Coded
from store.arrays import found_sql
from store.batches import batches, compiled, fetched
from store.databases import Database
from store.measures import NOTHING, pack, plus, total, unpack
from store.partitions import bump_every_epoch
from store.pruning import prune
from store.tables.cells import GRAINS, cells, scopes
from store.upserts import Row, add_missing_rows, delete_rows, upsert_rows

PAGE = 1_000
"""Rows that are fetched at a time where all of a partition's are read."""

Written = tuple[int, int, int, int]
"""A block's key as its row has it: scope id, grain, start, partition."""


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
        found: dict[Millis, list[Coded]] = {}
        for bucket, _, part in self._cells(policy, scope, grain, span):
            found.setdefault(bucket, []).append(part)
        return {bucket: counts for bucket, parts in sorted(found.items()) if (counts := total(parts))}

    def by_group(self, policy: str, scope: str, span: tuple[Millis, Millis]) -> dict[tuple[Millis, int], Counts]:
        """Return the counts of each (day, customer group) whose day starts in ``[start, end)``."""
        found: dict[tuple[Millis, int], list[Coded]] = {}
        for bucket, group, part in self._cells(policy, scope, "day", span):
            found.setdefault((bucket, group), []).append(part)
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
        found = (self._cells(policy, scope, grain, (low, high)) for grain, low, high in parts)
        return total(part for cells_found in found for _, _, part in cells_found)

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

    def first_days(self, policy: str) -> dict[str, Day]:
        """Return each scope's first day that holds anything."""
        of_scope = (cells.c.scope == scopes.c.id, cells.c.grain == GRAINS["day"])
        first = select(func.min(cells.c.bucket)).where(*of_scope).correlate(scopes).scalar_subquery()
        with self._database.read() as connection:
            found = connection.execute(select(scopes.c.name, first).where(scopes.c.policy == policy))
            return {name: day_of(at) for name, at in found if at is not None}

    def every(self) -> Iterator[tuple[CellKey, Counts]]:
        """Yield every cell that holds something, merged, in no order: to check them against the rows they came from."""
        grains = {number: grain for grain, number in GRAINS.items()}
        with self._database.read() as connection:
            names = {number: (policy, name) for number, policy, name in connection.execute(select(scopes))}
            wanted = select(cells).order_by(*cells.primary_key).execution_options(yield_per=PAGE)
            for (scope, number, start), rows in groupby(connection.execute(wanted), itemgetter(0, 1, 2)):
                grain = grains[number]
                parts: dict[int, list[Coded]] = {}
                for row in rows:
                    for slot, part in unpack(row.counts).items():
                        parts.setdefault(slot, []).append(part)
                for slot, found in parts.items():
                    if counts := total(found):
                        yield CellKey(*names[scope], grain, *cell_at(grain, start, slot)), counts

    def forget_policy(self, policy: str) -> int:
        """Delete every cell of ``policy``, and its scopes; return how many blocks of cells went."""
        with self._database.write() as connection:
            ids = select(scopes.c.id).where(scopes.c.policy == policy)
            gone = connection.execute(delete(cells).where(cells.c.scope.in_(ids))).rowcount
            connection.execute(delete(scopes).where(scopes.c.policy == policy))
            bump_every_epoch(connection)
        return gone

    def prune(self, grain: Grain, before: Millis) -> int:
        """Delete the blocks of cells of ``grain`` that end by ``before``; return how many."""
        old = (cells.c.grain == GRAINS[grain], cells.c.bucket <= before - BLOCK[grain])
        with self._database.read() as connection:
            known = connection.execute(select(scopes.c.id)).scalars().all()
        # Scope by scope, so that the key's order finds the old ones without walking the young.
        gone = sum(prune(self._database, cells, cells.c.scope == scope, *old) for scope in known)
        if gone and grain == "day":  # what ``store.day_tables`` keeps
            with self._database.write(durable=False) as connection:
                bump_every_epoch(connection)
        return gone

    def _cells(
        self, policy: str, scope: str, grain: Grain, span: tuple[Millis, Millis]
    ) -> Iterator[tuple[Millis, int, Coded]]:
        """Yield bucket, group and counts of every cell in ``[start, end)``; those of several partitions one by one."""
        start, end = span
        asked = (scope_id(policy, scope), GRAINS[grain], block_start(grain, start), end)
        with self._database.read() as connection:
            rows = fetched(connection, _range_sql(connection.dialect), asked)
        for first, packed in rows:
            for slot, counts in unpack(packed).items():
                bucket, group = cell_at(grain, first, slot)
                if start <= bucket < end:
                    yield bucket, group, counts


def add_cells(connection: Connection, differences: Mapping[Partition, Mapping[CellKey, Counts]]) -> None:
    """Add each partition's ``differences`` to its cells; a block that comes to nothing leaves no row.

    All partitions of a checkpoint at once: their blocks lie side by side, and two writers that meet new scopes at the
    same time then come upon them in the same order, so that neither waits for the other's end in turn.
    """
    numbers = _Numbers()
    changes: list[tuple[Written, Slots]] = [
        ((numbers[policy, scope], GRAINS[grain], start, partition), slots)
        for partition, added in differences.items()
        for (policy, grain, start), scoped in blocks_of(added).rows.items()
        for scope, slots in scoped.items()
    ]
    changes.sort(key=itemgetter(0))  # neighbouring rows are then found and written together
    add_missing_rows(connection, scopes, sorted((number, *name) for name, number in numbers.items()))
    there = _existing(connection, [key for key, _ in changes])
    kept: list[Row] = []
    empty: list[Row] = []
    for key, slots in changes:
        held = there.get(key)
        summed = pack(slots) if held is None else plus(held, slots)
        if summed != NOTHING:
            kept.append((*key, summed))
        else:
            empty.append(key)
    upsert_rows(connection, cells, kept)
    delete_rows(connection, cells, empty)


class _Numbers(dict[tuple[str, str], int]):
    """The numbers of scopes, each computed once."""

    def __missing__(self, name: tuple[str, str]) -> int:
        number = self[name] = scope_id(*name)
        return number


def _existing(connection: Connection, keys: list[Written]) -> dict[Written, bytes]:
    found: dict[Written, bytes] = {}
    if connection.dialect.name == "postgresql":
        asked = tuple(list(column) for column in zip(*keys, strict=True))
        return {row[:4]: row[4] for row in fetched(connection, found_sql(cells), asked)} if keys else found
    for run in batches(keys):
        sql = _find_sql(len(run), connection.dialect)
        for row in fetched(connection, sql, tuple(chain.from_iterable(run))):
            found[row[:4]] = row[4]
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
        select(cells.c.bucket, cells.c.counts)
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
}
