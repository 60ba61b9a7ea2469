"""What else chance could have drawn: the p-value of a result among all the assignments that the design allowed.

Where the units are few and large (sites, hours, waves) this is the test that assumes nothing: who was treated was
drawn, and everything else is as it was. The draws come from the seed that was committed with the plan, so nobody can
look for luckier ones. Few enough assignments are enumerated instead, and the p-value is exact.

Sources: Fisher (1935), *The Design of Experiments*; Phipson & Smyth (2010), *SAGMB* 9(1), for (1 + b)/(1 + m).
"""

import hashlib
from collections.abc import Sequence
from functools import lru_cache
from itertools import combinations, product
from math import comb

import numpy as np
import numpy.typing as npt

DRAWS = 9_999
ENUMERATED = 20_000
"""Up to so many assignments all of them are looked at."""

KEPT = 8
"""Sets of draws kept for the next look, of a few megabytes each."""

_ROUNDING = 1e-9

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]
Signs = npt.NDArray[np.int8]


def _words(seed: str, rows: int, columns: int) -> npt.NDArray[np.uint64]:
    """Return random 64-bit words that depend on ``seed`` alone: NumPy keeps a bit generator's stream for ever."""
    key = int.from_bytes(hashlib.sha256(seed.encode()).digest()[:16], "big")
    return np.random.PCG64(key).random_raw(rows * columns).reshape(rows, columns)


@lru_cache(maxsize=KEPT)
def allocations(clusters: int, treated: int, seed: str) -> tuple[Bools, bool]:
    """Return assignments of ``treated`` out of ``clusters``, shape (m, clusters), and whether these are all.

    >>> allocations(4, 2, "s")[0].astype(int).tolist()[:2], len(allocations(4, 2, "s")[0])
    ([[1, 1, 0, 0], [1, 0, 1, 0]], 6)
    >>> len(allocations(40, 20, "s")[0]), allocations(40, 20, "s")[1]
    (9999, False)
    """
    if comb(clusters, treated) > ENUMERATED:
        return drawn_masks(clusters, treated, DRAWS, seed), False
    chosen = np.array(list(combinations(range(clusters), treated)))
    masks = np.zeros((len(chosen), clusters), dtype=np.bool_)
    np.put_along_axis(masks, chosen, values=True, axis=1)
    return masks, True


def drawn_masks(units: int, chosen: int, rows: int, seed: str) -> Bools:
    """Return ``rows`` random choices of ``chosen`` out of ``units``, shape (rows, units).

    >>> drawn_masks(10, 4, 3, "s").sum(axis=1).tolist()
    [4, 4, 4]
    """
    indices = np.argsort(_words(seed, rows, units), axis=1, kind="stable")[:, :chosen]
    masks = np.zeros((rows, units), dtype=np.bool_)
    np.put_along_axis(masks, indices, values=True, axis=1)
    return masks


@lru_cache(maxsize=KEPT)
def signs(blocks: int, seed: str) -> tuple[Signs, bool]:
    """Return orders of ``blocks`` two-period blocks as ±1, shape (m, blocks), and whether these are all.

    >>> signs(2, "s")[0].tolist(), len(signs(50, "s")[0])
    ([[1, 1], [1, -1], [-1, 1], [-1, -1]], 9999)
    """
    if 2**blocks <= ENUMERATED:
        return np.array(list(product((1, -1), repeat=blocks)), dtype=np.int8), True
    tosses = np.where(_words(seed, DRAWS, blocks) >> np.uint64(63), 1, -1).astype(np.int8)
    return tosses, False


@lru_cache(maxsize=KEPT)
def orders(clusters: int, seed: str) -> tuple[Ints, bool]:
    """Return ``DRAWS`` orders of the clusters, shape (m, clusters), which are never all.

    >>> sorted(orders(5, "s")[0][0].tolist())
    [0, 1, 2, 3, 4]
    """
    return np.argsort(_words(seed, DRAWS, clusters), axis=1, kind="stable").astype(np.int32), False


def p_value(observed: float, reference: Floats, *, exact: bool) -> float:
    """Return the share of assignments with a statistic at least as far from zero as ``observed``.

    ``reference`` (shape (m,)) holds every assignment when ``exact``, the actual one included; else it was drawn, and
    the actual one is added to it.

    >>> p_value(2.0, np.array([2.0, -2.0, 1.0, 0.0]), exact=True), p_value(2.0, np.array([1.0, 0.0, 0.0]), exact=False)
    (0.5, 0.25)
    """
    size = np.abs(reference)
    as_far = int((size >= abs(observed) - _ROUNDING * max(abs(observed), float(size.max(initial=0.0)))).sum())
    return as_far / len(reference) if exact else (1 + as_far) / (1 + len(reference))


def smallest_p(counts: Sequence[int]) -> float:
    """Return the least p-value that clusters split in these numbers can reach, two-sided.

    Of two equal groups each split has a mirror image with the same difference, so two of C(2k, k) are most extreme.

    >>> round(smallest_p([3, 3]), 3), round(smallest_p([5, 5]), 4), round(smallest_p([4, 2]), 4)
    (0.1, 0.0079, 0.0667)
    """
    ways, left = 1, sum(counts)
    for count in counts:
        ways *= comb(left, count)
        left -= count
    mirrored = len(counts) == 2 and len(set(counts)) == 1
    return (2.0 if mirrored else 1.0) / ways
