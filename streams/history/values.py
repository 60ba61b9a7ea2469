"""How a mapping makes a value: a text with ``{column}`` in it, a number or truth, a list, or a table: one of the forms.

``compiled`` turns what the TOML file says into a function from cells to a value; ``None`` is "not there", and a field
whose value is not there is left out of the event.
"""

from collections.abc import Mapping, Sequence

from pydantic import ValidationError

from streams.history.columns import Columns, Getter, MappingFault
from streams.history.forms import Form, Looked, Number, Seconds, Time, Truth, Whole, Words
from streams.history.rows import Cells
from streams.history.texts import template

FORMS: Mapping[str, type[Form]] = {
    "column": Looked,
    "integer": Whole,
    "number": Number,
    "truth": Truth,
    "time": Time,
    "seconds_from": Seconds,
    "words": Words,
}


def compiled(said: object, columns: Columns) -> Getter:
    """Return the function that makes the value ``said`` in the mapping; raises ``MappingFault``.

    A text is a template, a number or truth is itself, a list is made of values, a table is one of ``FORMS``.
    """
    if isinstance(said, str):
        return template(said, columns)
    if isinstance(said, bool | int | float):
        return lambda _cells: said
    if isinstance(said, list):
        return _all_of([compiled(one, columns) for one in said])
    if isinstance(said, dict):
        return form(said).compiled(columns)
    raise MappingFault(f"{said!r} is no value; write a text, a number, true or false, a list, or a table")


def form(said: dict[str, object]) -> Form:
    """Return the form that the table ``said`` is; raises ``MappingFault``."""
    named = [key for key in FORMS if key in said]
    if len(named) != 1:
        raise MappingFault(f"{said!r} is no value; a table has exactly one of {', '.join(FORMS)}")
    try:
        return FORMS[named[0]].model_validate(said)
    except ValidationError as wrong:
        raise MappingFault("; ".join(f"{_place(e['loc'])}: {e['msg']}" for e in wrong.errors())) from None


def _place(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)


def _all_of(getters: Sequence[Getter]) -> Getter:
    def values(cells: Cells) -> list[object] | None:
        made = [get(cells) for get in getters]
        return None if any(value is None for value in made) else made

    return values
