"""A store in memory that keeps what the real one promises; ``test_simulated_store`` holds them against each other.

A checkpoint is written whole or not at all, and only where each partition stands at its start under its epoch; whoever
else writes rows raises the epoch. What goes wrong with it is in ``troubles``.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from models import blocks
from models.cells import CellKey, Contribution, Counts
from models.customers import unpack, unpack_contributions
from models.definitions import Definitions, Timeline
from models.effects import (
    ArchivedJourney,
    Counters,
    CustomerRow,
    DeadLetter,
    Effects,
    JourneyRow,
    OutboxMessage,
    RescueRow,
    UnitRow,
    Verbatim,
)
from models.errors import Fenced, RowRefused
from models.identifiers import Epoch, Millis, Offset, Partition, Subject
from models.partitions import group_of, partition_of
from streams.cells import CellDifferences
from streams.keeper import HandOn
from streams.rows import Found, Wanted
from tests.simulation.events import POISON

Of = tuple[Partition, Subject]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition stands."""

    next_offset: Offset
    epoch: Epoch
    watermark: Millis
    counters: Counters


@dataclass(slots=True)
class Tables:
    """Every row, by its key."""

    customers: dict[Of, CustomerRow] = field(default_factory=dict)
    journeys: dict[tuple[Of, str], JourneyRow] = field(default_factory=dict)
    archived: dict[tuple[Of, str], ArchivedJourney] = field(default_factory=dict)
    cells: dict[Partition, list[Mapping[CellKey, Counts]]] = field(default_factory=lambda: defaultdict(list))
    """Everything that was ever added, unsummed: adding is exact, so once at the end will do."""
    rescues: dict[tuple[Of, str], RescueRow] = field(default_factory=dict)
    units: dict[tuple[Of, str], UnitRow] = field(default_factory=dict)
    verbatims: dict[tuple[Of, str], Verbatim] = field(default_factory=dict)
    dead_letters: dict[tuple[Partition, Offset], DeadLetter] = field(default_factory=dict)
    outbox: dict[tuple[Partition, Offset, int], OutboxMessage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Erased:
    """Who was forgotten, and where their partition stood then."""

    subject: Subject
    partition: Partition
    at: Offset


class MemoryStore:
    """``streams.keeper.Keeper`` over dictionaries."""

    def __init__(self, partitions: int, definitions: Definitions) -> None:
        numbers = [Partition(n) for n in range(partitions)]
        self.places = {partition: Place(Offset(0), Epoch(0), Millis(0), Counters()) for partition in numbers}
        self.steps = {partition: [(Offset(0), definitions)] for partition in numbers}
        self.tables = Tables()
        self.erasures: list[Erased] = []

    def standings(self) -> Mapping[Partition, Place]:
        return dict(self.places)

    def timelines(self) -> Mapping[Partition, Timeline]:
        erased = frozenset(one.subject for one in self.erasures)
        return {partition: timeline(steps, erased) for partition, steps in self.steps.items()}

    def load(self, wanted: Wanted) -> Found:
        rows = self.tables.customers
        return {
            partition: {subject: rows[partition, subject].state for subject in subjects if (partition, subject) in rows}
            for partition, subjects in wanted.items()
        }

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        for one in effects:
            if not self.stands(self.places[one.partition], one):
                raise Fenced(f"partition {one.partition}: no longer at {one.start} under epoch {one.epoch}")
            self._check(one)
        forwards = [forward for one in effects for forward in one.forwards]
        if forwards:
            hand_on(forwards)  # before the commit: what it raises undoes everything
        for one in effects:
            self._move(one)
            self._write(one)

    @staticmethod
    def stands(place: Place, effects: Effects) -> bool:
        """Tell whether a fold that began there may be written here: the fence."""
        return (place.next_offset, place.epoch) == (effects.start, effects.epoch)

    @property
    def definitions(self) -> Definitions:
        """What is in force."""
        return next(iter(self.steps.values()))[-1][1]

    def define(self, definitions: Definitions) -> None:
        """Put ``definitions`` in force from where every partition stands."""
        for partition, place in self.places.items():
            steps = [step for step in self.steps[partition] if step[0] < place.next_offset]
            self.steps[partition] = [*steps, (place.next_offset, definitions)]
            self._bump(partition)

    def erase(self, subject: Subject) -> None:
        """Forget ``subject``: rows go, what they added to the cells is taken back, later events leave nothing."""
        home = partition_of(subject.encode(), len(self.places))
        self.erasures.append(Erased(subject, home, self.places[home].next_offset))
        retracted = CellDifferences()
        retracted.gather(((c, -1) for c in self.contributions(home, subject)), group_of(subject.encode()))
        self.tables.cells[home].append(retracted.expanded())
        for name in ("journeys", "archived", "rescues", "units", "verbatims"):
            rows = getattr(self.tables, name)
            setattr(self.tables, name, {key: row for key, row in rows.items() if key[0] != (home, subject)})
        self.tables.customers.pop((home, subject), None)
        names = subject.encode()
        letters, outbox = self.tables.dead_letters, self.tables.outbox
        self.tables.dead_letters = {key: row for key, row in letters.items() if names not in row.raw}
        self.tables.outbox = {key: row for key, row in outbox.items() if names not in row.payload}
        self._bump(home)

    def contributions(self, partition: Partition, subject: Subject) -> Iterator[Contribution]:
        """Yield what the rows of ``subject`` say that they added to the cells."""
        row = self.tables.customers.get((partition, subject))
        if row is not None:
            for journey in unpack(row.state).applied:
                yield from journey.contributions
        for (of, _), old in self.tables.archived.items():
            if of == (partition, subject):
                yield from unpack_contributions(old.contributions)

    def effects(self) -> list[Effects]:
        """Return all that is kept, as what one fold from the beginning would ask to have written."""
        return [self._effects(partition, place) for partition, place in self.places.items()]

    def _effects(self, p: Partition, place: Place) -> Effects:
        tables, here = self.tables, Effects(p, Offset(0), place.next_offset, place.epoch, place.watermark)
        here.counters = place.counters
        here.cells = blocks.summed(tables.cells[p])
        here.customers = {of[1]: row for of, row in tables.customers.items() if of[0] == p}
        here.journeys = {(of[1], key): row for (of, key), row in tables.journeys.items() if of[0] == p}
        here.rescues = {(of[1], key): row for (of, key), row in tables.rescues.items() if of[0] == p}
        here.units = {(key, of[1]): row for (of, key), row in tables.units.items() if of[0] == p}
        here.archived = [row for (of, _), row in tables.archived.items() if of[0] == p]
        here.verbatims = [row for (of, _), row in tables.verbatims.items() if of[0] == p]
        here.dead_letters = [row for (partition, _), row in tables.dead_letters.items() if partition == p]
        return here

    def _bump(self, partition: Partition) -> None:
        place = self.places[partition]
        self.places[partition] = replace(place, epoch=Epoch(place.epoch + 1))

    def _check(self, effects: Effects) -> None:
        """Refuse what a database would: a row that is there already, and the value it cannot hold."""
        partition = effects.partition
        if any(verbatim.text == POISON for verbatim in effects.verbatims):
            raise RowRefused("the database cannot hold this text")
        if any((partition, letter.offset) in self.tables.dead_letters for letter in effects.dead_letters):
            raise RowRefused("this offset died before")
        if any((partition, message.offset, message.n) in self.tables.outbox for message in effects.outbox):
            raise RowRefused("this message was written before")

    def _move(self, effects: Effects) -> None:
        place = self.places[effects.partition]
        self.places[effects.partition] = Place(
            effects.end,
            place.epoch,
            Millis(max(place.watermark, effects.watermark)),
            summed([place.counters, effects.counters]),
        )

    def _write(self, effects: Effects) -> None:
        tables, p = self.tables, effects.partition
        for subject, row in effects.customers.items():
            tables.customers[p, subject] = row
        for subject, key in effects.journeys_gone:
            tables.journeys.pop(((p, subject), key), None)
        for subject, key in effects.rescues_gone:
            tables.rescues.pop(((p, subject), key), None)
        tables.journeys |= {((p, subject), key): row for (subject, key), row in effects.journeys.items()}
        tables.rescues |= {((p, subject), key): row for (subject, key), row in effects.rescues.items()}
        tables.units |= {((p, subject), key): row for (key, subject), row in effects.units.items()}
        tables.archived |= {((p, row.subject), row.key): row for row in effects.archived}
        tables.verbatims |= {((p, row.subject), f"{row.source}/{row.id}"): row for row in effects.verbatims}
        tables.dead_letters |= {(p, row.offset): row for row in effects.dead_letters}
        tables.outbox |= {(p, row.offset, row.n): row for row in effects.outbox}
        tables.cells[p].append(effects.cells)


def timeline(steps: Iterable[tuple[Offset, Definitions]], erased: frozenset[str]) -> Timeline:
    """Return the timeline of ``steps``, to whose definitions ``erased`` customers are unknown."""
    return Timeline(tuple((first, replace(one, erased=erased) if erased else one) for first, one in steps))


def summed(many: Iterable[Counters]) -> Counters:
    """Return the sum of tallies."""
    total = Counters()
    for one in many:
        for name in (each.name for each in fields(Counters)):
            setattr(total, name, getattr(total, name) + getattr(one, name))
    return total
