"""Moments: RFC 3339 text at the edges, integer milliseconds since 1970-01-01 UTC inside.

One parser serves every edge (contract, mappings, pages), so that no two of them disagree about a time. Days are UTC
days. No clock here: nobody in ``models`` knows what time it is.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import floordiv
from typing import Annotated, cast

import msgspec

from models.identifiers import Millis

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)
EARLIEST = Millis(946_684_800_000)
"""2000-01-01T00:00:00Z: older interactions are mistakes (1970, 0001) far more often than history."""
LATEST = Millis(4_133_980_800_000)
"""2101-01-01T00:00:00Z, the first moment refused: 9999-12-31 stands for "never" in many exports."""

_quotient = cast("Callable[[timedelta, timedelta], Millis]", floordiv)
"""``//``, and ``Millis`` of it: calling the type as well would take as long again, for every event."""
_Aware = Annotated[datetime, msgspec.Meta(tz=True)]


def moment(text: str) -> datetime:
    """Return the moment that RFC 3339 ``text`` names; its offset is required, a second 60 is refused.

    Source: RFC 3339 section 5.6, as msgspec reads it (``T`` may be a space, the offset's colon may be missing).

    >>> moment("2026-11-23T12:30:00+01:00").isoformat()
    '2026-11-23T12:30:00+01:00'
    """
    try:
        return msgspec.convert(text, _Aware)
    except msgspec.ValidationError:
        raise ValueError(_complaint(text)) from None


def _complaint(text: str) -> str:
    shown = text if len(text) <= 40 else text[:37] + "…"
    return f"{shown!r} is not a moment: write it as RFC 3339 with an offset, such as 2026-11-23T12:30:00+01:00"


def millis(at: datetime) -> Millis:
    """Return the whole milliseconds from 1970 to ``at``, which must know its offset.

    >>> millis(moment("1970-01-01T01:00:01.2345+01:00"))
    1234
    """
    return _quotient(at - EPOCH, MILLISECOND)


def bounded(at: datetime) -> Millis:
    """Return ``millis(at)``; raises ``ValueError`` when ``at`` lies outside the years 2000 to 2100."""
    value = millis(at)
    if EARLIEST <= value < LATEST:
        return value
    raise ValueError(f"{at.isoformat()[:40]} lies outside the years 2000 to 2100")


def parse(text: str) -> Millis:
    """Return the milliseconds of RFC 3339 ``text``; raises ``ValueError`` with a sentence for the reader.

    >>> parse("2026-11-23T12:30:00Z")
    1795437000000
    >>> parse("23/11/2026")
    Traceback (most recent call last):
    ValueError: '23/11/2026' is not a moment: write it as RFC 3339 with an offset, such as 2026-11-23T12:30:00+01:00
    """
    return millis(moment(text))


def render(at: int) -> str:
    """Return ``at`` as RFC 3339 in UTC, with milliseconds only when there are any.

    >>> render(1_795_437_000_000), render(1_795_437_000_007)
    ('2026-11-23T12:30:00Z', '2026-11-23T12:30:00.007Z')
    """
    when = EPOCH + at * MILLISECOND
    return when.strftime("%Y-%m-%dT%H:%M:%S") + (f".{at % 1000:03d}Z" if at % 1000 else "Z")
