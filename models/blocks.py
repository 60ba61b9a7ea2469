"""Blocks: neighbouring cells of one scope, kept together in one row, and what a fold adds to them.

An hour's block holds its five-minute cells, a day's block its hours, another its customer groups. A hundred thousand
events touch some hundred thousand cells, most of them sparse, but ten times fewer blocks.
"""

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from typing import NamedTuple, Self

import msgspec

from models.cells import SPAN, CellKey, Counts, Grain
from models.identifiers import DAY, HOUR, Millis
from models.measures import Coded, Packed, added, coded, named, packed, unpacked

BLOCK: dict[Grain, Millis] = {"5m": HOUR, "hour": DAY, "day": DAY}
"""How long a stretch of time one block covers."""
_PLACES: dict[Grain, int] = {grain: BLOCK[grain] // SPAN[grain] for grain in BLOCK}


class BlockKey(NamedTuple):
    """What the blocks of many scopes share: policy, grain, and when they begin."""

    policy: str
    grain: Grain
    start: Millis


Slots = dict[int, Packed]
"""A block: place of the cell within it → its counts."""


PackedRows = dict[BlockKey, dict[str, bytes]]
"""Packed blocks by scope."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Slots).decode


def pack(slots: Mapping[int, Packed | Coded]) -> bytes:
    """Return ``slots`` as the bytes a block's row keeps: MessagePack, place in the block → measure's number → count."""
    return _encode(slots)


def slots_of(data: bytes) -> Slots:
    """Return what ``pack`` made ``data`` from, each cell's counts still packed."""
    return _decode(data)


def block_start(grain: Grain, bucket: int) -> Millis:
    """Return the start of the block that holds the cell at ``bucket``; a day is its own."""
    return Millis(bucket if grain == "day" else bucket - bucket % BLOCK[grain])


def slot_of(grain: Grain, bucket: int, group: int) -> int:
    """Return the place within its block of the cell of ``group`` (−1 for none) at ``bucket``.

    >>> slot_of("hour", 5 * HOUR, -1), slot_of("day", 0, -1), slot_of("day", 0, 31)
    (5, 0, 32)
    """
    return (group + 1) * _PLACES[grain] + (bucket - block_start(grain, bucket)) // SPAN[grain]


def cell_at(grain: Grain, start: int, slot: int) -> tuple[Millis, int]:
    """Return bucket and group of the cell at ``slot`` of the block from ``start``; the inverse of ``slot_of``.

    >>> cell_at("hour", DAY, 5) == (DAY + 5 * HOUR, -1)
    True
    """
    group, place = divmod(slot, _PLACES[grain])
    return Millis(start + place * SPAN[grain]), group - 1


class Blocks(MutableMapping[CellKey, Counts]):
    """Differences to cells, block by block; reads as a mapping from cells to counts by name.

    A fold gives its blocks packed, and they are written so: only who looks into them has them taken apart.
    """

    def __init__(self, cells: Mapping[CellKey, Counts] | None = None) -> None:
        self._packed: PackedRows = {}
        self._rows: dict[BlockKey, dict[str, Slots]] = {}
        for key, counts in (cells or {}).items():
            self[key] = counts

    @classmethod
    def of_packed(cls, rows: PackedRows) -> Self:
        """Return the blocks that ``rows`` hold, each packed, by scope."""
        made = cls()
        made._packed = rows
        return made

    @property
    def rows(self) -> dict[BlockKey, dict[str, Slots]]:
        """The blocks by scope; what is changed there is changed here."""
        if self._packed:
            self._rows = {key: {s: slots_of(data) for s, data in row.items()} for key, row in self._packed.items()}
            self._packed = {}
        return self._rows

    def packed(self) -> PackedRows:
        """Return the blocks by scope, each as ``pack`` packs it."""
        return self._packed or {key: {s: pack(slots) for s, slots in row.items()} for key, row in self._rows.items()}

    def __getitem__(self, key: CellKey) -> Counts:
        """Return the counts of one cell."""
        try:
            return named(unpacked(self.rows[_block(key)][key.scope][_slot(key)]))
        except KeyError:
            raise KeyError(key) from None

    def __setitem__(self, key: CellKey, counts: Counts) -> None:
        """Put ``counts`` in place of what the cell held."""
        self.rows.setdefault(_block(key), {}).setdefault(key.scope, {})[_slot(key)] = packed(coded(counts))

    def __delitem__(self, key: CellKey) -> None:
        """Take one cell out."""
        del self.rows[_block(key)][key.scope][_slot(key)]

    def __iter__(self) -> Iterator[CellKey]:
        """Yield every cell, block by block."""
        for (policy, grain, start), scopes in self.rows.items():
            for scope, slots in scopes.items():
                for slot in slots:
                    yield CellKey(policy, scope, grain, *cell_at(grain, start, slot))

    def __len__(self) -> int:
        """Return how many cells there are."""
        return sum(len(slots) for scopes in self.rows.values() for slots in scopes.values())


def blocks_of(cells: Mapping[CellKey, Counts]) -> Blocks:
    """Return ``cells`` block by block; those that are already, as they are."""
    return cells if isinstance(cells, Blocks) else Blocks(cells)


def summed(parts: Iterable[Mapping[CellKey, Counts]]) -> Blocks:
    """Return the sum of ``parts``, which stay as they are; cells that come to nothing are left out."""
    sums: dict[BlockKey, dict[str, dict[int, Coded]]] = {}
    for part in parts:
        for key, scopes in blocks_of(part).rows.items():
            for scope, slots in scopes.items():
                into = sums.setdefault(key, {}).setdefault(scope, {})
                for slot, counts in slots.items():
                    added(into.setdefault(slot, {}), unpacked(counts))
    total = Blocks()
    for key, found in sums.items():
        total.rows[key] = {
            scope: {slot: packed(counts) for slot, counts in slots.items() if counts} for scope, slots in found.items()
        }
    return total


def _block(key: CellKey) -> BlockKey:
    return BlockKey(key.policy, key.grain, block_start(key.grain, key.bucket))


def _slot(key: CellKey) -> int:
    return slot_of(key.grain, key.bucket, key.group)
