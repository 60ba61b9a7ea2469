"""From contributions to cells: which scopes, which spans of time, which customer groups a difference lands in.

Changes are gathered as numbers, customer by customer. A few are summed here, by dictionaries; many at once by matrices,
in ``streams.summing``.
"""

from collections.abc import Iterable
from functools import reduce
from itertools import count

from models.blocks import BlockKey, Blocks, block_start, slot_of
from models.cells import SPAN, Contribution, Grain
from models.identifiers import DAY, HOUR, Millis
from models.measures import NAMES, Coded, Packed, added, numbers_of, packed
from streams.packing import SINGLE
from streams.summing import FIELDS, Gathered, summed_at_once

FIVE_MINUTES = SPAN["5m"]
NOTHING = bytes(packed({}))
FEW = 64
"""Changes from which matrices pay: making them takes a fifth of a millisecond."""

Change = tuple[Contribution, int]
"""A contribution to add (1) or to take back (−1)."""


_Slot = tuple[str, tuple[str, ...], Millis, bool, int]
"""What changes of one place and time share: policy, scopes, finest span, whether live, group. They count for the same
cells."""
_Span = tuple[str, Grain, Millis, int]
"""Policy, grain, bucket and group: what cells of many scopes share."""


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
        self._gathered = Gathered()
        self._unheard_of: dict[str, int] = {}
        """Numbers beyond the known ones, for measures that have none."""

    def gather(self, found: Iterable[Change], group: int) -> None:
        """Add the changes of a customer of ``group``."""
        gathered = self._gathered
        places, shapes, changes, values = gathered.places, gathered.shapes, gathered.changes, gathered.values
        for contribution, sign in found:
            counts = contribution.counts
            names = tuple(counts)
            shape = shapes.get(names)
            if shape is None:
                shape = self._new_shape(names)
            place = places.setdefault((contribution.policy, contribution.scopes), len(places))
            changes += (place, contribution.at, contribution.live, group, sign, shape)
            values += counts.values()

    def _new_shape(self, names: tuple[str, ...]) -> int:
        gathered, unheard_of = self._gathered, self._unheard_of
        measures = tuple(
            unheard_of.setdefault(number, len(NAMES) + len(unheard_of)) if isinstance(number, str) else number
            for number in numbers_of(names)
        )
        gathered.measures.append(measures)
        return gathered.shapes.setdefault(names, len(gathered.shapes))

    def expanded(self) -> Blocks:
        """Return the differences cell by cell, without those that cancelled out."""
        return self._summed_one_by_one() if self._is_small else summed_at_once(self._gathered)

    @property
    def _is_small(self) -> bool:
        """Dictionaries do: for a few changes they are quicker, and for measures without a number there is no column."""
        return len(self._gathered.changes) <= FEW * FIELDS or bool(self._unheard_of) or len(NAMES) > SINGLE

    def _summed_one_by_one(self) -> Blocks:
        by_slot = self._by_slot()
        spans: dict[_Span, _Cells] = {}
        numbers: count[int] = count()
        slots_of: list[tuple[int, ...]] = []
        for at, slot in enumerate(by_slot):
            for span in _spans(slot):
                there = spans.get(span)
                if there is None:
                    there = spans[span] = _Cells(numbers)
                for cell in map(there.__getitem__, slot[1]):
                    if cell == len(slots_of):
                        slots_of.append(())
                    slots_of[cell] += (at,)
        sums = list(by_slot.values())
        # Cells that the same slots count for share their counts.
        known = {slots: bytes(packed(reduce(added, (sums[at] for at in slots), {}))) for slots in set(slots_of)}
        return _blocks(spans, [known[slots] for slots in slots_of])

    def _by_slot(self) -> dict[_Slot, Coded]:
        """Return the signed sum of what fell into each slot."""
        gathered = self._gathered
        places, values = list(gathered.places), iter(gathered.values)
        names: list[int | str] = [*range(len(NAMES)), *self._unheard_of]
        sums: dict[_Slot, Coded] = {}
        for place, at, live, group, sign, shape in zip(*[iter(gathered.changes)] * FIELDS, strict=True):
            finest = Millis(at - at % (FIVE_MINUTES if live else HOUR))
            there = sums.setdefault((*places[place], finest, bool(live), group), {})
            # The measures come first: they are the shorter, and no value beyond them is taken.
            counts = zip(gathered.measures[shape], values, strict=False)
            added(there, {names[measure]: sign * value for measure, value in counts})
        return sums


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
