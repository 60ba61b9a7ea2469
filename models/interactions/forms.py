"""Forms: patterns that texts are held to, with the texts that were found to match.

A stream's arms, currencies and languages are few and come back with every event: looking one up costs a fifth of
matching it. Which field has which pattern is in ``bounds``.
"""

import re
from collections.abc import Iterable
from typing import Final

REMEMBERED: Final = 8192
"""Texts remembered for one form, before it starts afresh: what senders write is not ours to bound."""


class Form:
    """A pattern, which a text must match as a whole."""

    __slots__ = ("_match", "known")

    def __init__(self, pattern: str) -> None:
        self._match = re.compile(pattern).match
        self.known: set[str] = set()
        """Texts that were found to match."""

    def hold(self, value: str | Iterable[str]) -> None:
        r"""Raise ``ValueError`` unless ``value`` matches; of an object's keys, each one must.

        >>> form = Form(r"[a-z]+\Z")
        >>> form.hold("chat"), form.hold({"chat": 1})
        (None, None)
        >>> form.hold({"Chat": 1})
        Traceback (most recent call last):
        ValueError: a text does not have its form
        """
        for text in (value,) if isinstance(value, str) else value:
            if text not in self.known:
                self._meet(text)

    def _meet(self, text: str) -> None:
        if self._match(text) is None:
            raise ValueError("a text does not have its form")
        if len(self.known) >= REMEMBERED:
            self.known.clear()
        self.known.add(text)


Forms = tuple[tuple[str, Form], ...]
"""(field, form) of a struct's fields."""
