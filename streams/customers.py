"""One customer's part of a fold: arrivals in, and everything that must be written about this customer out.

A customer is folded by itself and only then added to the chunk's effects, so that a failure leaves nothing half-done.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from models.customers import AppliedJourney, CustomerState, FrozenJourney, pack, pack_contributions, pack_facts, unpack
from models.definitions import Definitions, LiveExperiment
from models.effects import (
    ArchivedJourney,
    Counters,
    CustomerRow,
    DeadLetter,
    JourneyRow,
    OutboxMessage,
    RescueRow,
    UnitRow,
    Verbatim,
)
from models.facts import AnyFact
from models.identifiers import Millis, Offset, Subject
from models.interactions.decoding import Decoded
from models.scoring import Journey, Scored, is_waiting
from models.scoring.journey import Place
from models.scoring.rescue import rescue_of
from models.scoring.scopes import ScopeBook, book_of
from streams.arrivals import Arrival, dead_letter
from streams.cells import Change, changes
from streams.facts import FREEZE_HORIZON, FUTURE, FactBook
from streams.freezing import Grouping, Leaving, leaving, might_leave
from streams.journeys import Refreshed, refreshed
from streams.publishing import News, messages
from streams.units import Person, exposed, final, units

NOWHERE: Offset = Offset(-1)


REASONS = {
    "id_conflict": "its source sent another event under this id; send updates under new ids and the same contact",
    "future_time": "it happens more than five minutes after it was received; set the sender's clock",
}


@dataclass(slots=True)
class CustomerFold:
    """What one customer's arrivals change."""

    subject: Subject
    group: int
    definitions: Definitions
    scopes: ScopeBook
    topics: frozenset[str]
    book: FactBook
    applied: dict[str, AppliedJourney]
    frozen: list[FrozenJourney]
    version: int
    measured: list[str] = field(default_factory=list)
    """Experiments whose unit is final."""
    cells: list[Change] = field(default_factory=list)
    """What the cells gain and lose by it."""
    counters: Counters = field(default_factory=Counters)
    row: CustomerRow | None = None
    journeys: dict[str, JourneyRow] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    archived: list[ArchivedJourney] = field(default_factory=list)
    rescues: dict[str, RescueRow] = field(default_factory=dict)
    rescues_gone: set[str] = field(default_factory=set)
    units: dict[str, UnitRow] = field(default_factory=dict)
    verbatims: list[Verbatim] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    outbox: list[OutboxMessage] = field(default_factory=list)
    touched: bool = False
    """Something was taken in, or time passed."""
    offset: Offset = NOWHERE
    """Of the latest record that was taken in."""
    waiting: bool = False

    def take(self, arrival: Arrival) -> None:
        """Take in one record; every one is counted exactly once."""
        record, decoded = arrival
        counters = self.counters
        if not isinstance(decoded, Decoded):
            counters.due += 1
            self.book.pass_time(Millis(min(decoded.time, record.log_time + FUTURE)))
        else:
            counters.received += 1
            verdict = self.book.accept(decoded.fact, record.log_time)
            if verdict == "scored" or verdict == "late":  # noqa: PLR1714 - twice as fast, for every event
                self._scored(decoded, late=verdict == "late")
            elif verdict == "duplicate":
                counters.duplicates += 1
                return
            else:
                counters.dead_letters += 1
                self.dead_letters.append(dead_letter(record, verdict, REASONS[verdict], decoded))
                return
        self.offset = record.offset
        self.touched = True
        # Nearly always even the oldest fact is too young to leave; only then is anything else asked.
        facts = self.book.facts
        if facts and facts[0].time < self.book.clock - FREEZE_HORIZON:
            self._freeze()

    def close(self) -> None:
        """Bring everything up to date with what was taken in."""
        if not self.touched:
            return
        score = self._refresh().score
        state = CustomerState(
            clock=self.book.clock,
            asof=self.book.asof,
            facts=self.book.facts,
            applied=list(self.applied.values()),
            frozen=self.frozen,
            seen=self.book.seen,
            version=self.definitions.version,
            measured=self.measured,
        )
        dues = [journey.due for journey in self.applied.values() if journey.due is not None]
        self.row = CustomerRow(
            subject=self.subject,
            state=pack(state),
            last_at=self.book.asof,
            score=score,
            next_due=min(dues, default=None),
            waiting=self.waiting,
        )
        if self.topics:
            news = News(self.subject, self.offset, self.journeys, self.gone, self.rescues, self.rescues_gone)
            self.outbox = messages(news, self.topics)

    def _scored(self, decoded: Decoded, *, late: bool) -> None:
        fact, counters = decoded.fact, self.counters
        counters.scored += 1
        if late:
            counters.late += 1
        if decoded.unknown_fields:
            counters.unknown_fields += decoded.unknown_fields
        if self.scopes.is_undeclared((fact.touchpoint, fact.channel, fact.source, fact.segment)):
            counters.undeclared += 1
        if decoded.verbatim is not None:
            self.verbatims.append(decoded.verbatim)

    def _refresh(self) -> Refreshed:
        result = refreshed(
            self.book, self.applied, self.frozen, self.definitions, anew=self.version != self.definitions.version
        )
        self._replace(result)
        active = result.groupings[0].journeys
        for scored in result.changed:
            self._show(scored)
        self.waiting = any(_waits(result.applied[journey.key], journey) for journey in active)
        gone = (self.journeys.keys() | self.applied.keys()).difference([journey.key for journey in active])
        if gone:
            self._forget(gone.difference([frozen.key for frozen in self.frozen]))
        self.applied = result.applied
        self.version = self.definitions.version
        self._count_units()
        self.book.fresh.clear()
        self.book.reordered = False
        return result

    def _forget(self, gone: set[str]) -> None:
        """Let the rows of journeys go that are no more: their facts belong to others now."""
        self.gone |= gone
        self.rescues_gone |= gone
        for key in gone:
            self.journeys.pop(key, None)
            self.rescues.pop(key, None)

    def _replace(self, result: Refreshed) -> None:
        """Add new contributions − applied ones to the cells."""
        for key, new in result.applied.items():
            old = self.applied.get(key)
            if old is None:
                self.cells += [(come, 1) for come in result.contributions(key)]
            elif old.packed != new.packed:
                self.cells += changes(old.contributions, result.contributions(key))
        for key, old in self.applied.items():
            if key not in result.applied:
                self.cells += changes(old.contributions, ())

    def _show(self, scored: Scored) -> None:
        journey, score = scored
        key, things = journey.key, journey.things
        touchpoints, channels = _met(things.places)
        self.gone.discard(key)
        self.journeys[key] = JourneyRow(
            subject=self.subject,
            key=key,
            started=journey.started,
            ended=journey.ended,
            score=score.shown,  # type: ignore[arg-type]
            inferred=score.inferred,  # type: ignore[arg-type]
            said=score.said,  # type: ignore[arg-type]
            causes=score.lost,
            touchpoints=touchpoints,
            channels=channels,
            contacts=len(things.contacts),
            open=journey.open,
        )
        rescue = rescue_of(self.subject, journey, self.definitions.active, self.book.asof)
        if rescue is not None:
            self.rescues[key] = rescue
            self.rescues_gone.discard(key)
        elif self.book.reordered:
            self.rescues.pop(key, None)
            self.rescues_gone.add(key)

    def _live(self) -> tuple[LiveExperiment, ...]:
        """Return the experiments that this customer's unit is not final in."""
        live = self.definitions.experiments
        return tuple(one for one in live if one.id not in self.measured) if self.measured else live

    def _count_units(self) -> None:
        live = self._live()
        if live and exposed(self.book.facts):
            contributions = [c for journey in self.applied.values() for c in journey.contributions]
            person = Person(self.subject, self.book.facts, contributions, self.frozen, self.book.asof)
            for unit in units(person, live, self.definitions):
                self.units[unit.experiment] = unit

    def _freeze(self) -> None:
        live = self._live()
        if not might_leave(self.book, self.applied.values(), live):
            return
        result = self._refresh()
        going = leaving(result.groupings, self.book, live)
        if going:
            self.measured = self.measured + final(self.book.facts, live, self.book.clock)
            self._let_go(result.groupings, going)

    def _let_go(self, groupings: list[Grouping], going: Leaving) -> None:
        out: list[AnyFact] = list(going.loose)
        if going.loose:
            first = going.loose[0]
            key = f"loose:{first.source}/{first.id}"
            self._archive(key, going.loose, pack_contributions(()), going.loose[-1].time)
        shown = {journey.key: journey for journey in groupings[0].journeys}
        for key in sorted(going.keys):
            applied = self.applied.pop(key)
            self.frozen.append(applied.standing)
            facts = shown[key].facts if key in shown else []
            out += facts
            self._archive(key, facts, applied.packed, applied.standing.ended)
        self.book.remove(out)

    def _archive(self, key: str, facts: list[AnyFact], contributions: bytes, ended: Millis) -> None:
        self.archived.append(ArchivedJourney(self.subject, key, ended, pack_facts(facts), contributions))


def _met(places: Iterable[Place]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the touchpoints and the channels of ``places``, each once, in order."""
    touchpoints: dict[str, None] = {}
    channels: dict[str, None] = {}
    for touchpoint, channel, _, _ in places:
        touchpoints[touchpoint] = channels[channel] = None
    return tuple(touchpoints), tuple(channels)


def _waits(applied: AppliedJourney, journey: Journey) -> bool:
    return is_waiting(journey) if applied.waiting is None else applied.waiting


def continued(
    subject: Subject, row: bytes | None, definitions: Definitions, group: int, topics: frozenset[str]
) -> CustomerFold:
    """Return the fold that continues ``row``; no row is a customer never met."""
    state = CustomerState() if row is None else unpack(row)
    return CustomerFold(
        subject=subject,
        group=group,
        definitions=definitions,
        scopes=book_of(definitions.scopes),
        topics=topics,
        book=FactBook.of(state),
        applied={journey.key: journey for journey in state.applied},
        frozen=list(state.frozen),
        version=state.version if row is not None else definitions.version,
        measured=state.measured,
    )
