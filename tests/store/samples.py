"""Effects with something in every field, and whole databases as plain values, for the store's tests."""

from typing import Any

from sqlalchemy import MetaData, select

from models.cells import CellKey, Contribution
from models.customers import (
    AppliedJourney,
    CustomerState,
    FrozenJourney,
    pack,
    pack_contributions,
    pack_facts,
)
from models.effects import (
    ArchivedJourney,
    Counters,
    CustomerRow,
    DeadLetter,
    Effects,
    Forward,
    JourneyRow,
    OutboxMessage,
    RescueRow,
    UnitRow,
    Verbatim,
)
from models.facts import ComplaintFact
from models.identifiers import Centi, Epoch, Millis, Offset, Partition, Subject
from models.partitions import group_of, partition_of
from store.databases import Database
from store.erasure import keys_of

HOUR = 3_600_000
T0 = Millis(1_699_999_200_000)
"""The start of an hour."""


def subject(number: int) -> Subject:
    return Subject(f"p1_{number:026d}")


def home(who: Subject, count: int = 16) -> Partition:
    return partition_of(who.encode(), count)


def contribution(at: int = T0, *, live: bool = True) -> Contribution:
    return Contribution("p@1", ("all", "channel:chat"), Millis(at), live, {"contact.n": 1, "contact.f": 8_000})


def fact(at: int = T0) -> ComplaintFact:
    return ComplaintFact(
        Millis(at), "crm", f"e{at}", 7, False, False, "j", "help", "chat", None, (("plan", "fibre"),), f"c{at}", None
    )


def customer(who: Subject, applied: list[Contribution], facts: list[ComplaintFact] | None = None) -> CustomerRow:
    standing = FrozenJourney("j", T0, {"p@1": 8_000})
    journey = AppliedJourney(standing, pack_contributions(tuple(applied)), 1, T0, None)
    state = CustomerState(clock=T0, asof=T0, facts=list(facts or [fact()]), applied=[journey])
    return CustomerRow(who, pack(state), T0, Centi(8_000), Millis(T0 + HOUR), waiting=True)


def journey_row(who: Subject, key: str = "j", score: int | None = 8_000, ended: int = T0) -> JourneyRow:
    return JourneyRow(
        who,
        key,
        T0,
        Millis(ended),
        None if score is None else Centi(score),
        Centi(8_500),
        None,
        {"wait": 1_500, "context_lost": 500},
        ("help",),
        ("chat", "phone"),
        2,
        open=True,
    )


def rescue(who: Subject, journey: str = "j", *, left: bool = False, score: int = 4_000) -> RescueRow:
    return RescueRow(
        who,
        journey,
        "c1",
        T0,
        Centi(score),
        {"wait": 1_500},
        1_200,
        "call on the phone",
        "chat",
        "help",
        Millis(T0 + 60_000) if left else None,
        "resolved" if left else None,
    )


def unit(who: Subject, experiment: str = "x", arm: str = "control", total: int = 8_000) -> UnitRow:
    return UnitRow(experiment, who, arm, T0, Millis(T0 + HOUR), 2, 15_000, 1, total, 1, 1, {"contacts": (1, 1)}, False)


def verbatim(who: Subject, number: str = "v1", at: int = T0) -> Verbatim:
    return Verbatim(who, "crm", number, Millis(at), "complaint", "help", "chat", 2_500, "fr", "Trop long…")


def letter(offset: int, who: Subject | None, raw: bytes = b"{not json") -> DeadLetter:
    return DeadLetter(Offset(offset), T0, who, "crm", "not_json", "value", "it is no JSON", raw)


def full(who: Subject, start: int = 0, epoch: int = 1, count: int = 16) -> Effects:
    """Return effects of ``who`` alone with something in every field, covering offsets start to start + 5."""
    here = home(who, count)
    applied, frozen = [contribution(), contribution(T0 - 26 * HOUR, live=False)], contribution(T0 - 90 * HOUR)
    effects = Effects(here, Offset(start), Offset(start + 5), Epoch(epoch), Millis(T0 + 5))
    effects.customers[who] = customer(who, applied)
    effects.journeys[who, "j"] = journey_row(who)
    effects.archived.append(
        ArchivedJourney(who, "old", Millis(T0 - 90 * HOUR), pack_facts([fact()]), pack_contributions((frozen,)))
    )
    for one in (*applied, frozen):
        for key in keys_of(one, group_of(who.encode())):
            held = effects.cells.setdefault(key, {})
            for name, value in one.counts.items():
                held[name] = held.get(name, 0) + value
    effects.rescues[who, "j"] = rescue(who)
    effects.units["x", who] = unit(who)
    effects.verbatims.append(verbatim(who, f"v{start}"))
    effects.dead_letters.append(letter(start + 1, who))
    effects.forwards.append(Forward(who, b"value"))
    effects.outbox.append(OutboxMessage(Offset(start), 0, "scores", who, f'{{"subject":"{who}"}}'.encode()))
    effects.counters = Counters(received=4, scored=2, duplicates=1, dead_letters=1, forwarded=1)
    return effects


def cell(scope: str = "all", bucket: int = T0, group: int = -1) -> CellKey:
    return CellKey("p@1", scope, "hour" if group < 0 else "day", Millis(bucket), group)


def dump(database: Database, metadata: MetaData) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of every table."""
    with database.read() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in metadata.sorted_tables
        }
