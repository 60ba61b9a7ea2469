"""Which arm a unit belongs to: a pure function of (salt, unit), the same in every program that asks.

The algorithm, for clients in any language (vectors: ``assignment_vectors.json`` beside this file):

1. ``h`` = the first 8 bytes, as an unsigned big-endian integer, of SHA-256(UTF-8(salt) + one zero byte + UTF-8(unit)).
2. ``point`` = ⌊h · W / 2⁶⁴⌋, W the sum of the arms' positive integer weights (exact integer arithmetic, no floats).
3. The arm is the first, in the plan's order, whose cumulated weight exceeds ``point``.

The salt belongs to one attempt of one experiment: a retry has a new one, so that no unit keeps its old arm.
Weights never change while an experiment runs (they are part of the frozen plan).
"""

import hashlib
from collections.abc import Sequence

from models.errors import InvalidInput

MAX_WEIGHT = 1_000_000

SIMULATED_UNITS = 20_000
"""How many made-up units the simulated assignment spreads before a start."""


def point_of(salt: str, unit: str, total: int) -> int:
    """Return where the unit falls in [0, total): uniform, independent between salts.

    >>> point_of("spring-call-back/1", "p1_abc", 100)
    68
    """
    digest = hashlib.sha256(salt.encode() + b"\x00" + unit.encode()).digest()
    return int.from_bytes(digest[:8], "big") * total >> 64


def arm_of(salt: str, unit: str, arms: Sequence[tuple[str, int]]) -> str:
    """Return the unit's arm; ``arms`` are (name, weight) in the plan's order.

    >>> arm_of("spring-call-back/1", "p1_abc", [("control", 1), ("call back", 1)])
    'call back'
    """
    faulty = [name for name, weight in arms if not 1 <= weight <= MAX_WEIGHT]
    if faulty or not arms:
        raise InvalidInput(f"arms: {faulty or 'none'}; give every arm an integer weight from 1 to {MAX_WEIGHT}")
    if not salt or "\x00" in salt:
        raise InvalidInput("salt: empty or with a zero character; give the experiment's salt")
    return arm_of_point(point_of(salt, unit, sum(weight for _, weight in arms)), arms)


def arm_of_point(point: int, arms: Sequence[tuple[str, int]]) -> str:
    """Return the first arm whose cumulated weight exceeds ``point``, which lies below the sum of the weights.

    >>> [arm_of_point(point, [("control", 1), ("call back", 2)]) for point in range(3)]
    ['control', 'call back', 'call back']
    """
    for name, weight in arms:
        if point < weight:
            return name
        point -= weight
    raise AssertionError(point)  # pragma: no cover - a point is below the weights' sum


def simulated(salt: str, arms: Sequence[tuple[str, int]], units: int = SIMULATED_UNITS) -> dict[str, int]:
    """Return how many of ``units`` made-up units each arm receives: the rehearsal before a start.

    >>> sum(simulated("spring-call-back/1", [("control", 1), ("call back", 1)], units=100).values())
    100
    """
    counts = dict.fromkeys((name for name, _ in arms), 0)
    for i in range(units):
        counts[arm_of(salt, f"simulated-{i}", arms)] += 1
    return counts
