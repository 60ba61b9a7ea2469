"""How blocks of cells are packed: MessagePack, place in the block → measure's number → count.

Which number a measure has is in ``models.measures``, which cells make a block in ``models.blocks``.
"""

from collections.abc import Iterable, Mapping

import msgspec

from models.blocks import Slots
from models.cells import Counts
from models.measures import NAMES, Coded, Packed, added, coded, named, unpacked

_encode = msgspec.msgpack.Encoder().encode
_slots = msgspec.msgpack.Decoder(dict[int, Coded]).decode
_raw = msgspec.msgpack.Decoder(Slots).decode


def pack(slots: Mapping[int, Packed | Coded]) -> bytes:
    """Return ``slots`` as the bytes a block's row keeps."""
    return _encode(slots)


NOTHING = pack({})
"""What a block that comes to nothing would keep."""


def unpack(data: bytes) -> dict[int, Coded]:
    """Return what ``pack`` made ``data`` from, all of it decoded."""
    return _slots(data)


def slots_of(data: bytes) -> Slots:
    """Return what ``pack`` made ``data`` from, each cell's counts still packed."""
    return _raw(data)


def plus(held: bytes, more: Mapping[int, Packed]) -> bytes:
    """Return packed ``held`` with ``more`` added, packed; ``NOTHING`` when they cancel out.

    Cells that ``more`` does not touch are copied as they lie, undecoded.
    """
    there = _raw(held)
    block: dict[int, Packed | Coded] = {**there}
    for slot, counts in more.items():
        before = there.get(slot)
        if before is None:
            block[slot] = counts
        elif total := added(unpacked(before), unpacked(counts)):
            block[slot] = total
        else:
            del block[slot]
    return _encode(block)


def total(parts: Iterable[Coded]) -> Counts:
    """Return the sum of counts by name, in the order of names; what comes to nothing is left out.

    >>> total([coded({"contact.n": 2}), coded({"contact.n": -1, "journey.n": 0})])
    {'contact.n': 1}
    """
    sums: Coded = {}
    for part in parts:
        added(sums, part)
    return named(sums)


__all__ = ["NAMES", "NOTHING", "Coded", "coded", "pack", "plus", "slots_of", "total", "unpack"]
