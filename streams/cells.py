"""From contributions to cells: which scopes, which spans of time, which customer groups a difference lands in.

Three steps, so that most additions happen once for many: contributions that share their scopes and their finest span
are summed first, then their scopes, then the spans. Addition is exact, so the grouping changes no bit of the result.
Counts are shared between cells until a second one is added to them: on sparse data one dictionary serves twenty cells,
and is packed once.
"""

from collections.abc import Hashable, Iterable
from typing import Generic, NamedTuple, TypeVar

from models.cells import CellKey, Contribution, Counts, Grain, bucket_of
from models.identifiers import Millis

K = TypeVar("K", bound=Hashable)

Change = tuple[Contribution, int]
"""A contribution to add (1) or to take back (−1)."""


class _Slot(NamedTuple):
    """Where contributions can be summed before anything is known of scopes and spans."""

    policy: str
    finest: Millis
    live: bool
    group: int


_Span = tuple[str, Grain, Millis, int]
"""Policy, grain, bucket, group: what cells of many scopes share."""


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
        self._slots: dict[_Slot, _Sums[tuple[str, ...]]] = {}

    def gather(self, found: Iterable[Change], group: int) -> None:
        """Add the changes of a customer of ``group``."""
        for contribution, sign in found:
            live, counts = contribution.live, contribution.counts
            slot = _Slot(contribution.policy, bucket_of(contribution.at, "5m" if live else "hour"), live, group)
            sums = self._slots.get(slot)
            if sums is None:
                sums = self._slots[slot] = _Sums()
            if sign < 0 or 0 in counts.values():
                counts = {key: sign * value for key, value in counts.items() if value}
            sums.add((contribution.scopes,), counts)

    def expanded(self) -> dict[CellKey, Counts]:
        """Return the differences cell by cell, without those that cancelled out. Counts may be shared: change none."""
        spans: dict[_Span, _Sums[str]] = {}
        for slot, bundles in self._slots.items():
            sliced = _Sums[str]()
            for scopes, counts in bundles.settled().items():
                sliced.add(scopes, counts)
            for span in _spans(slot):
                sums = spans.get(span)
                if sums is None:
                    sums = spans[span] = _Sums()
                for scope, counts in sliced.settled().items():
                    sums.add((scope,), counts)
        return {
            CellKey(policy, scope, grain, bucket, group): counts
            for (policy, grain, bucket, group), sums in spans.items()
            for scope, counts in sums.settled().items()
            if counts
        }


def _spans(slot: _Slot) -> list[_Span]:
    """Return the spans that what happened in ``slot`` counts for."""
    policy, finest, live, group = slot
    found: list[_Span] = [
        (policy, "day", bucket_of(finest, "day"), group),
        (policy, "hour", bucket_of(finest, "hour"), -1),
    ]
    return [*found, (policy, "5m", finest, -1)] if live else found


class _Sums(Generic[K]):
    """Sums by key; a sum of one is the very thing that was added, and is copied before it changes."""

    __slots__ = ("_own", "held")

    def __init__(self) -> None:
        self.held: dict[K, Counts] = {}
        self._own: dict[K, Counts] = {}

    def add(self, keys: Iterable[K], counts: Counts) -> None:
        """Add ``counts`` under each of ``keys``."""
        held, own = self.held, self._own
        for key in keys:
            into = own.get(key)
            if into is None:
                so_far = held.get(key)
                if so_far is None:
                    held[key] = counts
                    continue
                into = held[key] = own[key] = dict(so_far)
            # ``models.cells.add`` drops zeros at once; here, in the stream's hottest loop, that waits for ``settled``.
            get = into.get
            for name, value in counts.items():
                into[name] = get(name, 0) + value

    def settled(self) -> dict[K, Counts]:
        """Return the sums, without what came to nothing."""
        held = self.held
        for key, counts in self._own.items():
            if 0 in counts.values():
                held[key] = {name: value for name, value in counts.items() if value}
        return held
