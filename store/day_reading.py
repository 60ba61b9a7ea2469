"""Day cells read as arrays: which rows, in how many statements, and their sums over partitions.

How bytes become numbers is in ``store.block_arrays``; what is kept of what was read, in ``store.day_tables``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, pairwise
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, select

from models.blocks import Slots, slot_of
from models.cells import GROUPS
from models.gaps.days import Day
from models.gaps.series import GROUPED, DayTable
from models.identifiers import DAY
from models.measures import NAMES
from store.block_arrays import WIDTH, Cells, cells_of
from store.measures import slots_of
from store.tables.cells import GRAINS, cells

Ints = NDArray[np.int64]
Places = NDArray[np.intp]

AT_ONCE = 4_000
"""Days of scopes per statement, so that what is read at once stays below some 20 MB."""
_GROUPED = np.array([NAMES.index(name) for name in GROUPED], dtype=np.intp)
_FIRST_SLOT = slot_of("day", 0, 0)
"""Where the cell of customer group 0 lies in its day's block."""

DaySlots = list[tuple[int, Slots]]
"""Days with counts to add, by place in the day's block."""


@dataclass(frozen=True, slots=True, eq=False)
class Days:
    """One scope's days: ``grouped`` (days, 32, len(GROUPED)) and ``totals`` (days, names), exact sums of its cells."""

    grouped: Ints = field(repr=False)
    totals: Ints = field(repr=False)
    names: tuple[str, ...] = field(repr=False)

    def __len__(self) -> int:
        """How many days."""
        return len(self.totals)

    @property
    def nbytes(self) -> int:
        """How much memory they take."""
        return self.grouped.nbytes + self.totals.nbytes

    def table(self, first: int, start: int, stop: int) -> DayTable:
        """Return the days at places ``start`` to ``stop`` − 1 as a table that begins on ``first``, nothing copied."""
        grouped, totals = self.grouped[start:stop], self.totals[start:stop]
        grouped.flags.writeable = totals.flags.writeable = False
        return DayTable(Day(first), {name: grouped[..., i] for i, name in enumerate(GROUPED)}, self.names, totals)

    def since(self, start: int) -> "Days":
        """Return the days from place ``start`` on, nothing copied."""
        return Days(self.grouped[start:], self.totals[start:], self.names)

    def only(self, places: Sequence[int]) -> "Days":
        """Return the days at ``places``."""
        return Days(self.grouped[places], self.totals[places], self.names)

    def spread(self, at: int, count: int) -> "Days":
        """Return ``count`` days, these from place ``at`` on and zeros elsewhere, in arrays of their own."""
        grouped, totals = (
            np.zeros((count, *values.shape[1:]), dtype=np.int64) for values in (self.grouped, self.totals)
        )
        grouped[at : at + len(self)], totals[at : at + len(self)] = self.grouped, self.totals
        return Days(grouped, totals, self.names)

    def put(self, places: Places, other: "Days") -> "Days":
        """Return these days with ``other`` in place of those at ``places``; changes these where it can."""
        more = [name for name in other.names if name not in self.names]
        names, totals = (*self.names, *more), self.totals
        if more:
            totals = np.concatenate([totals, np.zeros((len(self), len(more)), dtype=np.int64)], axis=1)
        self.grouped[places] = other.grouped
        totals[places] = 0
        totals[places[:, None], [names.index(name) for name in other.names]] = other.totals
        return Days(self.grouped, totals, names)


def read_days(connection: Connection, scopes: Sequence[int], days: Sequence[int]) -> Iterator[Days]:
    """Yield the ``days`` of each of ``scopes`` (by number), in their order, zeros where nothing was observed."""
    step = max(1, AT_ONCE // max(1, len(days)))
    for start in range(0, len(scopes), step):
        some = scopes[start : start + step]
        sums = [_Sums.zeros(len(days)) for _ in some]
        _add_up(_blocks(connection, some, days), [len(days)] * len(some), sums.__getitem__)
        yield from (of.days() for of in sums)


def advanced(held: Sequence[tuple[int, Days]], added: Sequence[DaySlots]) -> list[Days | None]:
    """Return each scope's days, held from a first one on, with what was ``added`` to them; ``None`` where it cannot be.

    That is where a measure goes by name. What was added to other days is passed over.
    """
    lengths = [len(days) for _, days in held]
    blocks = [
        (begin + day - first, slots)
        for (first, days), begin, more in zip(held, accumulate(lengths, initial=0), added, strict=False)
        for day, slots in more
        if 0 <= day - first < len(days)
    ]
    sums: dict[int, _Sums] = {}

    def copied(scope: int) -> _Sums:
        return sums[scope] if scope in sums else sums.setdefault(scope, _Sums.of(held[scope][1]))

    _add_up(blocks, lengths, copied)
    became: list[Days | None] = [days for _, days in held]
    for scope, of in sums.items():
        became[scope] = None if of.unnumbered else replace(held[scope][1], grouped=of.grouped, totals=of.totals)
    return became


def _add_up(blocks: Iterable[tuple[int, Slots]], lengths: Sequence[int], sums: Callable[[int], "_Sums"]) -> None:
    """Add ``blocks``, numbered through the days of all scopes, scope after scope, to the sums of their scope."""
    ends = np.cumsum(lengths)
    for some in cells_of(blocks):
        scopes = np.searchsorted(ends, some.block, side="right")
        begins = np.flatnonzero(np.diff(scopes, prepend=-1)).tolist()
        for begin, end in pairwise([*begins, len(scopes)]):
            scope = int(scopes[begin])
            sums(scope).add(some.block[begin:end] - (ends[scope] - lengths[scope]), some.between(begin, end))


def _blocks(connection: Connection, scopes: Sequence[int], days: Sequence[int]) -> Iterator[tuple[int, Slots]]:
    """Yield the blocks of ``days`` of ``scopes``, each with its place among all days of all scopes, which rises."""
    if not days:
        return
    wanted = (
        select(cells.c.scope, cells.c.bucket, cells.c.counts)
        .where(cells.c.scope.in_(scopes), cells.c.grain == GRAINS["day"], _on(days))
        .order_by(cells.c.scope, cells.c.bucket)
    )
    row_of = {scope: number * len(days) for number, scope in enumerate(scopes)}
    place_of = {day * DAY: place for place, day in enumerate(days)}
    for scope, bucket, counts in connection.execute(wanted):
        yield row_of[scope] + place_of[bucket], slots_of(counts)


def _on(days: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that a block is one of ``days``, which ascend."""
    if days[-1] - days[0] == len(days) - 1:
        return cells.c.bucket.between(days[0] * DAY, days[-1] * DAY)
    return cells.c.bucket.in_([day * DAY for day in days])


class _Sums:
    """Sums of a scope's cells by the day's place; arrays as in ``Days``, changed in place."""

    def __init__(self, grouped: Ints, totals: Ints) -> None:
        self.grouped, self.totals = grouped, totals
        self.unnumbered: dict[str, Ints] = {}

    @classmethod
    def zeros(cls, days: int) -> Self:
        """Return sums of nothing."""
        return cls(np.zeros((days, GROUPS, len(GROUPED)), dtype=np.int64), np.zeros((days, WIDTH), dtype=np.int64))

    @classmethod
    def of(cls, days: Days) -> Self:
        """Return sums that begin with ``days``, which stay as they are."""
        return cls(days.grouped.copy(), days.totals.copy())

    def add(self, place: Places, some: Cells) -> None:
        """Add cells that lie at ``place``."""
        begins = np.flatnonzero(np.diff(place, prepend=-1)).tolist()
        for begin, end in pairwise([*begins, len(place)]):  # twice as fast as ``np.add.reduceat``
            self.totals[place[begin], :WIDTH] += np.add.reduce(some.counts[begin:end], axis=0)
        within = np.flatnonzero(some.slot >= _FIRST_SLOT)
        target = place[within] * GROUPS + some.slot[within] - _FIRST_SLOT
        # A cell may come twice: of each block there is a row for every partition in whose name it was written.
        np.add.at(self.grouped.reshape(-1, len(GROUPED)), target, some.counts[within[:, None], _GROUPED])
        for cell, counts in some.unnumbered:
            for name, value in counts.items():
                self.unnumbered.setdefault(name, np.zeros(len(self.totals), dtype=np.int64))[place[cell]] += value

    def days(self) -> Days:
        """Return what was summed."""
        more = sorted(self.unnumbered)
        totals = np.column_stack([self.totals, *(self.unnumbered[name] for name in more)]) if more else self.totals
        return Days(self.grouped, totals, (*NAMES, *more))
