"""The reference fold: slow, and obviously right. Sorted distinct facts → everything, again after every single record.

It shares the arithmetic of ``models.scoring`` with the engine (that has its own tests) and nothing of ``streams``: no
shortcut, no difference, no packing. What it returns can be written to a store and compared with what engines wrote.
"""

from collections import defaultdict
from collections.abc import MutableMapping, Sequence
from dataclasses import dataclass, field

import msgspec

from models.cells import CellKey, Contribution, Counts, add, bucket_of
from models.chunks import Record
from models.customers import AppliedJourney, CustomerState, FrozenJourney, pack, pack_contributions, pack_facts
from models.definitions import Definitions
from models.effects import (
    ArchivedJourney,
    Counters,
    CustomerRow,
    DeadLetter,
    Effects,
    JourneyRow,
    RescueRow,
    UnitRow,
    Verbatim,
)
from models.errors import RejectedEvent
from models.facts import AnswerFact, AnyFact, AskedFact, ComplaintFact, ExposureFact
from models.identifiers import DAY, MINUTE, Epoch, Millis, Offset, Partition, Subject
from models.interactions.decoding import Decoded, Due, Reject, decode
from models.partitions import group_of, partition_of
from models.policy import Policy
from models.scoring import (
    Journey,
    contributions,
    frozen_of,
    is_waiting,
    journeys_of,
    next_due,
    of_journeys,
    rate,
    score_journey,
)
from models.scoring.rescue import rescues_of
from models.scoring.scopes import undeclared

LATE, FROZEN, AHEAD = 30 * DAY, 60 * DAY, 5 * MINUTE


@dataclass
class Person:
    """All that is remembered of one customer."""

    clock: int = 0
    asof: int = 0
    facts: list[AnyFact] = field(default_factory=list)
    left: list[AnyFact] = field(default_factory=list)
    frozen: list[FrozenJourney] = field(default_factory=list)
    archived: list[ArchivedJourney] = field(default_factory=list)
    settled: list[Contribution] = field(default_factory=list)
    rows: dict[str, JourneyRow] = field(default_factory=dict)
    rescues: dict[str, RescueRow] = field(default_factory=dict)
    units: dict[str, UnitRow] = field(default_factory=dict)
    measured: list[str] = field(default_factory=list)
    verbatims: list[Verbatim] = field(default_factory=list)


class Reference:
    """Folds one partition, record by record; all policies must group facts alike."""

    def __init__(self, definitions: Definitions, partition: int = 0, partitions: int = 1) -> None:
        self.definitions = definitions
        self.partition, self.partitions = partition, partitions
        self.people: dict[Subject, Person] = defaultdict(Person)
        self.counters = Counters()
        self.letters: list[DeadLetter] = []
        self.watermark = 0

    def take(self, record: Record) -> None:
        """Take the next record."""
        self.watermark = max(self.watermark, record.log_time)
        try:
            decoded = decode(record.value, record.key)
        except RejectedEvent as rejected:
            fault = rejected.fault
            self.bury(record, fault.code, fault.field, str(fault), record.value)
            return
        match decoded:
            case Reject():
                self.bury(record, decoded.code, decoded.field, decoded.reason, decoded.raw)
            case Due() | Decoded() if decoded.subject.encode() != record.key or self.astray(record.key):
                self.counters.forwarded += 1
            case Due():
                self.counters.due += 1
                if decoded.subject not in self.definitions.erased:
                    person = self.people[decoded.subject]
                    until = Millis(min(decoded.time, record.log_time + AHEAD))
                    person.clock, person.asof = max(person.clock, until), max(person.asof, until)
                    self.freeze(decoded.subject)
            case Decoded():
                self.event(record, decoded)

    def astray(self, key: bytes) -> bool:
        return partition_of(key, self.partitions) != self.partition

    def bury(self, record: Record, code: str, where: str, reason: str, raw: bytes) -> None:
        self.counters.received += 1
        self.counters.dead_letters += 1
        self.letters.append(DeadLetter(record.offset, record.log_time, None, None, code, where, reason, raw))

    def event(self, record: Record, decoded: Decoded) -> None:
        fact, subject = decoded.fact, decoded.subject
        if subject in self.definitions.erased:
            self.counters.received += 1
            self.counters.scored += 1
            self.counters.erased += 1
            return
        person = self.people[subject]
        same = [known for known in person.facts if known.identity == fact.identity]
        if fact.time < person.clock - FROZEN:  # only such an event can repeat one that has left the row
            same += [known for known in person.left if known.identity == fact.identity]
        if same and same[0].content == fact.content:
            self.counters.received += 1
            self.counters.duplicates += 1
        elif same:
            self.bury(record, "id_conflict", "", "", record.value)
        elif fact.time > record.log_time + AHEAD:
            self.bury(record, "future_time", "", "", record.value)
        else:
            self.accept(record, decoded, person)

    def accept(self, record: Record, decoded: Decoded, person: Person) -> None:
        fact = decoded.fact
        person.clock = max(person.clock, fact.time if fact.history else record.log_time)
        late = fact.time < person.clock - LATE
        person.asof = max(person.asof, fact.time)
        person.facts.append(msgspec.structs.replace(fact, alone=late))
        person.facts.sort(key=lambda f: f.order)
        if decoded.verbatim is not None:
            person.verbatims.append(decoded.verbatim)
        counters = self.counters
        counters.received += 1
        counters.scored += 1
        counters.late += late
        counters.unknown_fields += decoded.unknown_fields
        place = (fact.touchpoint, fact.channel, fact.source, fact.segment)
        counters.undeclared += undeclared(place, self.definitions.scopes)
        self.freeze(decoded.subject)

    def freeze(self, subject: Subject) -> None:
        """Let everything leave that nothing can change any more."""
        person, policies = self.people[subject], self.definitions.policies
        limit = self.limit(person)
        journeys = self.journeys(person)
        applied = self.applied(person)
        going = [
            journey
            for journey in journeys
            if journey.last_event < limit and all(next_due([journey], p, person.asof) is None for p in policies)
        ]
        staying = [journey for journey in journeys if journey not in going]
        answered = {f.survey for j in staying for f in j.facts if isinstance(f, AnswerFact)}
        loose = [
            fact
            for fact in person.facts
            if not of_journeys(fact)
            and fact.time < limit
            and not (isinstance(fact, AskedFact) and fact.survey in answered)
        ]
        if not (going or loose):
            return
        self.show(subject)
        person.measured += [id_ for id_, (_, until) in self.held(person).items() if person.clock > until]
        if loose:
            key = f"loose:{loose[0].source}/{loose[0].id}"
            person.archived.append(
                ArchivedJourney(subject, key, loose[-1].time, pack_facts(loose), pack_contributions(()))
            )
        for journey in sorted(going, key=lambda j: j.key):
            parts = applied[journey.key]
            person.settled += parts
            person.frozen.append(frozen_of(journey, policies, person.asof))
            packed = (pack_facts(journey.facts), pack_contributions(parts))
            person.archived.append(ArchivedJourney(subject, journey.key, journey.ended, *packed))
        out = loose + [fact for journey in going for fact in journey.facts]
        person.left += out
        person.facts = [fact for fact in person.facts if fact not in out]

    def limit(self, person: Person) -> int:
        """Return the time before which facts may leave: the horizon, or what an experiment still needs."""
        needed = [since for since, until in self.held(person).values() if person.clock <= until]
        return min([person.clock - FROZEN, *needed])

    def held(self, person: Person) -> dict[str, tuple[int, int]]:
        """Return from when facts are needed, and until when, for each experiment the person's unit is not final in."""
        found = {}
        for live in self.definitions.experiments:
            times = [f.time for f in person.facts if isinstance(f, ExposureFact) and f.experiment == live.id]
            if times and live.id not in person.measured:
                pre, post = min(live.pre_window, 30 * DAY), max(live.window + LATE, FROZEN)
                found[live.id] = (min(times) - pre, min(times) + post)
        return found

    def journeys(self, person: Person) -> list[Journey]:
        return journeys_of(person.facts, self.definitions.active, {frozen.key for frozen in person.frozen})

    def applied(self, person: Person) -> dict[str, tuple[Contribution, ...]]:
        parts: dict[str, tuple[Contribution, ...]] = defaultdict(tuple)
        for policy in self.definitions.policies:
            journeys = self.journeys(person)
            more = contributions(journeys, person.frozen, policy, self.definitions.scopes, person.asof)
            for key, own in more.items():
                parts[key] += own
        return parts

    def show(self, subject: Subject) -> None:
        """Write down what pages show of the journeys in play."""
        person, policy = self.people[subject], self.definitions.active
        old = {frozen.key for frozen in person.frozen}
        person.rows = {key: row for key, row in person.rows.items() if key in old}
        person.rescues = {key: row for key, row in person.rescues.items() if key in old}
        journeys = self.journeys(person)
        for journey in journeys:
            score = score_journey(journey, policy, person.asof)
            places = list(journey.places)
            person.rows[journey.key] = JourneyRow(
                subject,
                journey.key,
                journey.started,
                journey.ended,
                score.shown,  # type: ignore[arg-type]
                score.inferred,  # type: ignore[arg-type]
                score.said,  # type: ignore[arg-type]
                score.lost,
                tuple(dict.fromkeys(place[0] for place in places)),
                tuple(dict.fromkeys(place[1] for place in places)),
                len(journey.contacts),
                journey.open,
            )
        for rescue in rescues_of(subject, journeys, policy, person.asof):
            person.rescues[rescue.journey] = rescue
        self.count_units(subject, person)

    def count_units(self, subject: Subject, person: Person) -> None:
        for live in self.definitions.experiments:
            own = [f for f in person.facts if isinstance(f, ExposureFact) and f.experiment == live.id]
            if not own or live.id in person.measured:
                continue
            first = own[0]
            until = first.time + live.window
            known = [fact for fact in person.facts if fact.time <= until]  # what comes after is not the unit's
            then = min(person.asof, until)
            (policy,) = (p for p in self.definitions.policies if p.version == live.policy)
            journeys = journeys_of(known, policy, {frozen.key for frozen in person.frozen})
            made = contributions(journeys, person.frozen, policy, self.definitions.scopes, then)
            parts = [part for each in made.values() for part in each]

            def total(key: str, start: int, end: int, parts: list[Contribution] = parts) -> int:
                return sum(part.counts.get(key, 0) for part in parts if start <= part.at < end)

            pre = first.time - min(live.pre_window, 30 * DAY)
            contacts = total("contact.n", first.time, until) + total("contact.unscored", first.time, until)
            complaints = {f.complaint for f in known if isinstance(f, ComplaintFact) and first.time <= f.time < until}
            person.units[live.id] = UnitRow(
                live.id,
                subject,
                first.arm,
                first.time,
                Millis(until),
                total("contact.n", pre, first.time),
                total("contact.shown", pre, first.time),
                total("contact.n", first.time, until),
                total("contact.shown", first.time, until),
                total("contact.n", first.time, until),
                total("contact.loss.wait", first.time, until),
                {"contacts": (contacts, contacts), "complaints": (len(complaints), len(complaints))},
                any(fact.arm != first.arm for fact in own if fact.time <= until),
            )

    def effects(self, end: int) -> Effects:
        """Return everything the records so far ask to have written, as one chunk from offset 0 to ``end``."""
        effects = Effects(Partition(self.partition), Offset(0), Offset(end), Epoch(0), Millis(self.watermark))
        effects.counters, effects.dead_letters = self.counters, self.letters
        for subject, person in self.people.items():
            if not (person.facts or person.left or person.clock):
                continue
            self.show(subject)
            applied = self.applied(person)
            parts = [part for each in applied.values() for part in each] + person.settled
            for part in parts:
                spread(effects.cells, part, group_of(subject.encode()))
            effects.customers[subject] = self.row(subject, person, applied)
            effects.journeys |= {(subject, key): row for key, row in person.rows.items()}
            effects.rescues |= {(subject, key): row for key, row in person.rescues.items()}
            effects.units |= {(key, subject): row for key, row in person.units.items()}
            effects.archived += person.archived
            effects.verbatims += person.verbatims
        return effects

    def row(self, subject: Subject, person: Person, applied: dict[str, tuple[Contribution, ...]]) -> CustomerRow:
        policies: tuple[Policy, ...] = self.definitions.policies
        journeys = self.journeys(person)
        journeys_applied = []
        for journey in journeys:
            due = [d for p in policies if (d := next_due([journey], p, person.asof)) is not None]
            journeys_applied.append(
                AppliedJourney(
                    frozen_of(journey, policies, person.asof),
                    pack_contributions(applied[journey.key]),
                    len(journey.facts),
                    journey.last_event,
                    min(due, default=None),
                )
            )
        state = CustomerState(
            clock=Millis(person.clock),
            asof=Millis(person.asof),
            facts=person.facts,
            applied=journeys_applied,
            frozen=person.frozen,
            version=self.definitions.version,
            measured=person.measured,
        )
        dues = [d for p in policies if (d := next_due(journeys, p, person.asof)) is not None]
        return CustomerRow(
            subject,
            pack(state),
            Millis(person.asof),
            rate(state, self.definitions.active, person.asof).score,
            min(dues, default=None),
            any(is_waiting(journey) for journey in journeys),
        )


def spread(cells: MutableMapping[CellKey, Counts], part: Contribution, group: int) -> None:
    """Add one contribution to every cell it belongs to."""
    for scope in part.scopes:
        add(cells.setdefault(CellKey(part.policy, scope, "day", bucket_of(part.at, "day"), group), {}), part.counts)
        add(cells.setdefault(CellKey(part.policy, scope, "hour", bucket_of(part.at, "hour"), -1), {}), part.counts)
        if part.live:
            add(cells.setdefault(CellKey(part.policy, scope, "5m", bucket_of(part.at, "5m"), -1), {}), part.counts)


def reference(records: Sequence[Record], definitions: Definitions, partition: int = 0, partitions: int = 1) -> Effects:
    """Return what ``records``, all of one partition from offset 0 on, ask to have written."""
    fold = Reference(definitions, partition, partitions)
    for record in records:
        fold.take(record)
    return fold.effects(records[-1].offset + 1 if records else 0)
