"""The bounds every field of an interaction is held to: one annotated type per meaning.

They are written once, for pydantic; the hot decoder derives its own from them. What a single value cannot
show (two fields that contradict each other) is checked by each noun.
"""

from datetime import datetime
from typing import Annotated, Final

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, StringConstraints, WithJsonSchema

from models import instants, pseudonyms

MAX_EVENT: Final = 65_536
"""Bytes of one event; a larger one is refused before it is read."""
MAX_KEY: Final = 256
"""Bytes of a record's key."""
MAX_AMOUNT: Final = 1_000_000_000

ONE_LINE: Final = r"^[^\x00-\x1f\x7f-\x9f]+$"
"""No control characters: PostgreSQL refuses U+0000, terminals and CSV files suffer from the others."""
LINES: Final = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$"
"""As ``ONE_LINE``, with tabs and line breaks."""
SLUG: Final = r"^[a-z0-9][a-z0-9_.-]{0,63}$"
URI_REFERENCE: Final = r"^[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+$"
CURRENCY: Final = r"^[A-Z]{3}$"
LANGUAGE: Final = r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$"


class Breach(ValueError):
    """What a field's bounds or a noun's own rules found wrong; ``field`` is set when fields contradict each other."""

    def __init__(self, code: str, fault: str, remedy: str, field: str = "") -> None:
        super().__init__(fault)
        self.code, self.fault, self.remedy, self.field = code, fault, remedy, field


def _moment(value: object) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if not isinstance(value, str):
        raise Breach("wrong_type", f"{value!r:.40} is no text", 'send text such as "2026-11-23T12:30:00+01:00"')
    try:
        return instants.moment(value)
    except ValueError as error:
        fault, _, remedy = str(error).rpartition(": ")
        raise Breach("bad_time", fault, remedy) from None


def _bounded(at: datetime) -> datetime:
    try:
        instants.bounded(at)
    except ValueError as error:
        raise Breach("out_of_range", str(error), "send the real moment, or leave the field out") from None
    return at


def hundredths(amount: float) -> int:
    """Return ``amount`` in whole hundredths; raises ``Breach`` when it has more than two decimals.

    >>> hundredths(-12.3), hundredths(999_999_999.99)
    (-1230, 99999999999)
    """
    whole = round(amount * 100)
    if whole / 100 != amount:  # exact: h/100 correctly rounded is the double that the text "h/100" names
        raise Breach("out_of_range", f"{amount!r} has more than two decimals", "round it to hundredths")
    return whole


def _two_decimals(amount: float) -> float:
    hundredths(amount)
    return amount


def basis_points(ratio: float) -> int:
    """Return a ratio from 0 to 1 in hundredths of a hundredth, 0 to 10 000.

    >>> basis_points(0.25)
    2500
    """
    return round(ratio * 10_000)


def _render(at: datetime) -> str:
    return instants.render(instants.millis(at))


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=ONE_LINE)]
"""Someone else's name for a thing: a contact, a post, an event."""
Name = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=ONE_LINE)]
"""A short free name: a device, a platform, a segment's value."""
Slug = Annotated[str, StringConstraints(pattern=SLUG)]
"""A name that scopes are made of."""
Source = Annotated[str, StringConstraints(max_length=128, pattern=URI_REFERENCE)]
"""CloudEvents ``source``: a non-empty URI reference (RFC 3986)."""
Pseudonym = Annotated[str, StringConstraints(pattern=pseudonyms.PATTERN)]
"""A customer, never by their own name; see ``models.pseudonyms``."""
Sentence = Annotated[str, StringConstraints(max_length=500, pattern=LINES)]
Verbatim = Annotated[str, StringConstraints(max_length=5000, pattern=LINES)]
"""Somebody's own words, redacted before they come here (``models.redaction``)."""
Language = Annotated[str, StringConstraints(max_length=35, pattern=LANGUAGE)]
"""A BCP 47 language tag."""
Currency = Annotated[str, StringConstraints(pattern=CURRENCY)]
"""An ISO 4217 code."""
Count = Annotated[int, Field(ge=0, le=1000)]
Seconds = Annotated[int, Field(ge=0, le=2_592_000)]
"""Up to 30 days."""
Reach = Annotated[int, Field(ge=0, le=10_000_000_000)]
"""How many people may have seen a post."""
Grade = Annotated[int, Field(ge=-1000, le=1000)]
"""A value on a survey's scale."""
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
"""From 0, worst, to 1, best."""
Amount = Annotated[float, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, allow_inf_nan=False), AfterValidator(_two_decimals)]
"""Money, with at most two decimals."""
Instant = Annotated[
    datetime,
    BeforeValidator(_moment),
    AfterValidator(_bounded),
    PlainSerializer(_render, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A moment as RFC 3339 text with an offset, years 2000 to 2100."""
Segments = Annotated[dict[Slug, Name], Field(max_length=16, json_schema_extra={"additionalProperties": False})]
"""What is known of the customer's kind, such as ``{"plan": "fibre"}``."""
