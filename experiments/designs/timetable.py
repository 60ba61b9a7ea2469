"""Who is treated when, written out: the same for programs that serve the action and for the evaluation.

Every design but the customer-randomised one draws its timetable from the salt, before the start. Ranks and coins are
``assignment.point_of``, so a client in any language finds the same: SHA-256, first eight bytes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from experiments.assignment import point_of
from models.identifiers import DAY, Millis

_WORD = 1 << 64

NO_WASHOUT = Millis(0)


@dataclass(frozen=True, slots=True)
class Timetable:
    """For each cluster, whether each period from ``first`` on is treated; period 0 begins at ``origin``.

    ``period`` is a period's length; 0 means one period that lasts as long as the experiment. Periods below zero are
    the past. What begins within ``washout`` of a period's begin is left out. The cluster "" is the whole scope.
    """

    origin: Millis
    period: Millis
    first: int
    treated: Mapping[str, tuple[bool, ...]]
    washout: Millis = NO_WASHOUT

    @property
    def beyond(self) -> int:
        """The first period that no longer belongs to the experiment."""
        return self.first + max((len(row) for row in self.treated.values()), default=0)

    def period_at(self, at: Millis) -> int | None:
        """Return the period that ``at`` falls into; ``None`` outside of all, and within a washout."""
        if not self.period:
            return 0 if at >= self.origin else None
        number, inside = divmod(at - self.origin, self.period)
        return number if self.first <= number < self.beyond and inside >= self.washout else None

    def is_treated(self, cluster: str, period: int) -> bool:
        """Return whether the cluster is treated in the period; raises ``KeyError`` for an unknown cluster."""
        return self.treated[cluster][period - self.first]

    def ends_at(self, period: int) -> Millis:
        """Return when a period is over; a period that lasts is never waited for, its units mature one by one."""
        return Millis(self.origin + (period + 1) * self.period) if self.period else self.origin


def origin_of(started_at: Millis, period: Millis) -> Millis:
    """Return the first whole period's begin: periods of days begin at midnight UTC, shorter ones on their multiples.

    >>> origin_of(Millis(DAY + 1), Millis(7 * DAY)) == 2 * DAY, origin_of(Millis(DAY), Millis(DAY)) == DAY
    (True, True)
    """
    step = min(period, DAY)
    return Millis(-(-started_at // step) * step)


def drawn_order(salt: str, names: Iterable[str]) -> list[str]:
    """Return the names in the order their hashes draw them in.

    >>> drawn_order("spring/1", ["lyon", "nice", "brest"])
    ['nice', 'lyon', 'brest']
    """
    return sorted(names, key=lambda name: (point_of(salt, name, _WORD), name))


def coin(salt: str, what: str) -> bool:
    """Return the toss of a fair coin for ``what``.

    >>> [coin("spring/1", f"lyon/{block}") for block in range(4)]
    [True, False, False, False]
    """
    return point_of(salt, what, 2) == 1
