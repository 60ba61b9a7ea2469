"""The short memory of facts that left a customer's row: enough to know a late redelivery, too little to know more.

Eight bytes a fact: five of its identity, three of its content. It is only asked about events older than the freezing
horizon, so the odds that two of one customer's events share five bytes stay below one in a hundred million.
"""

import hashlib
from collections.abc import Iterable
from typing import Literal

from models.facts import AnyFact

BYTES = 8
_IDENTITY = 5
KEPT = 4_096
"""Facts remembered for one customer, the latest; 32 KB of row at most."""

Recollection = Literal["new", "same", "other"]


def mark(fact: AnyFact) -> bytes:
    """Return the eight bytes that ``fact`` is remembered by."""
    identity = hashlib.blake2b(f"{fact.source}\0{fact.id}".encode(), digest_size=_IDENTITY).digest()
    return identity + (fact.content & 0xFFFFFF).to_bytes(BYTES - _IDENTITY, "big")


def remember(seen: bytes, facts: Iterable[AnyFact]) -> bytes:
    """Return ``seen`` with ``facts`` added; the oldest beyond ``KEPT`` are forgotten."""
    return (seen + b"".join(mark(fact) for fact in facts))[-BYTES * KEPT :]


def recall(seen: bytes, fact: AnyFact) -> Recollection:
    """Tell whether ``fact`` is in ``seen``: ``same``; or another content under its identity: ``other``; or ``new``."""
    if not seen:
        return "new"
    wanted = mark(fact)
    found: Recollection = "new"
    for start in range(0, len(seen), BYTES):
        if seen[start : start + _IDENTITY] == wanted[:_IDENTITY]:
            if seen[start : start + BYTES] == wanted:
                return "same"
            found = "other"
    return found
