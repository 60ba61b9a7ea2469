"""The good-experience rate of a population, and the three shares the trade quotes: above 80 %, 60 to 80 %, below 60 %.

Per customer over twelve months, with at least three contacts; whoever has fewer is left out and counted.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from models.intervals import Interval, wilson

LEAST_CONTACTS = 3


@dataclass(frozen=True, slots=True)
class Share:
    """``count`` of ``total`` with its Wilson interval, 0 to 1; ``value`` is ``None`` of nothing."""

    count: int
    total: int
    value: float | None
    interval: Interval


@dataclass(frozen=True, slots=True)
class GoodExperience:
    """Shares of customers by their part of good contacts, each with its interval; the three counts add up."""

    rate: Share
    """Good contacts over all contacts, left-out customers included."""
    above_80: Share
    between: Share
    """From 60 % to 80 %, both included."""
    below_60: Share
    left_out: int
    """Customers with fewer than three contacts."""


def good_experience(customers: Iterable[tuple[int, int]], least: int = LEAST_CONTACTS) -> GoodExperience:
    """Return the shares from ``(good contacts, contacts)`` per customer.

    Compared in whole numbers, so that exactly 80 % of 5 falls where it should.

    >>> found = good_experience([(5, 5), (4, 5), (1, 5), (1, 1)])
    >>> found.above_80.count, found.between.count, found.below_60.count, found.left_out, found.rate.count
    (1, 1, 1, 1, 11)
    """
    above = between = below = left_out = good_contacts = contacts = 0
    for good, total in customers:
        good_contacts, contacts = good_contacts + good, contacts + total
        if total < least:
            left_out += 1
        elif 5 * good > 4 * total:
            above += 1
        elif 5 * good >= 3 * total:
            between += 1
        else:
            below += 1
    known = above + between + below
    rate = share_of(good_contacts, contacts)
    return GoodExperience(rate, share_of(above, known), share_of(between, known), share_of(below, known), left_out)


def share_of(count: int, total: int) -> Share:
    """Return the share with its interval.

    >>> share_of(8, 10).value
    0.8
    """
    return Share(count, total, count / total if total else None, wilson(count, total))
