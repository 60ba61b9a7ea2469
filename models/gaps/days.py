"""Days as whole numbers since 1970-01-01 UTC, so that arrays can be indexed by them."""

from datetime import date
from typing import NewType

from models.identifiers import DAY

Day = NewType("Day", int)

_EPOCH = date(1970, 1, 1).toordinal()
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday; Monday is 0."""


def day_of(at: int) -> Day:
    """Return the UTC day that holds the moment ``at`` (milliseconds).

    >>> day_of(86_400_000 * 3 - 1)
    2
    """
    return Day(at // DAY)


def day_from(day: date) -> Day:
    """Return the number of a calendar day.

    >>> day_from(date(1970, 1, 2))
    1
    """
    return Day(day.toordinal() - _EPOCH)


def date_of(day: int) -> date:
    """Return the calendar day of a number.

    >>> date_of(day_from(date(2017, 11, 24)))
    datetime.date(2017, 11, 24)
    """
    return date.fromordinal(day + _EPOCH)


def weekday_of(day: int) -> int:
    """Return the weekday, Monday being 0.

    >>> weekday_of(day_from(date(2017, 11, 24))) == date(2017, 11, 24).weekday()
    True
    """
    return (day + _EPOCH_WEEKDAY) % 7
