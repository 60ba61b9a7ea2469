"""From contributions to cells: which scopes, which spans of time, which customer groups a difference lands in.

The differences of a chunk of some size are the product of three sparse matrices of integers: which cells a slot counts
for, which changes fall into each slot, and what each change counts. Addition is exact, so the grouping changes no bit
of the result; scipy adds up a hundred times faster than dictionaries can.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import count, islice, pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from models.blocks import BlockKey, Blocks, block_start, slot_of
from models.cells import SPAN, Contribution, Grain
from models.identifiers import DAY, HOUR, Millis
from models.measures import NAMES, Coded, Packed, added, numbers_of, packed
from streams.packing import SINGLE, packed_rows

FIVE_MINUTES = SPAN["5m"]
NOTHING = bytes(packed({}))
FEW = 64
"""Changes from which matrices pay: making them takes a fifth of a millisecond."""

Change = tuple[Contribution, int]
"""A contribution to add (1) or to take back (−1)."""


_Slot = tuple[str, tuple[str, ...], Millis, bool, int]
"""What changes of one place and time share: policy, scopes, finest span, whether live, group. They count for the same
cells. (A named tuple takes four times as long to make, and this is made for every change.)"""
_Span = tuple[str, Grain, Millis, int]
"""Policy, grain, bucket and group: what cells of many scopes share."""


class _Shapes(dict[tuple[str, ...], tuple[int, ...]]):
    """The numbers of the measures that contributions consist of, looked up once for each combination of them."""

    def __init__(self) -> None:
        self.unheard_of: dict[str, int] = {}
        """Numbers beyond the known ones, for measures that have none."""

    def __missing__(self, names: tuple[str, ...]) -> tuple[int, ...]:
        unheard_of = self.unheard_of
        numbers = self[names] = tuple(
            unheard_of.setdefault(number, len(NAMES) + len(unheard_of)) if isinstance(number, str) else number
            for number in numbers_of(names)
        )
        return numbers


class _Cells(dict[str, int]):
    """Scope → the number of its cell, in one span and group; a scope met for the first time takes the next number."""

    __slots__ = ("_numbers",)

    def __init__(self, numbers: "count[int]") -> None:
        self._numbers = numbers

    def __missing__(self, scope: str) -> int:
        number = self[scope] = next(self._numbers)
        return number


def changes(old: tuple[Contribution, ...], new: tuple[Contribution, ...]) -> list[Change]:
    """Return what turns ``old`` into ``new`` in the cells; what both begin with is left alone."""
    kept = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        kept += 1
    return [(gone, -1) for gone in old[kept:]] + [(come, 1) for come in new[kept:]]


class CellDifferences:
    """What a chunk adds to the cells, gathered customer by customer."""

    def __init__(self) -> None:
        self._slots: dict[_Slot, int] = {}
        self._shapes = _Shapes()
        # Of each change: its slot, its sign, and how many of the measures and values that follow are its own.
        self._slot_of: list[int] = []
        self._signs: list[int] = []
        self._lengths: list[int] = []
        self._measures: list[int] = []
        self._values: list[int] = []

    def gather(self, found: Iterable[Change], group: int) -> None:
        """Add the changes of a customer of ``group``."""
        slots, shapes = self._slots, self._shapes
        slot_of_each, signs, lengths = self._slot_of, self._signs, self._lengths
        measures, values = self._measures, self._values
        for contribution, sign in found:
            at, live, counts = contribution.at, contribution.live, contribution.counts
            finest = Millis(at - at % (FIVE_MINUTES if live else HOUR))
            slot = (contribution.policy, contribution.scopes, finest, live, group)
            slot_of_each.append(slots.setdefault(slot, len(slots)))
            signs.append(sign)
            lengths.append(len(counts))
            measures += shapes[tuple(counts)]
            values += counts.values()

    def expanded(self) -> Blocks:
        """Return the differences cell by cell, without those that cancelled out."""
        spans: dict[_Span, _Cells] = {}
        numbers: count[int] = count()
        cells: list[int] = []
        ends = [0]
        for slot in self._slots:
            for span in _spans(slot):
                there = spans.get(span)
                if there is None:
                    there = spans[span] = _Cells(numbers)
                cells += map(there.__getitem__, slot[1])
            ends.append(len(cells))
        if self._is_small:
            return _blocks(spans, self._packed_one_by_one(cells, ends))
        counts_for = (np.ones(len(cells), np.int64), _ints(cells), _ints(ends))
        counted_for = csc_array(counts_for, shape=(next(numbers), len(self._slots)))
        sums = csr_array(counted_for) @ self._summed_by_slot()
        sums.eliminate_zeros()
        sums.sort_indices()
        return _blocks(spans, packed_rows(sums.indptr, sums.indices, sums.data))

    @property
    def _is_small(self) -> bool:
        """Dictionaries do: for a few changes they are quicker, and for measures without a number there is no column."""
        return len(self._signs) <= FEW or bool(self._shapes.unheard_of) or len(NAMES) > SINGLE

    def _packed_one_by_one(self, cells: list[int], ends: list[int]) -> list[bytes]:
        """Return each cell's counts; ``cells`` of slot i end at ``ends[i + 1]``. Cells of the same slots share them."""
        names: list[int | str] = [*range(len(NAMES)), *self._shapes.unheard_of]
        by_slot: list[Coded] = [{} for _ in self._slots]
        counted = zip(self._measures, self._values, strict=True)
        for slot, sign, length in zip(self._slot_of, self._signs, self._lengths, strict=True):
            added(by_slot[slot], {names[measure]: sign * value for measure, value in islice(counted, length)})
        slots_of: list[tuple[int, ...]] = [()] * (max(cells, default=-1) + 1)
        for slot, (start, end) in enumerate(pairwise(ends)):
            for cell in cells[start:end]:
                slots_of[cell] += (slot,)
        known: dict[tuple[int, ...], bytes] = {}
        for slots in slots_of:
            if slots not in known:
                known[slots] = bytes(packed(reduce(added, (by_slot[slot] for slot in slots), {})))
        return [known[slots] for slots in slots_of]

    def _summed_by_slot(self) -> csr_array:
        """Return slots × measures: the signed sum of what fell into each slot."""
        changes, measures = len(self._signs), len(NAMES)
        lengths = _ints(self._lengths)
        values = _ints(self._values) * np.repeat(_ints(self._signs), lengths)
        ends = np.concatenate(([0], np.cumsum(lengths)))
        counted = csr_array((values, _ints(self._measures), ends), shape=(changes, measures))
        fell = (np.ones(changes, np.int64), _ints(self._slot_of), np.arange(changes + 1))
        summed: csr_array = csr_array(csc_array(fell, shape=(len(self._slots), changes))) @ counted
        return summed


def _ints(values: list[int]) -> NDArray[np.int64]:
    """Return ``values`` as an array; also of none, numpy would else make it one of floats."""
    return np.array(values, np.int64)


def _spans(slot: _Slot) -> tuple[_Span, ...]:
    """Return the spans that what happened in ``slot`` counts for."""
    policy, _, finest, live, group = slot
    day: _Span = (policy, "day", Millis(finest - finest % DAY), group)
    hour: _Span = (policy, "hour", Millis(finest - finest % HOUR), -1)
    return (day, hour, (policy, "5m", finest, -1)) if live else (day, hour)


def _blocks(spans: dict[_Span, _Cells], counts: list[bytes]) -> Blocks:
    """Return the cells of ``spans`` block by block, without those that hold nothing."""
    made = Blocks()
    for (policy, grain, bucket, group), cells in spans.items():
        rows = made.rows.setdefault(BlockKey(policy, grain, block_start(grain, bucket)), {})
        slot = slot_of(grain, bucket, group)
        for scope, cell in cells.items():
            if (held := counts[cell]) != NOTHING:
                row = rows.get(scope)
                if row is None:
                    rows[scope] = {slot: Packed(held)}
                else:
                    row[slot] = Packed(held)
    return made
