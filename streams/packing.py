"""The rows of a sparse matrix as MessagePack maps, column → value, all written at once.

A chunk makes tens of thousands of small maps; one after the other, through a dictionary each, they would cost as much
as all additions before. What columns mean, and who reads the maps, is in ``models.measures``.
"""

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64] | NDArray[np.int32]
Bytes = NDArray[np.uint8]

SINGLE: Final = 0x80
"""Columns below are written as a single byte; there may be no others."""
_STEPS: Final = np.array([-(1 << 31), -(1 << 15), -(1 << 7), -(1 << 5), 1 << 7, 1 << 8, 1 << 16, 1 << 32])
"""From each of these on, a value takes another form; the middle one is the plain byte."""
_HEADS: Final = np.array([0xD3, 0xD2, 0xD1, 0xD0, 0, 0xCC, 0xCD, 0xCE, 0xCF], np.uint8)
_WIDTHS: Final = np.array([8, 4, 2, 1, 0, 1, 2, 4, 8], np.uint8)
"""Bytes after the head, by form. Source: https://github.com/msgpack/msgpack/blob/master/spec.md, int format family."""
_FEW: Final = 16
"""Maps of fewer entries have a head of one byte, others of three."""


def packed_blocks(blocks: Ints, slots: Ints, cells: tuple[Ints, Ints, Ints]) -> list[bytes]:
    """Return each block's map, slot → the cell's map, column → value.

    Block i has the cells from ``blocks[i]`` up to ``blocks[i + 1]``; of ``cells`` = (ends, columns, values), cell i has
    the entries from ``ends[i]`` up to ``ends[i + 1]``. Slots and columns must lie below ``SINGLE``, and neither a block
    nor a cell hold 65,536 or more.

    >>> cells = np.array([0, 2, 3]), np.array([3, 5, 1]), np.array([1, -300, 9])
    >>> [block.hex() for block in packed_blocks(np.array([0, 1, 2]), np.array([7, 8]), cells)]
    ['810782030105d1fed4', '8108810109']
    """
    ends, columns, values = cells
    inside, entries = np.diff(blocks), np.diff(ends)
    form = np.searchsorted(_STEPS, values, side="right")
    widths = _WIDTHS.take(form)
    before = np.concatenate(([0], np.cumsum(2 + widths, dtype=np.int64)))
    heads = 1 + _head(entries)  # the slot comes first
    heads[blocks[:-1]] += _head(inside)
    written = np.cumsum(heads)
    starts = before[ends] + np.concatenate(([0], written))  # of cells; a block's first has the block's head before it
    out = np.empty(int(starts[-1]), np.uint8)
    begins = starts[blocks]
    _write_heads(out, begins[:-1], inside)
    starts[blocks[:-1]] += _head(inside)
    out[starts[:-1]] = slots
    _write_heads(out, starts[:-1] + 1, entries)
    at = before[:-1] + np.repeat(written, entries)
    out[at] = columns
    at += 1
    out[at] = np.where(widths, _HEADS.take(form), values.astype(np.uint8))
    _write_values(out, at, values, widths)
    data = out.tobytes()
    return [data[start:end] for start, end in pairwise(begins.tolist())]


def _head(entries: Ints) -> Ints:
    """Return how long the heads of maps of so many entries are."""
    return np.where(entries < _FEW, 1, 3)


def _write_heads(out: Bytes, at: Ints, entries: Ints) -> None:
    few = entries < _FEW
    out[at[few]] = 0x80 | entries[few]
    at, entries = at[~few], entries[~few]
    out[at] = 0xDE
    out[at + 1] = entries >> 8
    out[at + 2] = entries & 0xFF


def _write_values(out: Bytes, heads: Ints, values: Ints, widths: Bytes) -> None:
    """Write those of ``values`` that take bytes of their own, after their ``heads``."""
    for width in (1, 2, 4, 8):
        these = np.flatnonzero(widths == width)
        at, rest = heads[these], values[these]
        for byte in reversed(range(width)):
            at += 1
            out[at] = rest >> 8 * byte
