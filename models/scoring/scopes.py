"""Which scopes a fact belongs to: everything, and its touchpoint, channel, source and declared segment values.

Scopes are bounded: what is not declared is counted under ``other``. Which cells a scope has is in ``models.cells``.
"""

from collections.abc import Iterable
from functools import lru_cache

from models.definitions import OTHER, DeclaredScopes
from models.scoring.journey import Place

ALL = "all"
REMEMBERED = 8192
"""How many places are looked up before a book forgets; places are few, but what senders write is not ours to bound."""

Scopes = tuple[str, ...]


class ScopeBook:
    """The scopes of places under one declaration, each worked out once: every touched customer asks for some."""

    __slots__ = ("_contacts", "_journeys", "_persons", "_undeclared", "declared")

    def __init__(self, declared: DeclaredScopes) -> None:
        self.declared = declared
        self._contacts: dict[Place, Scopes] = {}
        self._journeys: dict[tuple[Place, ...], Scopes] = {}
        self._persons: dict[tuple[Place, ...], Scopes] = {}
        self._undeclared: dict[Place, bool] = {}

    def of_contact(self, place: Place) -> Scopes:
        """Return the scopes of a contact at ``place``, with the pair of touchpoint and channel (for consistency)."""
        scopes = self._contacts.get(place)
        if scopes is None:
            one = _single(place, self.declared)
            scopes = tuple(dict.fromkeys((ALL, *one[:3], f"{one[0]}|{one[1]}", *one[3:])))
            if len(self._contacts) >= REMEMBERED:
                self._contacts.clear()
            self._contacts[place] = scopes
        return scopes

    def of_journey(self, places: tuple[Place, ...]) -> Scopes:
        """Return the scopes of a journey that met ``places``: everything, and each distinct one once."""
        scopes = self._journeys.get(places)
        if scopes is None:
            met = (scope for place in places for scope in _single(place, self.declared))
            scopes = tuple(dict.fromkeys((ALL, *met)))
            if len(self._journeys) >= REMEMBERED:
                self._journeys.clear()
            self._journeys[places] = scopes
        return scopes

    def of_person(self, places: tuple[Place, ...]) -> Scopes:
        """Return the scopes of a customer: everything, and the segments met on the way."""
        scopes = self._persons.get(places)
        if scopes is None:
            segments = (scope for place in places for scope in _segments(place[3], self.declared))
            scopes = tuple(dict.fromkeys((ALL, *segments)))
            if len(self._persons) >= REMEMBERED:
                self._persons.clear()
            self._persons[places] = scopes
        return scopes

    def is_undeclared(self, place: Place) -> bool:
        """Tell whether anything about ``place`` is counted under ``other`` for want of a declaration."""
        known = self._undeclared.get(place)
        if known is None:
            known = undeclared(place, self.declared)
            if len(self._undeclared) >= REMEMBERED:
                self._undeclared.clear()
            self._undeclared[place] = known
        return known


_latest: list[ScopeBook] = []
_made = lru_cache(maxsize=16)(ScopeBook)


def book_of(declared: DeclaredScopes) -> ScopeBook:
    """Return the one book of ``declared``; the latest is known by identity, for hashing a declaration is slow."""
    for book in _latest:
        if book.declared is declared:
            return book
    book = _made(declared)
    _latest[:] = [book]
    return book


def scopes_of(place: Place, declared: DeclaredScopes) -> Scopes:
    """Return the scopes of a contact at ``place``.

    >>> shop = DeclaredScopes(touchpoints=frozenset({"help"}), segments=frozenset({("plan", "gold")}))
    >>> scopes_of(("help", "fax", "pbx", (("plan", "tin"), ("age", "42"))), shop)
    ... # doctest: +NORMALIZE_WHITESPACE
    ('all', 'touchpoint:help', 'channel:other', 'source:other', 'touchpoint:help|channel:other',
     'segment:plan=other', 'segment:other')
    """
    return book_of(declared).of_contact(place)


def scopes_met(places: Iterable[Place], declared: DeclaredScopes) -> Scopes:
    """Return the scopes of a journey that met ``places``.

    >>> scopes_met([("help", "chat", "s", ()), ("help", "phone", "s", ())], DeclaredScopes(
    ...     frozenset({"help"}), frozenset({"chat", "phone"}), frozenset({"s"})))
    ('all', 'touchpoint:help', 'channel:chat', 'source:s', 'channel:phone')
    """
    return book_of(declared).of_journey(tuple(places))


def holds_customers(scope: str) -> bool:
    """Tell whether customers are counted in ``scope``; everywhere else there are only contacts and journeys.

    >>> holds_customers("all"), holds_customers("segment:plan=gold"), holds_customers("channel:chat")
    (True, True, False)
    """
    return scope == ALL or scope.startswith("segment:")


def undeclared(place: Place, declared: DeclaredScopes) -> bool:
    """Tell whether anything about ``place`` is counted under ``other`` for want of a declaration."""
    touchpoint, channel, source, segment = place
    return (
        (touchpoint != OTHER and touchpoint not in declared.touchpoints)
        or (channel != OTHER and channel not in declared.channels)
        or source not in declared.sources
        or any(pair not in declared.segments for pair in segment)
    )


def _single(place: Place, declared: DeclaredScopes) -> Scopes:
    touchpoint, channel, source, segment = place
    return (
        f"touchpoint:{touchpoint if touchpoint in declared.touchpoints else OTHER}",
        f"channel:{channel if channel in declared.channels else OTHER}",
        f"source:{source if source in declared.sources else OTHER}",
        *_segments(segment, declared),
    )


def _segments(segment: Iterable[tuple[str, str]], declared: DeclaredScopes) -> Iterable[str]:
    names = {name for name, _ in declared.segments}
    for name, value in segment:
        if (name, value) in declared.segments:
            yield f"segment:{name}={value}"
        else:
            yield f"segment:{name}={OTHER}" if name in names else f"segment:{OTHER}"
