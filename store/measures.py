"""Packed blocks of cells, as rows keep them: taken apart, added to, summed.

Which number a measure has is in ``models.measures``, which cells make a block, and how it is packed, in
``models.blocks``.
"""

from collections.abc import Iterable

import msgspec

from models.blocks import pack, slots_of
from models.cells import Counts
from models.measures import NAMES, Coded, Packed, added, coded, named, unpacked

_slots = msgspec.msgpack.Decoder(dict[int, Coded]).decode

NOTHING = pack({})
"""What a block that comes to nothing would keep."""


def unpack(data: bytes) -> dict[int, Coded]:
    """Return what ``pack`` made ``data`` from, all of it decoded."""
    return _slots(data)


def plus(held: bytes, more: bytes) -> bytes:
    """Return packed ``held`` with packed ``more`` added, packed; ``NOTHING`` when they cancel out.

    Cells that ``more`` does not touch are copied as they lie, undecoded.
    """
    there = slots_of(held)
    block: dict[int, Packed | Coded] = {**there}
    for slot, counts in slots_of(more).items():
        before = there.get(slot)
        if before is None:
            block[slot] = counts
        elif total := added(unpacked(before), unpacked(counts)):
            block[slot] = total
        else:
            del block[slot]
    return pack(block)


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
