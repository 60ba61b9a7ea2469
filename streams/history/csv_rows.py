"""Rows of a CSV file (RFC 4180): the header first, then records whose quoted values may span lines.

A record that breaks the rules costs its first line and no more: lines that a stray quote swallowed are read again.
"""

import csv
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path

from models.errors import InvalidInput
from streams.history.lines import MAX_LINE, Line
from streams.history.rows import BOM, FileShape, Row, RowReject, too_long


class _TooLongError(Exception):
    """A record outgrew ``MAX_LINE``: most often a quote that is never closed."""


class _Feed:
    """Hands text to ``csv.reader`` and remembers which lines the record at hand took, to give them back."""

    def __init__(self, lines: Iterator[Line], encoding: str) -> None:
        self._lines = lines
        self._again: deque[Line] = deque()
        self._encoding = encoding
        self._size = 0
        self.taken: list[Line] = []

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self.taken.append(line)
        self._size += len(line.data)
        if self._size > MAX_LINE or not line.whole:
            raise _TooLongError
        data = line.data.removeprefix(BOM) if line.number == 1 else line.data
        return data.decode(self._encoding, "surrogateescape")

    def begin(self) -> None:
        """Forget the lines of the record before."""
        self.taken.clear()
        self._size = 0

    def give_back(self) -> Line:
        """Return the first line of the record at hand and read the others again."""
        first, *rest = self.taken
        self._again.extendleft(reversed(rest))
        return first


def names(path: Path, lines: Iterator[Line], shape: FileShape) -> list[str]:
    """Return the columns that the header names; raises ``InvalidInput``."""
    return _header(path, _Feed(lines, shape.encoding), shape)


def rows(path: Path, lines: Iterator[Line], shape: FileShape, columns: Sequence[str]) -> Iterator[Row | RowReject]:
    """Yield the rows of a CSV file with the cells of ``columns``; raises ``InvalidInput``."""
    feed = _Feed(lines, shape.encoding)
    header = _header(path, feed, shape)
    places = _places(path, header, shape, columns)
    width, missing = len(header), shape.missing
    reader = csv.reader(feed, delimiter=shape.delimiter, strict=True)
    while True:
        feed.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except (csv.Error, _TooLongError) as error:
            spans = len(feed.taken) > 1
            yield _unreadable(feed.give_back(), error, spans=spans)
            reader = csv.reader(feed, delimiter=shape.delimiter, strict=True)
            continue
        if not fields:
            continue  # an empty line is no row
        number = feed.taken[0].number
        raw = feed.taken[0].data if len(feed.taken) == 1 else b"".join(line.data for line in feed.taken)
        fault = _fault(fields, width, raw, shape)
        if fault is not None:
            yield RowReject(number, raw, *fault)
        else:
            yield Row(number, raw, tuple([None if fields[i] in missing else fields[i] for i in places]))


def _header(path: Path, feed: _Feed, shape: FileShape) -> list[str]:
    try:
        names = [name.strip() for name in next(csv.reader(feed, delimiter=shape.delimiter, strict=True))]
    except StopIteration:
        raise InvalidInput(f"{path}: the file is empty; it needs a first line that names the columns") from None
    except (csv.Error, _TooLongError) as error:
        raise InvalidInput(
            f"{path}: the first line is no header in CSV ({error or 'too long'}); see that this is the export itself"
        ) from error
    if any("\udc80" <= sign <= "\udcff" for name in names for sign in name):
        raise InvalidInput(f"{path}: the header is not {shape.encoding}; set `encoding` in the mapping, e.g. 'cp1252'")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise InvalidInput(
            f"{path}: the header names {', '.join(map(repr, twice))} more than once; rename or drop one of them"
        )
    return names


def _places(path: Path, header: Sequence[str], shape: FileShape, columns: Sequence[str]) -> list[int]:
    absent = [name for name in columns if name not in header]
    if not absent:
        return [header.index(name) for name in columns]
    hints = [f"{near[0]!r} is near {name!r}" for name in absent if (near := get_close_matches(name, header, 1))]
    if len(header) == 1:
        hints.append(f"the header has a single column: is `delimiter` {shape.delimiter!r} right?")
    raise InvalidInput(
        f"{path}: the mapping needs columns that the file does not have: {', '.join(map(repr, absent))}; "
        f"{'; '.join(hints) or 'correct the mapping, or choose the mapping made for this export'}"
    )


def _unreadable(line: Line, error: Exception, *, spans: bool) -> RowReject:
    if not line.whole:
        return too_long(line)
    if spans or "unexpected end of data" in str(error):
        fault, remedy = "a quote opens here and is never closed", "double the quotes inside a quoted value"
        return RowReject(line.number, line.data, "unclosed_quote", "row", fault, remedy)
    return RowReject(
        line.number, line.data, "not_csv", "row", str(error), "correct the row, or the mapping's `delimiter`"
    )


def _fault(fields: list[str], width: int, raw: bytes, shape: FileShape) -> tuple[str, str, str, str] | None:
    if len(fields) != width:
        fault = f"{len(fields)} values where the header names {width}"
        return ("ragged_row", "row", fault, "put quotes around values that hold the delimiter")
    if b"\0" in raw:
        return ("nul_byte", "row", "a NUL byte", "export the file again as text")
    if not raw.isascii() and any("\udc80" <= sign <= "\udcff" for field in fields for sign in field):
        return ("wrong_encoding", "row", f"bytes that are not {shape.encoding}", "set `encoding` in the mapping")
    return None
