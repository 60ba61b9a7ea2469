"""Scopes declare themselves: a touchpoint, channel or source that is met for the first time gets cells of its own.

Up to a bound; what comes after it is counted under ``other``. The new definitions are in force before the events
that brought them are appended, so that the first of them is counted where it belongs already.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from models.definitions import OTHER, DeclaredScopes
from models.identifiers import Millis
from store.definitions import DefinitionVersions

AUTHOR = "ressenti"

T = TypeVar("T")


class _Data(msgspec.Struct):
    touchpoint: str | None = None
    channel: str | None = None
    segment: dict[str, str] | None = None


class Met(msgspec.Struct):
    """The parts of an event that scopes are named after."""

    source: str
    data: _Data = msgspec.field(default_factory=_Data)


_met = msgspec.json.Decoder(Met).decode


def met(value: bytes) -> Met | None:
    """Return what the event ``value`` names; ``None`` for what is no event."""
    try:
        return _met(value)
    except (msgspec.DecodeError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many values may declare themselves, of each kind; segments only where somebody chose them (a mapping)."""

    values: int = 200
    segments: int = 0


class Declaring:
    """Declares what is met; safe to use from many threads."""

    def __init__(self, definitions: DefinitionVersions, bounds: Bounds, clock: Callable[[], Millis]) -> None:
        self._definitions = definitions
        self._bounds = bounds
        self._clock = clock
        self._lock = threading.Lock()
        self._known = definitions.current().scopes

    def meet(self, events: Iterable[Met]) -> None:
        """Put in force the scopes of ``events`` that are new; a look into memory when none is."""
        events = list(events)
        if self._grown(self._known, events) == self._known:
            return
        with self._lock:
            current = self._definitions.current().scopes
            grown = self._grown(current, events)
            if grown != current:
                self._definitions.declare(grown, AUTHOR, self._clock())
            self._known = grown  # not before: what could not be declared is not known

    def _grown(self, scopes: DeclaredScopes, events: list[Met]) -> DeclaredScopes:
        most = self._bounds.values
        pairs = (pair for event in events if event.data.segment for pair in event.data.segment.items())
        return DeclaredScopes(
            touchpoints=_with(scopes.touchpoints, (event.data.touchpoint for event in events), most),
            channels=_with(scopes.channels, (event.data.channel for event in events), most),
            sources=_with(scopes.sources, (event.source for event in events), most),
            segments=_with(scopes.segments, pairs if self._bounds.segments else (), self._bounds.segments),
        )


def _with(known: frozenset[T], values: Iterable[T | None], most: int) -> frozenset[T]:
    new = dict.fromkeys(value for value in values if value is not None and value != OTHER and value not in known)
    return known | frozenset(list(new)[: max(0, most - len(known))]) if new else known
