"""Rows, and rows that cannot be used: what reading a file gives, whatever its format."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from streams.history.lines import MAX_LINE, Line

Cells = tuple[str | None, ...]
"""The values of the columns asked for, in the order they were asked for; ``None`` is "not there"."""
BOM = b"\xef\xbb\xbf"


class Row(NamedTuple):
    """One row: the line it starts on, its bytes, and the cells asked for."""

    number: int
    raw: bytes
    cells: Cells


class RowReject(NamedTuple):
    """A row that cannot be read, or makes no event the contract accepts."""

    number: int
    raw: bytes
    code: str
    field: str
    fault: str
    remedy: str


@dataclass(frozen=True, slots=True)
class FileShape:
    """How a file is written."""

    format: Literal["csv", "ndjson"]
    delimiter: str
    encoding: str
    missing: frozenset[str]


def too_long(line: Line) -> RowReject:
    """Return the reject that a line above ``MAX_LINE`` becomes."""
    fault = f"the line is longer than {MAX_LINE} bytes; only its beginning is kept"
    return RowReject(
        line.number, line.data, "row_too_long", "row", fault, "see whether line ends or quotes are missing"
    )
