"""From contributions to cells: which scopes, which spans of time, which customer groups a difference lands in.

Three steps, so that most additions happen once for many: contributions that share their scopes and their finest span
are summed first, then their scopes, then the spans. Addition is exact, so the grouping changes no bit of the result.
Counts are shared between cells until a second one is added to them: on sparse data one dictionary serves twenty cells,
and is packed once.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, TypeVar

from models.cells import CellKey, Contribution, Counts, add, bucket_of
from models.identifiers import Millis

K = TypeVar("K", bound=Hashable)

Change = tuple[Contribution, int]
"""A contribution to add (1) or to take back (−1)."""
_Bundle = tuple[str, tuple[str, ...], Millis, bool, int]
_Slice = tuple[str, str, Millis, bool, int]


def changes(old: tuple[Contribution, ...], new: tuple[Contribution, ...]) -> list[Change]:
    """Return what turns ``old`` into ``new`` in the cells; what both begin with is left alone."""
    kept = 0
    for before, after in zip(old, new, strict=False):
        if before != after:
            break
        kept += 1
    return [(gone, -1) for gone in old[kept:]] + [(come, 1) for come in new[kept:]]


class CellDifferences:
    """What a chunk adds to the cells, gathered customer by customer."""

    def __init__(self) -> None:
        self._bundles = _Sums[_Bundle]()

    def gather(self, found: Iterable[Change], group: int) -> None:
        """Add the changes of a customer of ``group``."""
        bundles = self._bundles
        for contribution, sign in found:
            live = contribution.live
            finest = bucket_of(contribution.at, "5m" if live else "hour")
            counts = contribution.counts
            if sign < 0:
                counts = {key: -value for key, value in counts.items()}
            bundles.add((contribution.policy, contribution.scopes, finest, live, group), counts)

    def expanded(self) -> dict[CellKey, Counts]:
        """Return the differences cell by cell, those that cancelled out left out. Counts may be shared: never change one."""
        slices = _Sums[_Slice]()
        for (policy, scopes, finest, live, group), counts in self._bundles.sums.items():
            if counts:
                for scope in scopes:
                    slices.add((policy, scope, finest, live, group), counts)
        cells = _Sums[CellKey]()
        for (policy, scope, finest, live, group), counts in slices.sums.items():
            if counts:
                cells.add(CellKey(policy, scope, "day", bucket_of(finest, "day"), group), counts)
                cells.add(CellKey(policy, scope, "hour", bucket_of(finest, "hour"), -1), counts)
                if live:
                    cells.add(CellKey(policy, scope, "5m", finest, -1), counts)
        return {key: counts for key, counts in cells.sums.items() if counts}


class _Sums(Generic[K]):
    """Sums by key; a sum of one is the very thing that was added, and is copied before it changes."""

    __slots__ = ("_own", "sums")

    def __init__(self) -> None:
        self.sums: dict[K, Counts] = {}
        self._own: set[K] = set()

    def add(self, key: K, counts: Counts) -> None:
        held = self.sums.get(key)
        if held is None:
            self.sums[key] = counts
            return
        if key not in self._own:
            held = self.sums[key] = dict(held)
            self._own.add(key)
        add(held, counts)
