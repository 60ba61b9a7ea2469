"""Exact integer rounding and sharing: a sum split by largest remainder still adds up.

Nothing here knows what the integers mean. Source of the split: Hamilton's method of largest remainders.
"""

from collections.abc import Mapping


def nearest(numerator: int, denominator: int) -> int:
    """Return ``numerator / denominator`` rounded half up, without a float; ``denominator`` is positive.

    >>> nearest(5, 2), nearest(-5, 2), nearest(7, 3)
    (3, -2, 2)
    """
    return (2 * numerator + denominator) // (2 * denominator)


def apportioned(exact: Mapping[str, int], denominator: int, total: int) -> dict[str, int]:
    """Return integers near ``exact[line] / denominator`` that sum to ``total``; lines that come to zero are left out.

    ``total`` must be the exact sum rounded down, up or to the nearest. Signed lines are fine; of equal remainders the
    alphabetically first line is served first.

    >>> apportioned({"wait": 100, "loop": 100, "step": 100}, 300, 1)
    {'loop': 1}
    >>> apportioned({"wait": 250, "repaired": -100}, 100, 2)
    {'wait': 3, 'repaired': -1}
    """
    shares: dict[str, int] = {}
    remainders: list[tuple[int, str]] = []
    left = total
    for line, value in exact.items():
        whole, remainder = divmod(value, denominator)
        shares[line] = whole
        left -= whole
        if remainder:
            remainders.append((-remainder, line))
    if left:
        remainders.sort()
        for _, line in remainders[:left]:
            shares[line] += 1
    return {line: value for line, value in shares.items() if value}
