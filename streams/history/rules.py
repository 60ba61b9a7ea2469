"""Rules, compiled: a mapping's ``[[event]]`` sections as functions from a row to the data of an interaction.

Checked against the contract when compiled: a type that does not exist, a field the type lacks, a field it needs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from models.errors import InvalidInput
from models.interactions import TYPES
from models.interactions.common import Interaction
from streams.history import conditions, values
from streams.history.columns import Columns, Getter, MappingFault
from streams.history.forms import Time
from streams.history.mapping import EventSection, Mapping
from streams.history.rows import Cells
from streams.history.texts import template

PREFIX = "ressenti."
COMMON = tuple(Interaction.model_fields)
"""What ``[common]`` may say: the fields every interaction has."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row stands among those of its case."""

    before: Cells | None
    last: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """One compiled ``[[event]]``."""

    name: str
    type: str
    fires: Callable[[Cells, Place], bool]
    moment: Callable[[Cells], datetime | None]
    fields: tuple[tuple[str, Getter], ...]
    segment: tuple[tuple[str, Getter], ...]

    def data(self, cells: Cells) -> dict[str, object]:
        """Return the event's data; what is not there is left out."""
        made = {name: value for name, get in self.fields if (value := get(cells)) is not None}
        segment = {name: value for name, get in self.segment if (value := get(cells)) is not None}
        return made | {"segment": segment} if segment else made


@dataclass(frozen=True, slots=True)
class Plan:
    """A mapping ready to work: the columns it reads, and what it makes of their cells."""

    columns: tuple[str, ...]
    subject: Callable[[Cells], str | None]
    source: Callable[[Cells], str | None]
    moment: Callable[[Cells], datetime | None]
    identity: tuple[int, ...]
    """Places of the identity columns; empty means the row's whole text."""
    case: tuple[int, ...]
    rules: tuple[Rule, ...]


def plan_of(mapping: Mapping, where: str) -> Plan:
    """Return ``mapping`` compiled; raises ``InvalidInput`` naming the key, the fault and the remedy."""
    columns = Columns([], mapping.read_time)
    names = [event.name for event in mapping.event]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise InvalidInput(f"{where}: event {twice!r}: the name is given twice; names make ids, so each needs its own")
    row = mapping.row
    with _Named(where, "row.subject"):
        subject = template(row.subject, columns)
    with _Named(where, "source"):
        source = template(mapping.source, columns)
    moment = _moment(where, "row.time", row.time, columns)
    rules = tuple(_rule(where, mapping, event, columns) for event in mapping.event)
    identity = tuple(columns.place(name) for name in row.identity)
    case = tuple(columns.place(name) for name in row.case)
    return Plan(tuple(columns.names), subject, source, moment, identity, case, rules)


class _Named:
    """Turns a ``MappingFault`` inside into an ``InvalidInput`` that names the file and the key."""

    def __init__(self, where: str, key: str) -> None:
        self._where, self._key = where, key

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, MappingFault):
            raise InvalidInput(f"{self._where}: {self._key}: {error}") from None


def _rule(where: str, mapping: Mapping, event: EventSection, columns: Columns) -> Rule:
    key = f"event {event.name!r}"
    kind = PREFIX + event.type.removeprefix(PREFIX)
    noun = _noun(where, key, kind, event.type)
    said = mapping.common | event.fields
    segment = _table(where, f"{key}.fields.segment", mapping.common.get("segment", {})) | _table(
        where, f"{key}.fields.segment", event.fields.get("segment", {})
    )
    _fits(where, key, noun, said, set(mapping.common))
    if not mapping.row.case and (event.before or event.rows != "every"):
        raise InvalidInput(
            f"{where}: {key}: `rows` and `before` look at the rows of one case; name its columns in row.case"
        )
    said.pop("segment", None)
    return Rule(
        event.name,
        kind,
        _fires(where, key, event, columns),
        _moment(where, f"{key}.time", mapping.row.time if event.time is None else event.time, columns),
        tuple((name, _value(where, f"{key}.fields.{name}", one, columns)) for name, one in said.items()),
        tuple((name, _value(where, f"{key}.fields.segment.{name}", one, columns)) for name, one in segment.items()),
    )


def _noun(where: str, key: str, kind: str, said: str) -> type[Interaction]:
    if kind in TYPES:
        return TYPES[kind]
    names = [name.removeprefix(PREFIX) for name in TYPES]
    near = get_close_matches(said, names, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(names)}"
    raise InvalidInput(f"{where}: {key}.type: there is no interaction {said!r}; {hint}")


def _fits(where: str, key: str, noun: type[Interaction], said: dict[str, Any], common: set[str]) -> None:
    stray = sorted(common - set(COMMON))
    if stray:
        raise InvalidInput(f"{where}: common.{stray[0]}: not a field of every interaction; use {', '.join(COMMON)}")
    known = noun.model_fields
    for name in said:
        if name not in known:
            near = get_close_matches(name, list(known), 1)
            hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(known)}"
            raise InvalidInput(f"{where}: {key}.fields.{name}: {noun.TYPE} has no such field; {hint}")
    for name, field in known.items():
        if field.is_required() and name not in said:
            raise InvalidInput(f"{where}: {key}.fields.{name}: {noun.TYPE} needs it; say where it comes from")


def _fires(where: str, key: str, event: EventSection, columns: Columns) -> Callable[[Cells, Place], bool]:
    with _Named(where, f"{key}.when"):
        when = conditions.compiled(event.when, columns)
    with _Named(where, f"{key}.before"):
        earlier = conditions.compiled(event.before, columns)
    needs_before = bool(event.before)
    standing: Callable[[Place], bool] = {
        "every": lambda _place: True,
        "first": lambda place: place.before is None,
        "later": lambda place: place.before is not None,
        "last": lambda place: place.last,
    }[event.rows]

    def fires(cells: Cells, place: Place) -> bool:
        before = place.before
        if not standing(place) or not when(cells, before):
            return False
        return not needs_before or (before is not None and earlier(before, None))

    return fires


def _value(where: str, key: str, said: object, columns: Columns) -> Getter:
    with _Named(where, key):
        return values.compiled(said, columns)
    raise AssertionError  # pragma: no cover - ``_Named`` swallows nothing


def _moment(where: str, key: str, said: object, columns: Columns) -> Callable[[Cells], datetime | None]:
    with _Named(where, key):
        form = values.form({"time": said} if isinstance(said, str) else said if isinstance(said, dict) else {})
        if not isinstance(form, Time):
            raise MappingFault('a moment is wanted; write a column, or { time = "column" }')
        return form.moment(columns)
    raise AssertionError  # pragma: no cover - ``_Named`` swallows nothing


def _table(where: str, key: str, said: object) -> dict[str, Any]:
    if isinstance(said, dict):
        return said
    raise InvalidInput(f'{where}: {key}: not a table; write segment = {{ plan = "{{plan}}" }}')
