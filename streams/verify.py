"""Checking a store against its own log and facts: what must hold always, and where it does not.

::

    1. every record is accounted for: received = scored + duplicates + dead letters;
    2. no partition stands beyond the end of its log;
    3. ledgers add up to the scores they explain;
    4. what each row says it contributed is what its facts contribute under the definitions it was written with;
    5. the cells are the sum of what the rows, in play and archived, say they contributed.

Reads one partition's customers at a time. Records that are not folded yet are no fault; they are told apart.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from models.blocks import Blocks, summed
from models.cells import CellKey, Contribution, Counts
from models.customers import CustomerState, unpack, unpack_contributions
from models.definitions import Definitions
from models.effects import ArchivedJourney
from models.identifiers import FULL, Offset, Partition, Subject
from models.partitions import group_of
from models.scoring import journeys_of, ledger_by_cause, ledger_by_event, score_journey
from store.database import Store
from store.partitions import Position
from streams.cells import CellDifferences
from streams.chunks import Log
from streams.facts import FactBook
from streams.journeys import refreshed

SHOWN = 20
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

    def as_json(self) -> dict[str, object]:
        """Return it the way ``verify --json`` prints it."""
        return {
            "ok": self.ok,
            "differences": self.differences,
            "customers": self.customers,
            "cells": self.cells,
            "unfolded": self.unfolded,
        }


def verify(store: Store, log: Log | None = None) -> Verified:
    """Return what does not hold in ``store``, seen at one moment; ``log`` is what it is built from, or else its own."""
    result = Verified()
    with store.snapshot():
        positions = store.partitions.positions()
        ends = (log or store.log).ends()  # after the positions: whoever folds on meanwhile is not taken to be ahead
        versions = _versions(store)
        contributed: list[Blocks] = []
        horizon = NEVER
        for partition, position in positions.items():
            _check_position(position, ends.get(partition, Offset(0)), result)
            sums, expired = _check_rows(store, partition, versions, result)
            contributed.append(sums)
            horizon = max(horizon, expired)
        _check_cells(dict(summed(contributed)), dict(store.cells.every()), horizon, result)
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
    store: Store, partition: Partition, versions: Mapping[int, Definitions], result: Verified
) -> tuple[Blocks, int]:
    """Check the customers of ``partition``; return the cells they add up to, and until when more was added to those."""
    sums = CellDifferences()
    horizon = NEVER
    for row in store.customers.each(partition):
        result.customers += 1
        state = unpack(row.state)
        archived = store.archive.of(row.subject)
        horizon = max(horizon, _expired(state, archived))
        _check_customer(row.subject, state, versions, result)
        sums.gather(((c, 1) for c in _contributions(state, archived)), group_of(row.subject.encode()))
    return sums.expanded(), horizon


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


def _check_cells(
    expected: Mapping[CellKey, Counts], kept: Mapping[CellKey, Counts], horizon: int, result: Verified
) -> None:
    result.cells += len(kept)
    for key in sorted(expected.keys() | kept.keys()):
        if key.bucket <= horizon:
            continue
        should, does = expected.get(key, {}), kept.get(key, {})
        if key.grain == "5m" and not does:
            continue  # kept for two days only
        if should != does:
            names = sorted(name for name in should.keys() | does.keys() if should.get(name, 0) != does.get(name, 0))
            name = names[0]
            result.differ(
                f"cell {key.scope} {key.grain} {key.bucket} under {key.policy}: {name} is "
                f"{does.get(name, 0)}, the rows sum to {should.get(name, 0)}"
            )
