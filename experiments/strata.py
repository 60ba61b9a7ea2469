"""Listed units, drawn stratum by stratum: where units are few, or somebody asks that each kind be split evenly.

The list is part of the frozen plan; the draw is made at the start and kept with the record, so that forgetting one
customer moves no other. A hash alone (``assignment``) is fair to every stratum too, but only on average.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from experiments.assignment import arm_of_point, point_of

MOST = 20_000
"""Units a plan may list."""
_WORD = 1 << 64


class Listed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One unit (a customer's pseudonym) and the stratum it belongs to."""

    unit: str
    stratum: str = ""


def draw(salt: str, listed: Iterable[Listed], arms: Sequence[tuple[str, int]]) -> tuple[tuple[str, str], ...]:
    """Return (unit, arm) of every listed unit, in the list's order.

    Within a stratum of n units they are put in the order of ``point_of(salt + "/stratum", unit, 2⁶⁴)``; the unit of
    rank r gets the arm at ⌊(2r + 1) · W / 2n⌋ + turn, modulo W, of the arms' cumulated weights, where W is the sum of
    the weights and ``turn`` = ``point_of(salt + "/turn", stratum, W)`` decides who gets the odd one. So each arm has
    its share of every stratum to within one unit a weight.

    >>> drawn = draw("s", [Listed(f"p1_{i}", "gold" if i < 4 else "tin") for i in range(8)], [("a", 1), ("b", 1)])
    >>> [sum(arm == "a" for _, arm in drawn[part]) for part in (slice(0, 4), slice(4, 8))]
    [2, 2]
    """
    members: dict[str, list[str]] = defaultdict(list)
    known = list(listed)
    for each in known:
        members[each.stratum].append(each.unit)
    total = sum(weight for _, weight in arms)
    found: dict[str, str] = {}
    for stratum, units in members.items():
        turn = point_of(f"{salt}/turn", stratum, total)
        ranked = sorted(units, key=lambda unit: (point_of(f"{salt}/stratum", unit, _WORD), unit))
        for rank, unit in enumerate(ranked):
            point = ((2 * rank + 1) * total // (2 * len(ranked)) + turn) % total
            found[unit] = arm_of_point(point, arms)
    return tuple((each.unit, found[each.unit]) for each in known)


def missing_from(listed: Sequence[Listed]) -> Iterator[str]:
    """Yield what is wrong with a list of units, one sentence each.

    >>> list(missing_from([Listed("p1_a"), Listed("p1_a")]))
    ['1 units are listed twice, p1_a for one: a unit belongs to one stratum']
    """
    twice = [unit for unit, times in Counter(each.unit for each in listed).items() if times > 1]
    if twice:
        yield f"{len(twice)} units are listed twice, {twice[0]} for one: a unit belongs to one stratum"
    if any(not each.unit.strip() for each in listed):
        yield "a listed unit has no name"
    if len(listed) > MOST:
        yield f"{len(listed):,} units are listed: at most {MOST:,} can be; let the hash draw among more"
