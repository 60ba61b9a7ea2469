"""Checking a store against its own log and facts: what must hold always, and where it does not.

::

    1. every record is accounted for: received = scored + duplicates + dead letters;
    2. no partition stands beyond the end of its log;
    3. ledgers add up to the scores they explain;
    4. what each row says it contributed is what its facts contribute under the definitions it was written with;
    5. the cells are the sum of what the rows, in play and archived, say they contributed.

Customers and cells are read page by page; memory holds what the rows sum to, once and packed. Records that are not
folded yet are no fault; they are told apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest

from models.blocks import Blocks
from models.cells import CellKey, Contribution, Counts
from models.customers import CustomerState, unpack, unpack_contributions
from models.definitions import Definitions
from models.effects import ArchivedJourney
from models.identifiers import FULL, Millis, Offset, Partition, Subject
from models.measures import added, packed, unpacked
from models.partitions import group_of
from models.scoring import journeys_of, ledger_by_cause, ledger_by_event, score_journey
from store.database import Store
from store.partitions import Position
from store.retention import Retention, oldest_five_minutes
from streams.cells import CellDifferences, Change
from streams.chunks import Log
from streams.facts import FactBook
from streams.journeys import refreshed

SHOWN = 20
TOGETHER = 5_000
"""Customers whose contributions are summed at once; until then each takes some fifteen kilobytes."""
NEVER = -1


@dataclass(slots=True)
class Verified:
    """What a check found."""

    differences: list[str] = field(default_factory=list)
    customers: int = 0
    cells: int = 0
    unfolded: int = 0
    """Records in the log that are not folded yet."""
    found: int = 0
    """How many differences there are; ``differences`` tells the first of them."""

    @property
    def ok(self) -> bool:
        """Everything holds."""
        return not self.found

    def differ(self, sentence: str) -> None:
        """Note one difference."""
        self.found += 1
        if len(self.differences) < SHOWN:
            self.differences.append(sentence)

    def differ_by(self, found: Iterable[tuple[CellKey, str]]) -> None:
        """Note differences that come in no order; those with the lowest keys are told."""
        first = nsmallest(SHOWN, self._counted(found))
        self.differences += [sentence for _, sentence in first][: SHOWN - len(self.differences)]

    def _counted(self, found: Iterable[tuple[CellKey, str]]) -> Iterator[tuple[CellKey, str]]:
        for one in found:
            self.found += 1
            yield one

    def as_json(self) -> dict[str, object]:
        """Return it the way ``verify --json`` prints it."""
        return {
            "ok": self.ok,
            "differences": self.differences,
            "customers": self.customers,
            "cells": self.cells,
            "unfolded": self.unfolded,
        }


class Sums:
    """What rows add to the cells."""

    def __init__(self) -> None:
        self._blocks = Blocks()
        self._fresh = CellDifferences()
        self._customers = 0

    def gather(self, found: Iterable[Change], group: int) -> None:
        """Add what a customer of ``group`` contributed."""
        self._fresh.gather(found, group)
        self._customers += 1
        if self._customers % TOGETHER == 0:
            self._settle()

    def blocks(self) -> Blocks:
        """Return the sums so far; cells that came to nothing may be among them."""
        self._settle()
        return self._blocks

    def _settle(self) -> None:
        for key, scopes in self._fresh.expanded().rows.items():
            rows = self._blocks.rows.setdefault(key, {})
            for scope, slots in scopes.items():
                row = rows.setdefault(scope, {})
                for slot, counts in slots.items():
                    row[slot] = packed(added(unpacked(row[slot]), unpacked(counts))) if slot in row else counts
        self._fresh = CellDifferences()


def verify(store: Store, log: Log | None = None) -> Verified:
    """Return what does not hold in ``store``, seen at one moment; ``log`` is what it is built from, or else its own."""
    result = Verified()
    with store.snapshot():
        positions = store.partitions.positions()
        ends = (log or store.log).ends()  # after the positions: whoever folds on meanwhile is not taken to be ahead
        versions = _versions(store)
        sums = Sums()
        horizon = NEVER
        for partition, position in positions.items():
            _check_position(position, ends.get(partition, Offset(0)), result)
            horizon = max(horizon, _check_rows(store, partition, versions, sums, result))
        oldest = oldest_five_minutes(max((at.watermark for at in positions.values()), default=Millis(0)), Retention())
        _check_cells(sums.blocks(), _lasting(store.cells.every(), oldest), horizon, result)
    return result


def _versions(store: Store) -> dict[int, Definitions]:
    return {
        definitions.version: definitions
        for timeline in store.definitions.timelines().values()
        for _, definitions in timeline.steps
    }


def _check_position(position: Position, end: Offset, result: Verified) -> None:
    counted, partition = position.counters, position.partition
    accounted = counted.scored + counted.duplicates + counted.dead_letters
    if counted.received != accounted:
        result.differ(
            f"partition {partition}: received {counted.received}, but scored + duplicates + dead letters = {accounted}"
        )
    if position.next_offset > end:
        result.differ(f"partition {partition}: the store stands at {position.next_offset}, the log ends at {end}")
    result.unfolded += max(0, end - position.next_offset)


def _check_rows(
    store: Store, partition: Partition, versions: Mapping[int, Definitions], sums: Sums, result: Verified
) -> int:
    """Check the customers of ``partition`` and add them to ``sums``; return until when more was added to the cells."""
    horizon = NEVER
    for row in store.customers.each(partition):
        result.customers += 1
        state = unpack(row.state)
        archived = store.archive.of(row.subject)
        horizon = max(horizon, _expired(state, archived))
        _check_customer(row.subject, state, versions, result)
        sums.gather(((c, 1) for c in _contributions(state, archived)), group_of(row.subject.encode()))
    return horizon


def _contributions(state: CustomerState, archived: Iterable[ArchivedJourney]) -> Iterator[Contribution]:
    for journey in state.applied:
        yield from journey.contributions
    for old in archived:
        yield from unpack_contributions(old.contributions)


def _expired(state: CustomerState, archived: Iterable[ArchivedJourney]) -> int:
    """Return the latest end of the journeys whose archive has expired: until then cells hold more than rows tell."""
    kept = {old.key for old in archived}
    return max((journey.ended for journey in state.frozen if journey.key not in kept), default=NEVER)


def _check_customer(
    subject: Subject, state: CustomerState, versions: Mapping[int, Definitions], result: Verified
) -> None:
    definitions = versions.get(state.version)
    if definitions is None:
        return  # written under definitions that never applied to an offset; the next event writes it anew
    now = refreshed(FactBook.of(state), {}, state.frozen, definitions, anew=True).applied
    applied = {journey.key: journey for journey in state.applied}
    for key in sorted(now.keys() | applied.keys()):
        one, other = applied.get(key), now.get(key)
        if one is None or other is None or one.contributions != other.contributions:
            result.differ(f"customer {subject}, journey {key}: the row's contributions are not those of its facts")
    _check_ledgers(subject, state, definitions, result)


def _check_ledgers(subject: Subject, state: CustomerState, definitions: Definitions, result: Verified) -> None:
    policy = definitions.active
    for journey in journeys_of(state.facts, policy, {frozen.key for frozen in state.frozen}):
        score = score_journey(journey, policy, state.asof)
        if score.shown is None:
            continue
        lost = sum(line.points for line in ledger_by_cause(journey, policy, state.asof).lines)
        moved = sum(line.delta for line in ledger_by_event(journey, policy, state.asof))
        if lost != FULL - score.shown:
            result.differ(f"customer {subject}, journey {journey.key}: causes sum to {lost}, not {FULL - score.shown}")
        if moved != score.shown - FULL:
            result.differ(f"customer {subject}, journey {journey.key}: events sum to {moved}, not {score.shown - FULL}")


def _lasting(cells: Iterable[tuple[CellKey, Counts]], oldest: Millis) -> Iterator[tuple[CellKey, Counts]]:
    """Yield ``cells`` without those of five minutes that are old: a late change may leave its difference there."""
    return ((key, counts) for key, counts in cells if key.grain != "5m" or key.bucket >= oldest)


def _check_cells(expected: Blocks, kept: Iterable[tuple[CellKey, Counts]], horizon: int, result: Verified) -> None:
    """Compare what rows sum to with the cells as they are read; ``expected`` is used up."""

    def differing() -> Iterator[tuple[CellKey, str]]:
        for key, does in kept:
            result.cells += 1
            should = expected.pop(key, {})
            if should != does and key.bucket > horizon:
                yield key, _told(key, should, does)
        for key, should in expected.items():
            # Five minutes are kept for two days only.
            if should and key.bucket > horizon and key.grain != "5m":
                yield key, _told(key, should, {})

    result.differ_by(differing())


def _told(key: CellKey, should: Counts, does: Counts) -> str:
    name = min(name for name in should.keys() | does.keys() if should.get(name, 0) != does.get(name, 0))
    return (
        f"cell {key.scope} {key.grain} {key.bucket} under {key.policy}: {name} is {does.get(name, 0)}, "
        f"the rows sum to {should.get(name, 0)}"
    )
