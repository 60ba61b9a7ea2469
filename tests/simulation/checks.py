"""What must hold when a schedule is over, each by a name, so that a broken rule can be told by what notices it."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import fields
from itertools import chain
from typing import Any, Literal, NamedTuple

import msgspec

from models.blocks import Blocks, summed
from models.customers import unpack, unpack_facts
from models.effects import Counters, CustomerRow
from models.identifiers import Offset
from models.partitions import group_of, partition_of
from streams.cells import CellDifferences
from tests.simulation.oracle import IdealStore, ideal
from tests.simulation.store import MemoryStore
from tests.simulation.world import World

Check = Literal["broken", "stuck", "unaccounted", "lost", "resurrected", "miscounted", "cells", "content", "outbox"]


class Finding(NamedTuple):
    """A check that does not hold, and where."""

    check: Check
    sentence: str


def findings(world: World) -> list[Finding]:
    """Return everything that does not hold in ``world`` after its schedule."""
    if world.stuck:
        return [Finding("stuck", f"stands at {world.store.places}, the log ends at {world.log.ends()}")]
    expected = ideal(world.log, world.store)
    return [
        *_unaccounted(world.store),
        *_forwards(world, expected),
        *_facts(world.store, expected),
        *_miscounted(world.store, expected),
        *_cells(world.store),
        *_content(world.store, expected),
        *_outbox(world.store),
    ]


def _unaccounted(store: MemoryStore) -> Iterator[Finding]:
    for partition, place in store.places.items():
        c = place.counters
        if c.received != c.scored + c.duplicates + c.dead_letters:
            yield Finding("unaccounted", f"partition {partition}: received is not the sum of its parts: {c}")
        if c.received + c.due + c.forwarded + c.skipped != place.next_offset:
            yield Finding("unaccounted", f"partition {partition}: {place.next_offset} offsets passed, counted: {c}")


def _forwards(world: World, expected: IdealStore) -> Iterator[Finding]:
    """See that what was counted as handed on has arrived; that it is then folded, the facts show."""
    for forward in expected.forwarded:
        home = partition_of(forward.subject.encode(), world.log.partitions)
        everything = world.log.read(home, Offset(0), world.log.end(home) + 1).records
        if (forward.subject.encode(), forward.value) not in {(record.key, record.value) for record in everything}:
            yield Finding("lost", f"partition {home} never got {forward.value!r}")


def _facts(store: MemoryStore, expected: MemoryStore) -> Iterator[Finding]:
    mine, theirs = facts(store), facts(expected)
    for fact in sorted((theirs - mine).elements()):
        yield Finding("lost", f"{fact}")
    for fact in sorted((mine - theirs).elements()):
        yield Finding("resurrected", f"{fact}")


def facts(store: MemoryStore) -> Counter[tuple[str, str, str]]:
    """Return every fact of every customer: subject, source and id."""
    found = Counter[tuple[str, str, str]]()
    for (_, subject), row in store.tables.customers.items():
        found.update((subject, fact.source, fact.id) for fact in unpack(row.state).facts)
    for ((_, subject), _), old in store.tables.archived.items():
        found.update((subject, fact.source, fact.id) for fact in unpack_facts(old.facts))
    return found


def _miscounted(store: MemoryStore, expected: MemoryStore) -> Iterator[Finding]:
    for partition, place in store.places.items():
        for name in (field.name for field in fields(Counters)):
            does, should = getattr(place.counters, name), getattr(expected.places[partition].counters, name)
            if does != should:
                yield Finding("miscounted", f"partition {partition}: {name} is {does}, should be {should}")


def _cells(store: MemoryStore) -> Iterator[Finding]:
    """See that the cells are the sum of what rows say they added; so they need not be compared with the ideal's."""
    said = CellDifferences()
    for p, subject in store.tables.customers.keys() | {of for of, _ in store.tables.archived}:
        said.gather(((c, 1) for c in store.contributions(p, subject)), group_of(subject.encode()))
    yield from _differences("cells", cells(store), filled(said.expanded()), "cells")


def cells(store: MemoryStore) -> dict[object, object]:
    """Return everything the cells hold, block by block, whichever partition holds it."""
    return filled(summed(chain.from_iterable(store.tables.cells.values())))


def filled(blocks: Blocks) -> dict[object, object]:
    """Return the rows of ``blocks`` that hold something."""
    return {(key, scope): slots for key, scopes in blocks.rows.items() for scope, slots in scopes.items() if slots}


def _content(store: MemoryStore, expected: MemoryStore) -> Iterator[Finding]:
    for name in ("journeys", "archived", "rescues", "units", "verbatims"):
        yield from _differences(name, getattr(store.tables, name), getattr(expected.tables, name))
    for name, table in _CANONICAL.items():
        yield from _differences(name, table(store), table(expected))


def _customers(store: MemoryStore) -> dict[object, object]:
    return {of: _unpacked(row) for of, row in store.tables.customers.items()}


def _dead_letters(store: MemoryStore) -> dict[object, object]:
    """All but the words of reasons."""
    return {place: (d.code, d.raw, d.log_time) for place, d in store.tables.dead_letters.items()}


_CANONICAL = {"customers": _customers, "dead_letters": _dead_letters}


def _differences(
    table: str, mine: Mapping[Any, object], theirs: Mapping[Any, object], check: Check = "content"
) -> Iterator[Finding]:
    if mine == theirs:
        return
    for key in sorted(mine.keys() | theirs.keys(), key=repr):
        if mine.get(key) != theirs.get(key):
            yield Finding(check, f"{table} {key} is {mine.get(key)}, should be {theirs.get(key)}")


def _unpacked(row: CustomerRow) -> object:
    state = unpack(row.state)
    columns = (row.last_at, row.score, row.next_due, row.waiting, state.clock, state.asof, state.version)
    applied = {j.key: (j.standing, j.contributions, j.facts, j.last, j.due) for j in state.applied}
    frozen = {journey.key: journey for journey in state.frozen}
    return (columns, state.facts, applied, frozen, sorted(state.measured), sorted(state.seen))


def _outbox(store: MemoryStore) -> Iterator[Finding]:
    """See that the latest messages, taken together, tell every row as it stands, no more and no less."""
    latest = {(m.topic, p, m.key): m.payload for (p, _, _), m in sorted(store.tables.outbox.items())}
    told = {where: _told(payload) for where, payload in latest.items() if payload}
    rows = {("scores", p, f"{subject}/{key}"): row for ((p, subject), key), row in store.tables.journeys.items()}
    calls = {("rescues", p, f"{subject}/{key}"): row for ((p, subject), key), row in store.tables.rescues.items()}
    standing = {where: msgspec.json.encode(row) for where, row in [*rows.items(), *calls.items()]}
    yield from _differences("latest message of", told, standing, "outbox")
    referred = {place[:2] for place, message in store.tables.outbox.items() if message.topic == "dead-letters"}
    for place in sorted(store.tables.dead_letters.keys() - referred):
        yield Finding("outbox", f"nobody was told of the dead letter at {place}")


class _Message(msgspec.Struct):
    journey: msgspec.Raw = msgspec.Raw(b"")
    rescue: msgspec.Raw = msgspec.Raw(b"")


def _told(payload: bytes) -> bytes:
    message = msgspec.json.decode(payload, type=_Message)
    return bytes(message.journey) or bytes(message.rescue)
