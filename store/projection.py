"""The canonical projection: what a store says of the world, without how it came to say it.

Rows are merged over partitions and stripped of offsets, epochs and everything people wrote; what is packed is
unpacked and put in order. Two stores that folded the same log have equal projections, whatever the engine, the chunk
sizes or the number of workers. Left out: outgoing messages (one per checkpoint, so chunks show in them), and
five-minute cells beyond their retention (when they are pruned depends on the clock).
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Table, func, select

from models.blocks import cell_at
from models.customers import unpack, unpack_contributions, unpack_facts
from models.identifiers import Millis
from models.measures import Coded
from store.databases import Database
from store.encoding import to_json
from store.measures import total
from store.measures import unpack as unpack_block
from store.retention import Retention, oldest_five_minutes
from store.tables.cells import GRAINS, cells, scopes
from store.tables.customers import customers
from store.tables.dead_letters import dead_letters
from store.tables.experiments import units
from store.tables.journeys import archived, journeys
from store.tables.partitions import COUNTERS, partitions
from store.tables.rescues import HUMAN, rescues
from store.tables.verbatims import verbatims

Row = dict[str, str]
"""A row: column → its value as text."""

PAGE = 1_000
"""Rows that are fetched at a time."""
_NOWHERE = ("partition", "offset")


@dataclass(frozen=True, slots=True)
class Projection:
    """Table → row's key → row, all as text in canonical order."""

    tables: dict[str, dict[str, Row]]

    def digest(self) -> str:
        """Return a SHA-256 (hex) that is equal exactly when projections are."""
        return hashlib.sha256(to_json(self.tables).encode()).hexdigest()

    def differences(self, other: "Projection", limit: int = 20) -> list[str]:
        """Return up to ``limit`` sentences on where ``other`` differs from this; none when they are equal."""
        found: list[str] = []
        for sentence in self._differences(other):
            found.append(sentence)
            if len(found) == limit:
                break
        return found

    def _differences(self, other: "Projection") -> Iterator[str]:
        for table in sorted(self.tables.keys() | other.tables.keys()):
            mine, theirs = self.tables.get(table, {}), other.tables.get(table, {})
            for key in sorted(mine.keys() | theirs.keys()):
                if key not in theirs:
                    yield f"{table} {key}: only in the first"
                elif key not in mine:
                    yield f"{table} {key}: only in the second"
                else:
                    yield from _row_differences(f"{table} {key}", mine[key], theirs[key])


def project(database: Database, retention: Retention) -> Projection:
    """Return the projection of the store as of one moment."""
    with database.read() as connection:
        return Projection(
            {
                "customers": _keyed(_customers(connection), ("subject",)),
                "journeys": _keyed(_plain(connection, journeys), ("subject", "key")),
                "archived": _keyed(_archived(connection), ("subject", "key")),
                "cells": _cells(connection, retention),
                "rescues": _keyed(_plain(connection, rescues, HUMAN), ("subject", "journey")),
                "units": _keyed(_plain(connection, units), ("experiment", "subject")),
                "verbatims": _keyed(_plain(connection, verbatims), ("subject", "source", "id")),
                "dead_letters": _dead_letters(connection),
                "counters": {"all": _counters(connection)},
            }
        )


def _plain(connection: Connection, table: Table, leave: tuple[str, ...] = ()) -> Iterator[dict[str, Any]]:
    columns = [column for column in table.columns if column.name not in (*_NOWHERE, *leave)]
    for row in connection.execute(select(*columns).execution_options(yield_per=PAGE)).mappings():
        yield dict(row)


def _customers(connection: Connection) -> Iterator[dict[str, Any]]:
    for row in _plain(connection, customers):
        state = unpack(row.pop("state"))
        applied = [(j.standing, j.contributions, j.facts, j.last, j.due) for j in state.applied]
        facts = [(type(fact).__name__, fact) for fact in state.facts]
        frozen = sorted(state.frozen, key=lambda journey: (journey.ended, journey.key))
        yield row | {
            "clock": state.clock,
            "asof": state.asof,
            "facts": facts,
            "applied": sorted(applied, key=lambda journey: journey[0].key),
            "frozen": frozen,
            "seen": sorted(state.seen[at : at + 8].hex() for at in range(0, len(state.seen), 8)),
        }


def _archived(connection: Connection) -> Iterator[dict[str, Any]]:
    for row in _plain(connection, archived):
        facts = [(type(fact).__name__, fact) for fact in unpack_facts(row["facts"])]
        yield row | {"facts": facts, "contributions": unpack_contributions(row["contributions"])}


def _dead_letters(connection: Connection) -> dict[str, Row]:
    """Key dead letters by what they hold: equal records may die more than once, so they are also numbered."""
    found: dict[str, Row] = {}
    times: dict[str, int] = {}
    for row in _plain(connection, dead_letters, ("replayed_at", "log_time")):
        text = _row(row | {"raw": row["raw"].hex()})
        content = hashlib.sha256(to_json(text).encode()).hexdigest()[:16]
        times[content] = times.get(content, 0) + 1
        found[f"{row['code']}/{content}/{times[content]}"] = text
    return found


def _cells(connection: Connection, retention: Retention) -> dict[str, Row]:
    watermark = connection.execute(select(func.max(partitions.c.watermark))).scalar() or 0
    oldest = oldest_five_minutes(Millis(watermark), retention)
    grains = {number: grain for grain, number in GRAINS.items()}
    names = {row.id: (row.policy, row.name) for row in connection.execute(select(scopes))}
    parts: dict[str, list[Coded]] = {}
    for row in connection.execute(select(cells).execution_options(yield_per=PAGE)):
        policy, scope = names[row.scope]
        grain = grains[row.grain]
        for slot, part in unpack_block(row.counts).items():
            bucket, group = cell_at(grain, row.bucket, slot)
            if grain != "5m" or bucket >= oldest:
                parts.setdefault(f"{policy}/{scope}/{grain}/{bucket}/{group}", []).append(part)
    return {key: _row(counts) for key, found in parts.items() if (counts := total(found))}


def _counters(connection: Connection) -> Row:
    sums = connection.execute(select(*(func.sum(partitions.c[name]) for name in COUNTERS))).one()
    return {name: str(int(value or 0)) for name, value in zip(COUNTERS, sums, strict=True)}


def _keyed(rows: Iterable[dict[str, Any]], key: tuple[str, ...]) -> dict[str, Row]:
    return {"/".join(str(row[name]) for name in key): _row(row) for row in rows}


def _row(row: dict[str, Any]) -> Row:
    return {name: value if isinstance(value, str) else to_json(value) for name, value in row.items()}


def _row_differences(where: str, mine: Row, theirs: Row) -> Iterator[str]:
    for column in sorted(mine.keys() | theirs.keys()):
        here, there = mine.get(column, "nothing"), theirs.get(column, "nothing")
        if here != there:
            yield f"{where}: {column} is {_shown(here, there)} in the first, {_shown(there, here)} in the second"


def _shown(text: str, other: str) -> str:
    """Return ``text``, or when it is long, the part of it that begins to differ from ``other``."""
    if len(text) <= _SHOWN:
        return text
    start = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), min(len(text), len(other)))
    low = max(0, start - _SHOWN // 2)
    return f"…{text[low : low + _SHOWN]}…"


_SHOWN = 160
