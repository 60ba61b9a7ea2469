"""Rows of a delimited text with the line each stands on, and their fields as numbers or as faults in words."""

import csv
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from models.errors import InvalidInput

DELIMITERS = ",;\t"
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?"})
MOST_COLUMNS = 1_000
_COMMAS = re.compile(r"[-+]?[\d.\u00a0\u202f' ]*\d,\d+")
SMALLEST, LARGEST = 1e-60, 1e60
"""Outside of these, squares of squares leave what floating point can hold."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it stands in the file, and its fields by column."""

    line: int
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rows:
    """A text's columns, and its rows as they come."""

    columns: tuple[str, ...]
    rows: Iterator[Row]


def rows_of(lines: Iterable[str], name: str) -> Rows:
    """Return the rows of a delimited text whose first line names the columns.

    Commas, semicolons and tabs are known. Raises ``InvalidInput`` for a text without a header, a column named twice,
    and, as rows are read, for a row of another length.
    """
    given = iter(lines)
    header = next(given, "").removeprefix("\ufeff")
    if not header.strip():
        raise InvalidInput(f"{name}: it is empty; give a table whose first line names the columns")
    delimiter = max(DELIMITERS, key=header.count)
    columns = _named(header, delimiter, name)
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice or not all(columns) or len(columns) > MOST_COLUMNS:
        fault = f"the column {twice[0]!r} is there twice" if twice else "a column has no name"
        raise InvalidInput(f"{name}: line 1: {fault}; give each of at most {MOST_COLUMNS} columns a name of its own")
    return Rows(columns, _each(csv.reader(given, delimiter=delimiter), columns, name))


def _named(header: str, delimiter: str, name: str) -> tuple[str, ...]:
    try:
        return tuple(column.strip() for column in next(csv.reader([header], delimiter=delimiter)))
    except csv.Error as error:
        raise InvalidInput(f"{name}: line 1: {error}; give a table whose first line names the columns") from None


class _Reader(Protocol):
    """The reader of the standard library, which does not export its class."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...


def _each(reader: _Reader, columns: tuple[str, ...], name: str) -> Iterator[Row]:
    rows = iter(reader)
    while True:
        try:
            fields = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            raise InvalidInput(f"{name}: line {reader.line_num + 1}: {error}; save the table as CSV again") from None
        line = reader.line_num + 1
        if not fields:
            continue
        if len(fields) != len(columns):
            raise InvalidInput(
                f"{name}: line {line}: {len(fields)} fields under {len(columns)} columns; mend the row, or fetch a "
                "file that was cut short again"
            )
        yield Row(line, dict(zip(columns, (field.strip() for field in fields), strict=True)))


def require(columns: Sequence[str], wanted: Iterable[str], name: str) -> None:
    """Raise ``InvalidInput`` naming those of ``wanted`` that are not among ``columns``.

    >>> require(("a", "b"), ["b", "c"], "x.csv")
    Traceback (most recent call last):
    models.errors.InvalidInput: x.csv: the column 'c' is missing; it has a, b
    """
    missing = [column for column in wanted if column not in columns]
    if missing:
        named = ", ".join(repr(column) for column in missing)
        plural = "columns" if len(missing) > 1 else "column"
        verb = "are" if len(missing) > 1 else "is"
        raise InvalidInput(f"{name}: the {plural} {named} {verb} missing; it has {', '.join(columns)}")


def number(text: str) -> float | str | None:
    """Return the number, ``None`` where there is none, or what is wrong with the text.

    >>> number("1e3"), number("n/a"), number("inf"), number("12 %"), number("1e200")
    (1000.0, None, "'inf' is not finite", "'12 %' is not a number", "'1e200' is beyond what can be computed with")
    >>> number("1,5")
    "'1,5' is not a number, write a point for the decimals"
    """
    if text.casefold() in MISSING:
        return None
    try:
        value = float(text)
    except ValueError:
        return f"{text[:40]!r} is not a number{', write a point for the decimals' if _COMMAS.fullmatch(text) else ''}"
    if not math.isfinite(value):
        return f"{text[:40]!r} is not finite"
    if value and not SMALLEST <= abs(value) <= LARGEST:
        return f"{text[:40]!r} is beyond what can be computed with"
    return value


def moment(text: str) -> float | str | None:
    """Return a time in days: a plain number of days, or a date or moment; ``None`` where there is none.

    >>> moment("2.5"), moment("1970-01-02"), moment("1970-01-01T12:00:00Z"), moment("soon")
    (2.5, 1.0, 0.5, "'soon' is neither a number of days nor a date")
    """
    value = number(text)
    if not isinstance(value, str):
        return value
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return f"{text[:40]!r} is neither a number of days nor a date"
    at = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
    return at.timestamp() / 86_400
