"""Packed blocks as arrays: many cells decoded side by side, several times faster than one dictionary after the other.

What is decoded is what ``models.measures`` packs. Which rows are read, and what their sums are for, is in
``store.day_reading``.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.blocks import Slots
from models.measures import NAMES, Packed, unpacked

Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Places = NDArray[np.intp]

CHUNK = 4_096
"""Cells decoded at once: their counts (4 MB) stay in the processor's caches."""
WIDTH = len(NAMES)
_NOWHERE = WIDTH
"""The column of counts that are done by hand."""
_PLAIN = min(WIDTH, 0x80)
"""Keys below are numbers of ours, and a single byte."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Some cells: cell i lies at ``slot[i]`` of block ``block[i]``, and ``counts[i]`` are its counts, by number.

    ``counts`` is (cells, ``WIDTH``), lent until the next cells are asked for. ``unnumbered`` are counts of measures
    that go by name, with the cell's place here.
    """

    block: Places
    slot: Places
    counts: Ints
    unnumbered: list[tuple[int, dict[str, int]]]

    def between(self, start: int, stop: int) -> "Cells":
        """Return cells ``start`` to ``stop`` − 1."""
        named = [(cell - start, counts) for cell, counts in self.unnumbered if start <= cell < stop]
        return Cells(self.block[start:stop], self.slot[start:stop], self.counts[start:stop], named)


def cells_of(blocks: Iterable[tuple[int, Slots]]) -> Iterator[Cells]:
    """Yield the cells of ``blocks``, each with a number of the caller's, in their order, some thousand cells at a time.

    Counts must fit 64 bits, signed.
    """
    lent = np.zeros((CHUNK, WIDTH + 1), dtype=np.int64)
    for block, slot, packed in _some_thousand(blocks):
        lent[: len(packed)] = 0
        odd = [(cell, _by_hand(lent[cell], packed[cell])) for cell in _fill(lent, packed)]
        yield Cells(
            block=np.array(block, dtype=np.intp),
            slot=np.array(slot, dtype=np.intp),
            counts=lent[: len(packed), :WIDTH],
            unnumbered=[(cell, counts) for cell, counts in odd if counts],
        )


def _some_thousand(blocks: Iterable[tuple[int, Slots]]) -> Iterator[tuple[list[int], list[int], list[Packed]]]:
    """Yield block numbers, slots and packed counts of runs of at most ``CHUNK`` cells, none of them empty."""
    block: list[int] = []
    slot: list[int] = []
    packed: list[Packed] = []
    for number, cells in blocks:
        if packed and len(packed) + len(cells) > CHUNK:
            yield block, slot, packed
            block, slot, packed = [], [], []
        block += [number] * len(cells)
        slot += cells
        packed += cells.values()
    if packed:
        yield block, slot, packed


def _by_hand(row: Ints, packed: Packed) -> dict[str, int]:
    """Decode a cell that holds names: fill ``row`` with what has a number by now, return the rest.

    Numbers beyond ours, which only a later program can have written, are passed over.
    """
    row[:] = 0
    rest: dict[str, int] = {}
    for key, value in unpacked(packed).items():
        number = _NUMBERS.get(key) if isinstance(key, str) else key
        if number is None:
            rest[str(key)] = value
        elif number < WIDTH:
            row[number] += value
    return rest


def _fill(into: Ints, packed: Sequence[Packed]) -> list[int]:
    """Write the counts of each packed cell into its row of ``into``, all zero; return the cells to be done by hand.

    All cells advance together, one measure a step, those with the most measures the longest. MessagePack: the map's
    head, then keys and values, each an integer of 1 to 9 bytes (a key may be a text), told by its first byte.
    Source: https://github.com/msgpack/msgpack/blob/master/spec.md
    """
    joined = b"".join(packed) + bytes(8)
    data = np.frombuffer(joined, dtype=np.uint8)
    words = np.ndarray((len(joined) - 3,), dtype=">u4", buffer=joined, strides=(1,))  # the four bytes from each byte on
    at, measures = _begun(data, np.fromiter(map(len, packed), np.intp, len(packed)))
    most_first = np.argsort(-measures, kind="stable")
    at, row = at[most_first], most_first * into.shape[1]
    counts, rare = into.reshape(-1), _Rare(joined)
    odd: set[int] = set()
    for live in _still_live(measures[most_first]):
        at, row = at[:live], row[:live]
        key: Places | Bytes = data.take(at)
        if key.max() < _PLAIN:
            at = at + 1
        else:
            key, at = _long_keys(data, at)
            odd.update(most_first[:live][key == _NOWHERE].tolist())
        head, target = data.take(at), row + key
        value = words[at + 1].astype(np.int64)
        value >>= _SHIFT.take(head)
        value += _SMALL.take(head)
        counts[target] = value
        rare.note(head, at, target)
        at = at + _LENGTH.take(head)
    rare.settle(counts)
    return sorted(odd)


def _begun(data: Bytes, lengths: Places) -> tuple[Places, Places]:
    """Return where the first key of each map lies, and how many keys it has."""
    at = np.cumsum(lengths) - lengths
    head = data[at]
    measures = (head & 0x0F).astype(np.intp)
    many = np.flatnonzero(head == _MAP16)
    measures[many] = (data[at[many] + 1].astype(np.intp) << 8) | data[at[many] + 2]
    return at + np.where(head == _MAP16, 3, 1), measures


def _still_live(measures: Places) -> list[int]:
    """Return, step by step, how many cells have that many measures; ``measures`` fall."""
    steps = np.arange(1, int(measures.max(initial=0)) + 1)
    live: list[int] = np.searchsorted(-measures, -steps, side="right").tolist()
    return live


def _long_keys(data: Bytes, at: Places) -> tuple[Places, Places]:
    """Return the keys at ``at``, ``_NOWHERE`` for those that are no number of ours, and where their values begin."""
    head = data[at]
    key, length = head.astype(np.intp), _LENGTH[head]
    key[head == _UINT8] = data[at[head == _UINT8] + 1]
    for code, size in ((_STR8, 1), (_STR16, 2)):
        texts = np.flatnonzero(head == code)
        for place in at[texts].tolist():
            length[at == place] = 1 + size + int.from_bytes(data[place + 1 : place + 1 + size].tobytes(), "big")
    key[((head >= _PLAIN) & (head != _UINT8)) | (key >= WIDTH)] = _NOWHERE
    return key, at + length


class _Rare:
    """Values that are negative or beyond 32 bits, gathered step by step and decoded in one go."""

    def __init__(self, joined: bytes) -> None:
        self._words = np.ndarray((len(joined) - 7,), dtype=">i8", buffer=joined, strides=(1,))
        self._found: list[tuple[Bytes, Places, Places]] = []

    def note(self, head: Bytes, at: Places, target: Places) -> None:
        """Remember the rare ones among values at ``at`` that belong to ``target``."""
        which = np.flatnonzero(_RARE.take(head))
        if which.size:
            self._found.append((head[which], at[which], target[which]))

    def settle(self, counts: Ints) -> None:
        """Write them all where they belong."""
        if self._found:
            head, at, target = (np.concatenate(parts) for parts in zip(*self._found, strict=True))
            # Eight bytes as a signed number, shifted to the value's own: its sign comes along.
            counts[target] = self._words[at + 1].astype(np.int64) >> _RARE_SHIFT.take(head)


_MAP16, _UINT8, _STR8, _STR16 = 0xDE, 0xCC, 0xD9, 0xDA
_UNSIGNED = {0xCC: 1, 0xCD: 2, 0xCE: 4}
_SIGNED = {0xCF: 8, 0xD0: 1, 0xD1: 2, 0xD2: 4, 0xD3: 8}
"""First byte → bytes that follow. Eight unsigned ones are taken for signed: no count comes near 2^63."""
_NUMBERS = {name: number for number, name in enumerate(NAMES)}


def _by_head(default: int, known: dict[int, int]) -> Ints:
    table = np.full(256, default, dtype=np.int64)
    table[list(known)] = list(known.values())
    return table


_TEXTS = {0xA0 + length: 1 + length for length in range(32)}
_LENGTH: Places = _by_head(1, _TEXTS | {head: 1 + size for head, size in (_UNSIGNED | _SIGNED).items()}).astype(np.intp)
"""By first byte, how long a key or value is; longer texts tell it themselves."""
_SHIFT = _by_head(32, {head: 32 - 8 * size for head, size in _UNSIGNED.items()})
"""By first byte, how far the four bytes that follow are shifted to leave the value's own: away, for none."""
_SMALL = _by_head(0, {n: n for n in range(0x80)} | {0x100 + n: n for n in range(-32, 0)})
"""By first byte, the value that it is itself."""
_RARE = _by_head(0, dict.fromkeys(_SIGNED, 1))
_RARE_SHIFT = _by_head(0, {head: 64 - 8 * size for head, size in _SIGNED.items()})
