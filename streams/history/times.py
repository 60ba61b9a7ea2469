"""Times as exports write them, made into instants: a mapping's formats, and its time zone where the text has none."""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from models import instants

ISO = "iso"
UNIX = "unix"
UNIX_MS = "unix_ms"

Reading = Callable[[str], datetime]
"""From a text to an aware moment; raises ``ValueError`` with a sentence for a person."""


def zone(name: str) -> tzinfo:
    """Return the time zone called ``name``: an IANA name, or a fixed offset; raises ``ValueError``.

    >>> zone("-03:00").utcoffset(None) == timedelta(hours=-3)
    True
    """
    if name == "UTC":
        return UTC
    if name[:1] in {"+", "-"}:
        offset = datetime.strptime(name, "%z").utcoffset()
        return timezone(offset or timedelta())
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(
            f"{name!r} is not a time zone this machine knows; write an IANA name such as 'Europe/Paris', "
            "a fixed offset such as '+01:00', or install the `tzdata` package"
        ) from error


def reading(formats: Sequence[str], local: tzinfo | None) -> Reading:
    """Return what reads a time in the first of ``formats`` that fits; a text without an offset is in ``local``.

    Where ``local`` is ``None``, such a text is a ``ValueError`` like any other that does not fit.

    >>> read = reading(["%d/%m/%Y %H:%M", "iso"], UTC)
    >>> read("29/2/2016 01:16").isoformat(), read("2015-02-16T23:36:05-08:00").isoformat()
    ('2016-02-29T01:16:00+00:00', '2015-02-16T23:36:05-08:00')
    """

    @functools.lru_cache(maxsize=1 << 16)
    def read(text: str) -> datetime:
        for form in formats:
            try:
                moment = _in_format(text, form)
            except (ValueError, OverflowError, OSError):
                continue
            if moment.tzinfo is None and local is None:
                raise ValueError(f"{text[:40]!r} has no offset, and the mapping names no `timezone`")
            return moment if moment.tzinfo else moment.replace(tzinfo=local)
        raise ValueError(f"{text[:40]!r} is not a time in {' or '.join(formats)}")

    return read


def _in_format(text: str, form: str) -> datetime:
    if form == ISO:
        return datetime.fromisoformat(text)
    if form in {UNIX, UNIX_MS}:
        return datetime.fromtimestamp(float(text) / (1000 if form == UNIX_MS else 1), UTC)
    return datetime.strptime(text, form)  # noqa: DTZ007 - ``reading`` adds the mapping's zone


@functools.lru_cache(maxsize=1 << 16)
def written(moment: datetime) -> str:
    """Return ``moment`` as the contract wants it: RFC 3339, in UTC.

    >>> written(datetime(2017, 8, 1, tzinfo=UTC))
    '2017-08-01T00:00:00Z'
    """
    return instants.render(instants.millis(moment))


def end_of_day(moment: datetime) -> datetime:
    """Return the last millisecond of the day ``moment`` falls on, where it was written.

    >>> end_of_day(datetime(2017, 8, 1, tzinfo=UTC)).isoformat()
    '2017-08-01T23:59:59.999000+00:00'
    """
    return moment.replace(hour=23, minute=59, second=59, microsecond=999_000)
