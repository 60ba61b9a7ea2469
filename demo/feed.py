"""The company as a demo needs it: weeks of history that end now, the story under way, and events that keep arriving.

No clock here: whoever asks says what time it is, and how to sleep.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from heapq import merge

from demo import story
from demo.calendar import Plan, RegionalOutage, Trial
from demo.company import Company
from demo.envelopes import Ready
from models.identifiers import DAY, HOUR, MINUTE

DAYS = 90
"""Eight weeks of past to compare with, and a month that is judged by it."""
OUTAGE_DAY = 40
TRIAL_DAY = 30
ENROLS_DAYS = 28
WINDOW_DAYS = 14
"""A customer's outcome in the trial is what they live in these days after meeting their arm."""
DEGRADED_DAYS = 36
"""The carrier changed this many days ago."""
WARM = 40 * MINUTE
"""The last minutes of history are told as they are lived, so that people are waiting when the pages open."""
EVENTS_PER_EPISODE = 4.0
"""Told within the first hour, measured; turns a rate of events into one of episodes."""
EXPERIMENT = "transcript-visible"


@dataclass(frozen=True, slots=True)
class Scale:
    """How big the demo is."""

    seed: int = 7
    customers: int = 8_000
    days: int = DAYS
    per_second: float = 2.0
    """Events a second once live."""


def plan_of(now: int, scale: Scale, arm_of: Callable[[str], str]) -> Plan:
    """Return the plan of a demo that ends its history at ``now``; dates count in whole UTC days before it."""
    start = (now // DAY - scale.days) * DAY
    begins = start + TRIAL_DAY * DAY
    enrols_until = begins + ENROLS_DAYS * DAY
    return Plan(
        start=start,
        seed=scale.seed,
        customers=scale.customers,
        live_from=now - WARM,
        live_episodes=scale.per_second / EVENTS_PER_EPISODE,
        outage=RegionalOutage(start + OUTAGE_DAY * DAY + 8 * HOUR),
        degraded_at=(now // DAY - DEGRADED_DAYS) * DAY,
        trial=Trial(EXPERIMENT, begins, enrols_until, enrols_until + WINDOW_DAYS * DAY, arm_of),
    )


class Feed:
    """The events of a demo in time order, taken up to one moment after another; read once."""

    def __init__(self, plan: Plan, now: int) -> None:
        self.company = Company(plan)
        self._events = merge(self.company.events(), story.events(now - MINUTE - story.LASTS))
        self._next = next(self._events)

    def until(self, end: int) -> Iterator[Ready]:
        """Yield what happens before ``end`` and was not yet yielded."""
        while self._next.time < end:
            event, self._next = self._next, next(self._events)
            yield event

    def live(self, clock: Callable[[], int], sleep: Callable[[float], None]) -> Iterator[Ready]:
        """Yield every further event when its time has come, without end; sleeps (seconds) between them."""
        while True:
            ahead = self._next.time - clock()
            if ahead > 0:
                sleep(min(ahead, MINUTE) / 1000)
                continue
            event, self._next = self._next, next(self._events)
            yield event
