"""The typed forms of a value: small tables of the mapping, each made of a row's cells.

A cell that cannot be read as its form asks raises ``CellFault``, which rejects the row.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from streams.history.columns import CellFault, Columns, Getter, MappingFault
from streams.history.rows import Cells
from streams.history.texts import clean
from streams.history.times import end_of_day, written

Moment = Callable[[Cells], datetime | None]


def _first(moments: Sequence[datetime]) -> datetime:
    return moments[0]


def _earliest(moments: Sequence[datetime]) -> datetime:
    return min(moments)


def _latest(moments: Sequence[datetime]) -> datetime:
    return max(moments)


_PICKS: Mapping[str, Callable[[Sequence[datetime]], datetime]] = {
    "first": _first,
    "earliest": _earliest,
    "latest": _latest,
}


class Form(BaseModel):
    """One way to make a value, as a table of the TOML file; its first key names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def compiled(self, columns: Columns) -> Getter:
        """Return the function from cells to the value."""
        raise NotImplementedError


class Looked(Form):
    """``{ column = "state", map = { New = "queued" }, otherwise = "progress" }``: looked up from a cell's text."""

    column: str
    map: dict[str, str | int | float | bool] = Field(min_length=1)
    otherwise: str | int | float | bool | None = None

    def compiled(self, columns: Columns) -> Getter:
        """Look the text up in ``map``; ``otherwise`` stands for texts not listed."""
        place, table, otherwise = columns.place(self.column), dict(self.map), self.otherwise
        return lambda cells: None if (cell := cells[place]) is None else table.get(cell, otherwise)


class Whole(Form):
    """``{ integer = "count", at_most = 1000 }``: a whole number; ``at_least`` and ``at_most`` clip it."""

    integer: str
    at_least: int | None = None
    at_most: int | None = None

    def compiled(self, columns: Columns) -> Getter:
        """Read the number and clip it."""
        place = columns.place(self.integer)

        def value(cells: Cells) -> int | None:
            cell = cells[place]
            return None if cell is None else clipped(whole(self.integer, cell), self.at_least, self.at_most)

        return value


class Number(Form):
    """``{ number = "price", decimal = ",", divided_by = 100 }``: a number, with the sign that marks decimals."""

    number: str
    decimal: Literal[".", ","] = "."
    divided_by: float = Field(1.0, gt=0)

    def compiled(self, columns: Columns) -> Getter:
        """Read the number and divide it."""
        place = columns.place(self.number)

        def value(cells: Cells) -> float | None:
            cell = cells[place]
            return None if cell is None else decimal(self.number, cell, self.decimal) / self.divided_by

        return value


class Truth(Form):
    """``{ truth = "late", yes = ["true"], no = ["false"] }``: yes or no; any other text rejects the row."""

    truth: str
    yes: list[str] = ["true", "True", "TRUE", "yes", "1"]
    no: list[str] = ["false", "False", "FALSE", "no", "0"]

    def compiled(self, columns: Columns) -> Getter:
        """Tell whether the text is among ``yes``."""
        place, yes, no = columns.place(self.truth), frozenset(self.yes), frozenset(self.no)

        def value(cells: Cells) -> bool | None:
            cell = cells[place]
            if cell is None or cell in yes or cell in no:
                return None if cell is None else cell in yes
            raise CellFault("not_a_truth", self.truth, f"{cell[:40]!r} is neither in `yes` nor in `no`")

        return value


class Time(Form):
    """``{ time = "delivered_at" }``: a moment; of several, the ``first`` there, ``earliest`` or ``latest``."""

    time: str | list[str]
    at: Literal["end of day"] | None = None
    pick: Literal["first", "earliest", "latest"] = "first"

    def compiled(self, columns: Columns) -> Getter:
        """Read the moment, as RFC 3339."""
        read = self.moment(columns)
        return lambda cells: None if (moment := read(cells)) is None else written(moment)

    def moment(self, columns: Columns) -> Moment:
        """Return the function from cells to the moment."""
        names = [self.time] if isinstance(self.time, str) else self.time
        if not names:
            raise MappingFault("`time` names no column; name at least one")
        reads = [_moment(name, columns) for name in names]
        if len(reads) == 1 and self.at is None:
            return reads[0]
        choose = _PICKS[self.pick]

        def value(cells: Cells) -> datetime | None:
            there = [moment for read in reads if (moment := read(cells)) is not None]
            chosen = choose(there) if there else None
            return end_of_day(chosen) if chosen is not None and self.at else chosen

        return value


class Seconds(Form):
    """``{ seconds_from = "opened_at", to = "taken_at" }``: whole seconds between; left out when negative."""

    seconds_from: str
    to: str
    at_most: int | None = None

    def compiled(self, columns: Columns) -> Getter:
        """Count the seconds and clip them."""
        start, end = _moment(self.seconds_from, columns), _moment(self.to, columns)

        def value(cells: Cells) -> int | None:
            since, until = start(cells), end(cells)
            if since is None or until is None or until < since:
                return None
            return clipped(int((until - since).total_seconds()), None, self.at_most)

        return value


class Words(Form):
    """``{ words = ["title", "comment"] }``: somebody's own words, from all the columns that hold some."""

    words: str | list[str]
    between: str = ". "

    def compiled(self, columns: Columns) -> Getter:
        """Join the words that are there and make them fit to keep."""
        names = [self.words] if isinstance(self.words, str) else self.words
        places = [columns.place(name) for name in names]

        def value(cells: Cells) -> str | None:
            there = [text for place in places if (cell := cells[place]) is not None and (text := cell.strip())]
            return clean(self.between.join(there)) if there else None

        return value


def _moment(name: str, columns: Columns) -> Moment:
    place, read = columns.place(name), columns.read_time

    def value(cells: Cells) -> datetime | None:
        cell = cells[place]
        if cell is None:
            return None
        try:
            return read(cell)
        except ValueError as error:
            raise CellFault("bad_time", name, str(error)) from None

    return value


def whole(column: str, cell: str) -> int:
    """Return the whole number that ``cell`` writes (``3`` or ``3.0``); raises ``CellFault``."""
    try:
        return int(cell)
    except ValueError:
        number = decimal(column, cell, ".")
    if number.is_integer():
        return int(number)
    raise CellFault("not_a_number", column, f"{cell[:40]!r} is not a whole number")


def decimal(column: str, cell: str, mark: str) -> float:
    """Return the finite number that ``cell`` writes; raises ``CellFault``."""
    text = cell.strip().replace("\u00a0", "").replace(" ", "")
    text = text.replace(".", "").replace(",", ".") if mark == "," else text.replace(",", "")
    try:
        number = float(text)
    except ValueError:
        number = float("nan")
    if number - number == 0:  # neither NaN nor infinite
        return number
    raise CellFault("not_a_number", column, f"{cell[:40]!r} is not a number")


def clipped(number: int, least: int | None, most: int | None) -> int:
    """Return ``number``, or the bound it goes beyond."""
    number = number if least is None else max(least, number)
    return number if most is None else min(most, number)
