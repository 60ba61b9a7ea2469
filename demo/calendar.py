"""When things happen: the week's season, the day's hours, the day a region lost its line, the new carrier."""

from collections.abc import Callable
from dataclasses import dataclass

from models.identifiers import DAY, HOUR

WEEK = (1.25, 1.1, 1.05, 1.0, 1.0, 0.9, 0.7)
"""How much happens, Monday to Sunday, around 1."""
WAITS = (1.3, 1.1, 1.0, 1.0, 1.0, 0.8, 0.8)
"""How long queues are, Monday to Sunday, around 1."""
HOURS = (
    *(0.1, 0.05, 0.05, 0.05, 0.05, 0.1, 0.3, 0.8, 1.6, 2.0, 2.0, 1.8),
    *(1.5, 1.5, 1.7, 1.7, 1.6, 1.6, 1.7, 1.5, 1.0, 0.7, 0.4, 0.2),
)
"""How much happens in each hour of a UTC day, around 1."""


def weekday(at: int) -> int:
    """Return 0 for Monday to 6 for Sunday.

    >>> weekday(0), weekday(4 * 86_400_000)
    (3, 0)
    """
    return (at // DAY + 3) % 7


def season(at: int) -> float:
    """Return how much happens at ``at``, around 1 over a week."""
    return WEEK[weekday(at)] * HOURS[at % DAY // HOUR]


@dataclass(frozen=True, slots=True)
class RegionalOutage:
    """One day on which a region's lines fail: contacts surge and every queue is longer."""

    at: int
    region: str = "bretagne"
    hours: int = 9
    reached: float = 0.35
    """The share of the region's fixed-line customers who get in touch."""
    slower: float = 4.0
    """How many times as long queues are meanwhile."""

    @property
    def until(self) -> int:
        """When the lines work again."""
        return self.at + self.hours * HOUR

    def holds(self, at: int) -> bool:
        """Whether the region is cut off at ``at``."""
        return self.at <= at < self.until


@dataclass(frozen=True, slots=True)
class Trial:
    """The planted experiment: who gets the transcript shown to their technician, and when."""

    experiment: str
    begins: int
    enrols_until: int
    ends: int
    """From here on nobody is treated: every window has closed."""
    arm_of: Callable[[str], str]
    """The arm of a subject: ``treated`` sees the transcript, whatever else does not."""
    treated: str = "transcript"


@dataclass(frozen=True, slots=True)
class Plan:
    """One run of the company: how big, from when, and what happens in it; times in milliseconds UTC."""

    start: int
    seed: int = 7
    customers: int = 6_000
    episodes: float = 0.025
    """Per customer and day."""
    live_from: int = 1 << 62
    """Earlier events are history (``history: true``); from here on the clock of the feed rules."""
    live_episodes: float = 0.0
    """Per second from ``live_from`` on, instead of ``episodes`` and their season; 0 keeps the season."""
    outage: RegionalOutage | None = None
    degraded_at: int = 1 << 62
    """Promises due from here on come late as often as ``planted.DEGRADED`` says."""
    trial: Trial | None = None

    def arrivals(self, at: int) -> float:
        """Return how many episodes begin per millisecond at ``at``, apart from the regional outage."""
        if at >= self.live_from and self.live_episodes:
            return self.live_episodes / 1000
        return self.customers * self.episodes * season(at) / DAY

    def slowness(self, at: int) -> float:
        """Return how many times as long as planned queues are at ``at``."""
        surge = self.outage.slower if self.outage and self.outage.holds(at) else 1.0
        return WAITS[weekday(at)] * surge
