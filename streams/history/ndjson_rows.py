"""Rows of a newline-delimited JSON file: one object a line; nested names are joined by dots."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from models.errors import InvalidInput
from streams.history.lines import Line
from streams.history.rows import BOM, FileShape, Row, RowReject, too_long

_json = msgspec.json.Decoder()


_REFUSALS = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)


def names(lines: Iterable[Line]) -> list[str]:
    """Return every name that the objects of ``lines`` have."""
    found: dict[str, None] = {}
    for line in lines:
        try:
            found.update(dict.fromkeys(_flat(line.data)))
        except _REFUSALS:
            continue  # ``rows`` rejects it, with the reason
    return list(found)


def rows(path: Path, lines: Iterator[Line], shape: FileShape, columns: Sequence[str]) -> Iterator[Row | RowReject]:
    """Yield the rows of an NDJSON file with the cells of ``columns``; raises ``InvalidInput``.

    That no row has a column is known, and said, at the end only.
    """
    seen: set[str] = set()
    read = 0
    for line in lines:
        if not line.data.strip():
            continue
        read += 1
        row = _row(line, shape, columns, seen)
        yield row
    if not read:
        raise InvalidInput(f"{path}: the file is empty; one JSON object is wanted on each line")
    absent = [name for name in columns if name not in seen]
    if absent and seen:
        raise InvalidInput(
            f"{path}: no row has {', '.join(map(repr, absent))}; correct the names in the mapping "
            f"(found: {', '.join(sorted(seen)[:20])})"
        )


def _row(line: Line, shape: FileShape, columns: Sequence[str], seen: set[str]) -> Row | RowReject:
    if not line.whole:
        return too_long(line)
    try:
        found = _flat(line.data)
    except _REFUSALS as error:
        return RowReject(line.number, line.data, "not_json", "row", str(error), "write one JSON object on each line")
    seen.update(found)
    cells = [None if (cell := found.get(name)) is None or cell in shape.missing else cell for name in columns]
    return Row(line.number, line.data, tuple(cells))


def _flat(data: bytes) -> dict[str, str]:
    """Return the object's scalars as text, nested names joined by dots; lists are kept as their JSON."""
    found = _json.decode(data.removeprefix(BOM))
    if not isinstance(found, dict):
        raise ValueError("not an object")  # noqa: TRY004 - told to the reader like any other unreadable line
    flat: dict[str, str] = {}
    _flatten(found, "", flat)
    return flat


def _flatten(found: dict[str, object], prefix: str, into: dict[str, str]) -> None:
    for name, value in found.items():
        if isinstance(value, dict):
            _flatten(value, f"{prefix}{name}.", into)
        elif isinstance(value, str):
            into[prefix + name] = value
        elif value is not None:
            into[prefix + name] = msgspec.json.encode(value).decode()
        else:
            into.setdefault(prefix + name, "")
