"""Many changes summed at once: products of sparse matrices of integers, a hundred times faster than dictionaries.

A change falls into a day of its group, into an hour and, live, into five minutes; there it counts for the cells of its
scopes. What falls into the same span from the same place is summed first, then what each cell holds of that. Addition
is exact, so the grouping changes no bit of the result. Who gathers changes, and sums a few, is in ``streams.cells``.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array

from models.blocks import BLOCK, BlockKey, Blocks
from models.cells import SPAN, Grain
from models.identifiers import Millis
from models.measures import NAMES
from streams.packing import packed_blocks

Ints = NDArray[np.int64]
Place = tuple[str, tuple[str, ...]]
"""Policy and scopes."""

FIELDS = 6
"""Numbers that tell of a change: its place, when, whether live, group, sign, shape."""
_GRAINS: tuple[Grain, ...] = ("day", "hour", "5m")
_SPAN = np.array([SPAN[grain] for grain in _GRAINS])
_BLOCK = np.array([BLOCK[grain] for grain in _GRAINS])
_DAY, _HOUR, _LIVE = range(3)


@dataclass(frozen=True, slots=True)
class Gathered:
    """Changes, told in numbers."""

    places: dict[Place, int] = field(default_factory=dict)
    shapes: dict[tuple[str, ...], int] = field(default_factory=dict)
    """The combinations of measures that contributions consist of."""
    measures: list[tuple[int, ...]] = field(default_factory=list)
    """The numbers of each shape's measures."""
    changes: list[int] = field(default_factory=list)
    """``FIELDS`` numbers a change."""
    values: list[int] = field(default_factory=list)
    """What they count, one change after the other: as many as its shape has measures."""


class _Falls(NamedTuple):
    """What falls where, a row for each span of time that a change counts for: arrays of one length."""

    change: Ints
    place: Ints
    policy: Ints
    grain: Ints
    start: Ints
    """Of the span."""
    group: Ints

    def spans(self) -> Ints:
        """Return a number for each row: the same where policy, grain, start and group are."""
        span: Ints = (self.start - self.start.min()) // _SPAN[_LIVE]
        for column in (self.policy, self.grain, self.group + 1):
            span = span * (column.max() + 1) + column
        return span


class _Spans(NamedTuple):
    """The spans that something falls into, in the order they were met: each one's block, and its slot there."""

    keys: list[BlockKey]
    block: Ints
    slot: Ints


def summed_at_once(gathered: Gathered) -> Blocks:
    """Return the sum of the changes, one at least, cell by cell and without those that cancelled out.

    Every measure must have a number.
    """
    changes = _ints(gathered.changes).reshape(-1, FIELDS).T
    policies, policy = _numbered_names((policy,) for policy, _ in gathered.places)
    names, scopes = _numbered_names(scopes for _, scopes in gathered.places)
    falls = _falls(changes, _ints([number for (number,) in policy]))
    spans, span = _met(falls.spans())
    pairs, pair = _met(span * len(gathered.places) + falls.place)  # of span and place
    ones = np.ones(len(pair), np.int64)
    fallen = coo_array((ones, (pair, falls.change)), shape=(len(pairs), changes.shape[1])).tocsr()
    found = _spans(_Falls(*(column[spans] for column in falls)), policies)
    cells, counted_for = _cells(found, span[pairs], _drawn(scopes, falls.place[pairs]), len(names))
    return _packed(found, names, cells, counted_for @ (fallen @ _counted(gathered, changes)))


def _falls(changes: Ints, policy: Ints) -> _Falls:
    """Return where ``changes`` fall; ``policy`` is that of each place."""
    place, at, live, group, _, _ = changes
    every, alive = np.arange(len(place)), np.flatnonzero(live)
    change = np.concatenate((every, every, alive))
    grain = np.repeat([_DAY, _HOUR, _LIVE], [len(every), len(every), len(alive)])
    place, at = place[change], at[change]
    return _Falls(
        change=change,
        place=place,
        policy=policy[place],
        grain=grain,
        start=at - at % _SPAN[grain],
        group=np.where(grain == _DAY, group[change], -1),
    )


def _met(codes: Ints) -> tuple[Ints, Ints]:
    """Return where each code was met first, in that order, and the number of each one's code in that order."""
    _, first, code = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    return first[order], number[code]


def _spans(one: _Falls, policies: Sequence[str]) -> _Spans:
    """Return the spans of which there is a row each."""
    begin = one.start - one.start % _BLOCK[one.grain]
    slot = (one.group + 1) * (_BLOCK // _SPAN)[one.grain] + (one.start - begin) // _SPAN[one.grain]
    keys: dict[BlockKey, int] = {}
    block = [
        keys.setdefault(BlockKey(policies[policy], _GRAINS[grain], Millis(start)), len(keys))
        for policy, grain, start in zip(one.policy.tolist(), one.grain.tolist(), begin.tolist(), strict=True)
    ]
    return _Spans(list(keys), _ints(block), slot)


def _cells(spans: _Spans, span: Ints, drawn: tuple[Ints, Ints], scopes: int) -> tuple[Ints, csr_array]:
    """Return the cells that pairs of a span and a place count for, and cells × pairs: which counts for which.

    ``span`` is that of each pair, ``drawn`` how many scopes each has, and which. A cell is told by a number,
    (block · scopes + scope) · spans + span; they rise.
    """
    lengths, scope = drawn
    pair = np.repeat(np.arange(len(span)), lengths)
    at = span[pair]
    cell = (spans.block[at] * scopes + scope) * len(spans.slot) + at
    order = np.argsort(cell, kind="stable")
    cell = cell[order]
    begins = _begins(cell)
    counts_for = (np.ones(len(cell), np.int64), pair[order], np.append(begins, len(cell)))
    return cell[begins], csr_array(counts_for, shape=(len(begins), len(span)))


def _counted(gathered: Gathered, changes: Ints) -> csr_array:
    """Return changes × measures: what each counts, with its sign."""
    _, _, _, _, sign, shape = changes
    lengths, measures = _drawn(gathered.measures, shape)
    values = _ints(gathered.values) * np.repeat(sign, lengths)
    return csr_array((values, measures, np.append(0, np.cumsum(lengths))), shape=(len(sign), len(NAMES)))


def _packed(spans: _Spans, names: Sequence[str], cells: Ints, sums: csr_array) -> Blocks:
    """Return ``cells`` with their sums, a row each, block by block; scopes are told by their ``names``."""
    sums.eliminate_zeros()
    sums.sort_indices()
    held = np.flatnonzero(np.diff(sums.indptr))
    row, span = np.divmod(cells[held], len(spans.slot))
    begins = _begins(row)
    entries = (sums.indptr[np.append(0, held + 1)], sums.indices, sums.data)
    blocks = packed_blocks(np.append(begins, len(row)), spans.slot[span], entries)
    made: dict[BlockKey, dict[str, bytes]] = {key: {} for key in spans.keys}
    for number, data in zip(row[begins].tolist(), blocks, strict=True):
        block, scope = divmod(number, len(names))
        made[spans.keys[block]][names[scope]] = data
    return Blocks.of_packed(made)


def _numbered_names(lists: Iterable[Sequence[str]]) -> tuple[list[str], list[list[int]]]:
    """Return the distinct names in ``lists``, and each list with their numbers instead."""
    numbers: dict[str, int] = {}
    found = [[numbers.setdefault(name, len(numbers)) for name in names] for names in lists]
    return list(numbers), found


def _drawn(lists: Sequence[Sequence[int]], which: Ints) -> tuple[Ints, Ints]:
    """Return of the lists with these numbers how long each is, and what is in them, one after the other."""
    length = _ints([len(one) for one in lists])
    start = np.cumsum(length) - length
    flat = _ints([number for one in lists for number in one])
    lengths = length[which]
    shift = start[which] - (np.cumsum(lengths) - lengths)
    return lengths, flat[np.repeat(shift, lengths) + np.arange(lengths.sum())]


def _begins(numbers: Ints) -> Ints:
    """Return where each run of the same number begins."""
    return np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1))


def _ints(values: Sequence[int]) -> Ints:
    """Return ``values`` as an array; also of none, numpy would else make it one of floats."""
    return np.array(values, np.int64)
