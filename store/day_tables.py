"""Tables of day cells, scope by scope: read as arrays, and kept in memory while nothing changes them.

Pages, the report and the search for gaps all look at the same days again and again. What they get is always what a
fresh read at that moment would give: the partitions' positions, read in the same transaction, tell whether anything
was written, and ``store.day_movements`` what, when it was written here; otherwise everything is read anew.
"""

import threading
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from sqlalchemy import Connection

from models.cells import Counts, add
from models.effects import Effects
from models.gaps.series import DayTable
from models.identifiers import DAY, Millis
from store.cell_rows import scope_id
from store.cells import Cells
from store.databases import Database
from store.day_movements import Differences, Movements, Standing, standing
from store.day_reading import Days, DaySlots, advanced, read_days

ROOM = 64 << 20
"""Bytes of tables kept between two reads. A day of a scope takes 5.6 kB, so that thirty scopes over a year fit."""

Key = tuple[str, str]
"""Policy and scope."""
Window = tuple[int, int]
"""The first and the last of consecutive days."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A scope's days from ``first`` on, as they were at one moment; never changed, only replaced."""

    first: int
    days: Days
    at: Standing

    @property
    def last(self) -> int:
        """The last day it holds."""
        return self.first + len(self.days) - 1

    def lacking(self, asked: Window) -> tuple[int, ...]:
        """Return the days that are lacking for those held and those ``asked`` for to make one row."""
        return *range(asked[0], self.first), *range(self.last + 1, asked[1] + 1)

    def with_days(self, days: Sequence[int], fresh: Days, asked: Window) -> "_Held":
        """Return what is held together with ``fresh``, the ``days`` that were lacking for what is ``asked``.

        As many days as come at the end are let go at the beginning: time that passes must not fill the memory.
        """
        if not days:
            return self
        last = max(asked[1], self.last)
        first = min(asked[0], self.first + last - self.last)
        kept = self.days.since(max(0, first - self.first))
        whole = kept.spread(max(0, self.first - first), last - first + 1)
        wanted = [place for place, day in enumerate(days) if day >= first]
        return _Held(first, whole.put(np.array(days, dtype=np.intp)[wanted] - first, fresh.only(wanted)), self.at)


class DayTables:
    """Reads day tables and keeps at most ``room`` bytes of them, those asked for last; for many threads, in turn."""

    def __init__(self, database: Database, room: int = ROOM, movements: Movements | None = None) -> None:
        self._database = database
        self._cells = Cells(database)
        self._room = room
        self._held: OrderedDict[Key, _Held] = OrderedDict()
        self._movements = movements or Movements()
        # Always taken before a connection: whoever waits for it must not keep one from whoever has it.
        self._lock = threading.RLock()

    @property
    def nbytes(self) -> int:
        """How much memory is held."""
        with self._lock:
            return sum(held.days.nbytes for held in self._held.values())

    def heard(self, written: Iterable[Effects]) -> None:
        """Take note of checkpoints of this process, once they are committed; quick, never raises."""
        self._movements.heard(written)

    def tables(self, policy: str, scopes: Iterable[str], days: Window) -> dict[str, DayTable]:
        """Return each scope's table of ``days``, first and last included, zeros where nothing was observed.

        Tables begin hardly earlier than the first of these scopes does. Nobody may change what they hold. Not for use
        inside a transaction that writes, which might be rolled back.
        """
        keys = [(policy, scope) for scope in dict.fromkeys(scopes)]
        found = {scope: DayTable.empty() for _, scope in keys}
        with self._lock, self._database.read() as connection:
            born = self._cells.days_begun(policy)
            asked = max(days[0], min((born[scope] for scope in found if scope in born), default=days[1] + 1)), days[1]
            if asked[0] > asked[1]:
                return found
            self._refresh(connection, keys, asked)
            for key in keys:
                self._held.move_to_end(key)
                held = self._held[key]
                found[key[1]] = held.days.table(asked[0], asked[0] - held.first, asked[1] - held.first + 1)
            self._make_room()
        return found

    def totals(self, policy: str, scopes: Iterable[str], span: tuple[Millis, Millis]) -> dict[str, Counts]:
        """Return each scope's counts of everything in ``[start, end)``, both rounded as ``Cells.total`` does."""
        start, end = span
        first, last = -(-start // DAY), end // DAY
        if first >= last:
            return {scope: self._cells.total(policy, scope, span) for scope in scopes}
        found: dict[str, Counts] = {}
        with self._lock, self._database.read():  # one moment for days and hours
            for scope, table in self.tables(policy, scopes, (first, last - 1)).items():
                found[scope] = table.between(first, last)
                for edge in ((start, Millis(first * DAY)), (Millis(last * DAY), end)):
                    add(found[scope], self._cells.total(policy, scope, edge) if edge[0] < edge[1] else {})
        return found

    def _refresh(self, connection: Connection, keys: Sequence[Key], asked: Window) -> None:
        """Make what is held of ``keys`` cover ``asked``, as of now."""
        now = standing(connection)
        self._advance(keys, now)
        lacking: dict[tuple[int, ...], list[Key]] = {}
        for key in keys:
            held = self._held.get(key)
            days = tuple(range(asked[0], asked[1] + 1)) if held is None else held.lacking(asked)
            lacking.setdefault(days, []).append(key)
        for days, some in lacking.items():
            fresh = read_days(connection, [scope_id(*key) for key in some], days)
            for key, read in zip(some, fresh, strict=True):
                held = self._held.get(key)
                self._held[key] = _Held(asked[0], read, now) if held is None else held.with_days(days, read, asked)

    def _advance(self, keys: Iterable[Key], now: Standing) -> None:
        """Bring what is held of ``keys`` to the moment ``now``, and let go of it where that cannot be."""
        moments: dict[int, list[Key]] = {}  # most scopes were read at the same one
        for key in keys:
            if key in self._held:
                moments.setdefault(id(self._held[key].at), []).append(key)
        for some in moments.values():
            steps = self._movements.between(self._held[some[0]].at, now)
            added = _by_scope(steps or [])
            held = [(self._held[key].first, self._held[key].days) for key in some]
            became = advanced(held, [added.get(key, []) for key in some])
            for key, days in zip(some, became, strict=True):
                if steps is None or days is None:
                    del self._held[key]
                else:
                    self._held[key] = replace(self._held[key], days=days, at=now)

    def _make_room(self) -> None:
        taken = self.nbytes
        while taken > self._room:
            taken -= self._held.popitem(last=False)[1].days.nbytes


def _by_scope(steps: Iterable[Differences]) -> dict[Key, DaySlots]:
    """Return the differences of all ``steps`` scope by scope."""
    found: dict[Key, DaySlots] = {}
    for added in steps:
        for block, scopes in added.items():
            for scope, slots in scopes.items():
                found.setdefault((block.policy, scope), []).append((block.start // DAY, slots))
    return found
