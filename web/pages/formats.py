"""How pages write numbers and moments. Scores come as integer hundredths, times as milliseconds UTC."""

from datetime import UTC, datetime

from models.identifiers import DAY, FULL, HOUR, MINUTE, SECOND

GOOD = 9_000
FAIR = 7_000
MISSING = "not enough data"


def points(centi: int | None) -> str:
    """Return hundredths of a point as people read them.

    >>> points(9_530), points(40), points(10_000), points(None)
    ('95.3', '0.4', '100', 'not enough data')
    """
    if centi is None:
        return MISSING
    return f"{centi / 100:.2f}".rstrip("0").rstrip(".")


def signed(centi: int) -> str:
    """Return a change in points with its sign.

    >>> signed(-1_500), signed(200), signed(0)
    ('−15', '+2', '0')
    """
    if centi == 0:
        return "0"
    return ("+" if centi > 0 else "−") + points(abs(centi))


def tone(centi: int | None) -> str:
    """Return the class that colours a score; never the only sign of it.

    >>> tone(9_500), tone(8_000), tone(100), tone(None)
    ('good', 'fair', 'bad', '')
    """
    if centi is None:
        return ""
    return "good" if centi >= GOOD else "fair" if centi >= FAIR else "bad"


def interval(low: int | None, high: int | None) -> str:
    """Return an interval in points, or what is missing.

    >>> interval(8_000, 9_010), interval(None, None)
    ('80 to 90.1', 'not calibrated')
    """
    return "not calibrated" if low is None or high is None else f"{points(low)} to {points(high)}"


def share(part: float | None) -> str:
    """Return a share from 0 to 1 in per cent.

    >>> share(0.4567), share(None)
    ('46 %', '–')
    """
    return "–" if part is None else f"{100 * part:.0f} %"


def moment(at: int | None) -> str:
    """Return a moment in UTC to the minute.

    >>> moment(0)
    '1970-01-01 00:00'
    """
    return "–" if at is None else datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d %H:%M")


def day(at: int | None) -> str:
    """Return a day in UTC."""
    return "–" if at is None else datetime.fromtimestamp(at / SECOND, UTC).strftime("%Y-%m-%d")


def clock(at: int) -> str:
    """Return the time of day in UTC."""
    return datetime.fromtimestamp(at / SECOND, UTC).strftime("%H:%M")


def duration(millis: int) -> str:
    """Return a length of time in its largest fitting unit.

    >>> duration(1_200_000), duration(45_000), duration(7_200_000), duration(3 * 86_400_000)
    ('20 min', '45 s', '2 h', '3 days')
    """
    if millis < MINUTE:
        return f"{millis // SECOND} s"
    if millis < 2 * HOUR:
        return f"{millis // MINUTE} min"
    if millis < 2 * DAY:
        return f"{millis // HOUR} h"
    return f"{millis // DAY} days"


def width(centi: int) -> str:
    """Return points as a width in per cent of the full score, for a bar."""
    return f"{100 * max(0, centi) / FULL:.2f}%"
