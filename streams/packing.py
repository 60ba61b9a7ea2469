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
_WIDTHS: Final = np.array([8, 4, 2, 1, 0, 1, 2, 4, 8])
"""Bytes after the head, by form. Source: https://github.com/msgpack/msgpack/blob/master/spec.md, int format family."""
_PLAIN: Final = 4
_FEW: Final = 16
"""Maps of fewer entries have a head of one byte, others of three."""


def packed_rows(ends: Ints, columns: Ints, values: Ints) -> list[bytes]:
    """Return each row's map; row i has the entries from ``ends[i]`` up to ``ends[i + 1]``.

    Columns must lie below ``SINGLE``, and a row hold fewer than 65,536.

    >>> [row.hex() for row in packed_rows(np.array([0, 2, 2]), np.array([3, 5]), np.array([1, -300]))]
    ['82030105d1fed4', '80']
    """
    entries = np.diff(ends)
    form = np.searchsorted(_STEPS, values, side="right")
    lengths = 2 + _WIDTHS[form]
    before = np.concatenate(([0], np.cumsum(lengths)))
    heads = np.where(entries < _FEW, 1, 3)
    starts = before[ends] + np.concatenate(([0], np.cumsum(heads)))
    out = np.empty(int(starts[-1]), np.uint8)
    _write_heads(out, starts[:-1], entries)
    _write_entries(out, before[:-1] + np.repeat(np.cumsum(heads), entries), columns, values, form)
    data = out.tobytes()
    return [data[start:end] for start, end in pairwise(starts.tolist())]


def _write_heads(out: Bytes, at: Ints, entries: Ints) -> None:
    few = entries < _FEW
    out[at[few]] = 0x80 | entries[few]
    at, entries = at[~few], entries[~few]
    out[at] = 0xDE
    out[at + 1] = entries >> 8
    out[at + 2] = entries & 0xFF


def _write_entries(out: Bytes, at: Ints, columns: Ints, values: Ints, form: Ints) -> None:
    out[at] = columns
    plain = form == _PLAIN
    out[at + 1] = np.where(plain, values & 0xFF, _HEADS[form])
    big_endian = values.astype(">i8").view(np.uint8).reshape(-1, 8)
    for width in (1, 2, 4, 8):
        these = np.flatnonzero(_WIDTHS[form] == width)
        for byte in range(width):
            out[at[these] + 2 + byte] = big_endian[these, 8 - width + byte]
