"""Faults: what pydantic found, said to the sender as code, field, fault and remedy.

The values shown are cut short; neither a subject that is no pseudonym nor somebody's own words are ever repeated, since
faults are kept and shown longer than those may be.
"""

import json
from collections.abc import Callable, Mapping
from typing import Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from models.errors import Fault
from models.interactions.bounds import MAX_EVENT, Breach

SHOWN: Final = 60
"""Characters of a value that a fault repeats."""
PRIVATE: Final = frozenset({"subject", "verbatim", "raw"})

Rule = tuple[str, Callable[[Mapping[str, object], str], str], str]

_RULES: Final[dict[str, Rule]] = {
    "missing": ("missing", lambda _, __: "is required and absent", "send it"),
    "literal_error": ("not_allowed", lambda c, v: f"{v} is not {c['expected']}", "send one of the listed values"),
    "string_pattern_mismatch": ("bad_format", lambda c, v: f"{v} does not match {c['pattern']}", "mend its form"),
    "string_too_long": (
        "too_long",
        lambda c, v: f"{v} has more than {c['max_length']} characters",
        "shorten it",
    ),
    "string_too_short": ("too_short", lambda _, __: "is empty", "send it, or leave the field out"),
    "string_unicode": ("bad_format", lambda _, __: "holds half a surrogate pair", "send valid Unicode"),
    "too_long": ("too_long", lambda c, _: f"has more than {c['max_length']} entries", "send fewer"),
    "greater_than_equal": ("out_of_range", lambda c, v: f"{v} is below {c['ge']}", "send a value within bounds"),
    "less_than_equal": ("out_of_range", lambda c, v: f"{v} is above {c['le']}", "send a value within bounds"),
    "finite_number": ("out_of_range", lambda _, v: f"{v} is not a finite number", "send a number, or leave it out"),
}

_REMEDIES: Final[dict[str, str]] = {
    "specversion": 'send "1.0"',
    "id": "send an id that is unique within the source and the same when the event is sent again",
    "source": "name the sender, such as /shop",
    "time": 'send when it happened, such as "2026-11-23T12:30:00+01:00"',
    "subject": "name the customer",
    "data": "send data as a JSON object (data_base64 is not read)",
}
"""What to do about an attribute that is missing."""

_WANTED: Final[dict[str, str]] = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number, without a decimal point",
    "int_parsing_size": "a smaller whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
    "model_attributes_type": "an object",
}


def fault_of(error: ValidationError) -> Fault:
    """Return the first thing wrong, the way the sender can act on it."""
    details = error.errors(include_url=False)[0]
    field, value = path(details["loc"]), _shown(details)
    if details["input"] is None:
        return Fault("missing", field, "is required and null", _REMEDIES.get(field, "send it"))
    breach = details.get("ctx", {}).get("error")
    if isinstance(breach, Breach):
        return Fault(breach.code, breach.field or field, breach.fault, breach.remedy)
    if details["type"] in _RULES:
        code, say, remedy = _RULES[details["type"]]
        remedy = _REMEDIES.get(field, remedy) if code == "missing" else remedy
        return Fault(code, field, say(details.get("ctx", {}), value), remedy)
    wanted = _WANTED.get(details["type"], "of another type")
    return Fault("wrong_type", field, f"{value} is not {wanted}", f"send {wanted}")


def path(loc: tuple[int | str, ...]) -> str:
    """Return where a value stands, as a reader writes it.

    >>> path(("data", "waits_s", 2)), path(("data", "segment", "plan", "[key]")), path(())
    ('data.waits_s[2]', 'data.segment.plan', '(event)')
    """
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step != "[key]":
            text += f".{cut(step)}"
    return text.removeprefix(".") or "(event)"


def _shown(details: ErrorDetails) -> str:
    loc = details["loc"]
    if loc and loc[-1] in PRIVATE:
        return "the value (not repeated here)"
    return shown(details["input"])


def shown(value: object) -> str:
    """Return ``value`` as JSON, shortened to what a message may repeat.

    >>> shown({"a": [True, None, "é"]})
    '{"a": [true, null, "é"]}'
    """
    return cut(json.dumps(value, ensure_ascii=False, default=repr))


def cut(text: str) -> str:
    """Return ``text``, shortened to what a message may repeat."""
    safe = "".join(c if c.isprintable() else "�" for c in text[: SHOWN + 1])
    return safe if len(safe) <= SHOWN else safe[: SHOWN - 1] + "…"


def malformed(error: Exception) -> Fault:
    """Return the fault of bytes that are no JSON, or none that can be read."""
    if isinstance(error, RecursionError):
        return Fault("too_deep", "(event)", "its objects are nested too deeply", "flatten it: data holds plain fields")
    return Fault("malformed", "(event)", f"not valid JSON in UTF-8: {cut(str(error))}", "send one JSON object")


def too_large(size: int) -> Fault:
    """Return the fault of an event beyond the size bound."""
    return Fault("too_large", "(event)", f"{size} bytes are more than {MAX_EVENT}", "send one interaction per event")
