"""Periods that pages offer, ending now; or, where only history is kept, at the last day that holds anything."""

from dataclasses import dataclass

from models.cells import bucket_of
from models.errors import NotFound
from models.identifiers import DAY, HOUR, Millis
from store.database import Store

DAYS = {"day": 1, "week": 7, "month": 28, "quarter": 91, "year": 365}
USUAL = "month"


@dataclass(frozen=True, slots=True)
class Period:
    """A span ``[start, end)`` with its name; ``past`` when it ends with the history kept and not now."""

    name: str
    start: Millis
    end: Millis
    past: bool

    @property
    def span(self) -> tuple[Millis, Millis]:
        """Start and end."""
        return self.start, self.end


def period_of(store: Store, policy: str, name: str, now: Millis) -> Period:
    """Return the period ``name``; raises ``NotFound`` naming the ones there are."""
    if name not in DAYS:
        raise NotFound(f"period: {name!r} is not offered; use one of {', '.join(DAYS)}")
    end, past = last_moment(store, policy, now)
    return Period(name, Millis(end - DAYS[name] * DAY), end, past)


def last_moment(store: Store, policy: str, now: Millis) -> tuple[Millis, bool]:
    """Return the end of the hour it is, or of the last day kept when that lies more than a day back."""
    days = store.cells.span(policy)
    this_hour = Millis(bucket_of(now, "hour") + HOUR)
    if days is None or days[1] + 2 * DAY > now:
        return this_hour, False
    return Millis(days[1] + DAY), True
