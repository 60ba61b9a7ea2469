"""Texts with ``{column}`` in them, made from the cells of a row; slugs; and a customer's words made fit to keep."""

import functools
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

from streams.history.columns import Columns, Getter, MappingFault
from streams.history.rows import Cells

_HOLE = re.compile(r"\{\{|\}\}|\{([^{}|]+)(?:\|([a-z]+))?\}")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+")
_NOT_SLUG = re.compile(r"[^a-z0-9_.-]+")
WORDS = 5_000
"""Characters of a customer's words that the contract takes; what is longer is cut there."""


@functools.lru_cache(maxsize=1 << 14)
def slug(text: str) -> str | None:
    """Return ``text`` as a name that scopes are made of; ``None`` when nothing is left of it.

    >>> slug("Customer Service Issue"), slug("Évènement n° 4"), slug("?")
    ('customer-service-issue', 'evenement-n-4', None)
    """
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return _NOT_SLUG.sub("-", plain).strip("-_.")[:64].rstrip("-_.") or None


_FILTERS: Mapping[str, Callable[[str], str | None]] = {"slug": slug, "lower": str.lower, "upper": str.upper}


def template(text: str, columns: Columns) -> Callable[[Cells], str | None]:
    """Return what fills the holes of ``text``: ``{column}``, ``{column|slug}``; ``{{`` is a brace.

    A hole whose cell is not there makes the whole text not there. Raises ``MappingFault``.
    """
    parts: list[Getter | str] = []
    at = 0
    for hole in _HOLE.finditer(text):
        parts.append(text[at : hole.start()])
        parts.append(hole.group()[0] if hole.group(1) is None else _filled(hole.group(1), hole.group(2), columns))
        at = hole.end()
    parts.append(text[at:])
    if any("{" in part or "}" in part for part in _literals(text)):
        raise MappingFault(f"{text!r} has a brace that holds no column; write {{column}}, or double the brace")
    wanted = [part for part in parts if part != ""]
    if len(wanted) == 1 and callable(wanted[0]):
        return wanted[0]  # type: ignore[return-value]  # ``_filled`` returns texts
    return lambda cells: _joined(wanted, cells)


def _literals(text: str) -> list[str]:
    return [part for n, part in enumerate(_HOLE.split(text)) if n % 3 == 0]


def _filled(name: str, wanted: str | None, columns: Columns) -> Callable[[Cells], str | None]:
    place = columns.place(name)
    if wanted is None:
        return lambda cells: cells[place]
    try:
        change = _FILTERS[wanted]
    except KeyError:
        raise MappingFault(f"{{{name}|{wanted}}}: there is no {wanted!r}; use {', '.join(_FILTERS)}") from None
    return lambda cells: None if (cell := cells[place]) is None else change(cell)


def _joined(parts: Sequence[Getter | str], cells: Cells) -> str | None:
    texts: list[str] = []
    for part in parts:
        text = part if isinstance(part, str) else part(cells)
        if text is None:
            return None
        texts.append(str(text))
    return "".join(texts)


def clean(text: str) -> str:
    """Return a person's words without control characters, and no longer than the contract takes.

    >>> clean("not" + chr(0) + "ok"), len(clean("x" * 6_000))
    ('not ok', 5000)
    """
    plain = _CONTROL.sub(" ", text)
    return plain if len(plain) <= WORDS else plain[: WORDS - 1] + "…"
