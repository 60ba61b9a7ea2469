"""Cells read back, summed over partitions, and let go when they are old; how they are written is ``store.cell_rows``.

Neighbouring cells of one scope lie together in one row, a block (``models.blocks``); nobody outside notices.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby
from operator import itemgetter

from sqlalchemy import Connection, Dialect, bindparam, delete, func, select

from models.blocks import BLOCK, block_start, cell_at
from models.cells import CellKey, Counts, Grain
from models.gaps.days import Day, day_of
from models.identifiers import DAY, Millis
from models.measures import Coded, unpacked
from store.batches import fetched
from store.cell_rows import Block, Written, found_rows, scope_id
from store.databases import Database
from store.measures import slots_of, total, unpack
from store.partitions import bump_every_epoch
from store.pruning import prune
from store.tables.cells import GRAINS, cells, scopes

PAGE = 1_000
"""Rows that are fetched at a time where all are read."""
AT_ONCE = 100
"""Blocks of all partitions that are read at once."""


class Cells:
    """Reads cells, merged over partitions."""

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
        number = scope_id(policy, scope)
        with self._database.read() as connection:
            first = _next_day(connection, number)
            last = None if first is None else _next_day(connection, number, backwards=True)
        return None if first is None or last is None else (first, last)

    def first_days(self, policy: str) -> dict[str, Day]:
        """Return each scope's first day that holds anything."""
        found: dict[str, Day] = {}
        with self._database.read() as connection:
            first = _first_rows(connection, policy)
            for start in range(0, len(first), AT_ONCE):
                some = first[start : start + AT_ONCE]
                asked = [(number, GRAINS["day"], day) for _, number, day in some]
                rows = sorted(found_rows(connection, asked).items())
                holding = {block for block, parts in groupby(rows, _block_of) if _holds([part for _, part in parts])}
                for (name, number, day), block in zip(some, asked, strict=True):
                    at = day if block in holding else _next_day(connection, number, day)
                    if at is not None:
                        found[name] = day_of(at)
        return found

    def days_begun(self, policy: str) -> dict[str, Day]:
        """Return a day for each scope before which it holds nothing: its first, or, seldom, one shortly before.

        Only which rows there are is asked; ``first_days`` asks what their sums are as well.
        """
        with self._database.read() as connection:
            return {name: day_of(at) for name, _, at in _first_rows(connection, policy)}

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


def _holds(parts: Sequence[bytes]) -> bool:
    """Tell whether the rows of a block, whose counts these are, come to anything together."""
    held = [slots_of(part) for part in parts]
    return any(total(unpacked(one[slot]) for one in held if slot in one) for slot in {s for one in held for s in one})


def _first_rows(connection: Connection, policy: str) -> list[tuple[str, int, Millis]]:
    """Return name, number and first day with a row of each scope that has one."""
    of_scope = (cells.c.scope == scopes.c.id, cells.c.grain == GRAINS["day"])
    first = select(func.min(cells.c.bucket)).where(*of_scope).correlate(scopes).scalar_subquery()
    found = connection.execute(select(scopes.c.name, scopes.c.id, first).where(scopes.c.policy == policy))
    return [(name, number, Millis(at)) for name, number, at in found if at is not None]


def _next_day(
    connection: Connection, scope: int, after: Millis | None = None, *, backwards: bool = False
) -> Millis | None:
    """Return the next day of ``scope`` that holds anything; the next earlier one where ``backwards``."""
    day, grain = cells.c.bucket, GRAINS["day"]
    while True:
        wanted = select(func.max(day) if backwards else func.min(day)).where(
            cells.c.scope == scope, cells.c.grain == grain
        )
        if after is not None:
            wanted = wanted.where(day < after if backwards else day > after)
        after = connection.execute(wanted).scalar()
        if after is None or _holds(list(found_rows(connection, [(scope, grain, after)]).values())):
            return after


def _block_of(row: tuple[Written, bytes]) -> Block:
    return row[0][:3]


@cache
def _range_sql(dialect: Dialect) -> str:
    wanted = (
        select(cells.c.bucket, cells.c.counts)
        .where(cells.c.scope == bindparam("scope"), cells.c.grain == bindparam("grain"))
        .where(cells.c.bucket >= bindparam("start"), cells.c.bucket < bindparam("end"))
        .order_by(cells.c.bucket)
    )
    return str(wanted.compile(dialect=dialect))
