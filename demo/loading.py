"""The company's events into a house: its history quickly, its last minutes and everything after as they are lived.

History goes in by the door of imports, what is live through the collector; both end in the same log, and one engine
folds it.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Self

import structlog

from demo.clock import DemoClock
from demo.envelopes import Ready, keyed
from demo.feed import Feed
from models.errors import InvariantBroken, Retryable
from models.identifiers import MINUTE, Millis
from streams.bootstrap import House

_log = structlog.get_logger(__name__)

BATCH = 20_000
Told = Callable[[int], object]


class Loader:
    """Lives through a feed in a house whose clock it tells."""

    def __init__(self, house: House, feed: Feed, clock: DemoClock, progress: Told = lambda _: None) -> None:
        self._house = house
        self._feed = feed
        self._clock = clock
        self._progress = progress
        self.events = 0
        """How many events went in."""

    def history(self, until: int) -> None:
        """Bring in what happened before ``until``, let it be that time, and fold: many events of a customer at once."""
        for batch in batches(self._feed.until(until), BATCH):
            self._clock.tell(batch[-1].time)
            self._house.imports.append(list(keyed(iter(batch))))
            self._count(len(batch))
        self._clock.tell(until)
        self._house.engine.drain()

    def live(self, until: int) -> None:
        """Live through the time up to ``until`` minute by minute, as live events come in; silence speaks last."""
        now = self._clock()
        while now < until:
            now = Millis(min(now + MINUTE, until))
            events = list(self._feed.until(now))
            self._clock.tell(now)
            if events:
                collect(self._house, events)
                self._count(len(events))
                self._house.engine.drain()
        self._house.settle()

    def _count(self, events: int) -> None:
        self.events += events
        self._progress(self.events)


class LiveFeed:
    """A thread that sends each further event to the collector when its time has come, until it is stopped."""

    def __init__(self, house: House, feed: Feed) -> None:
        self._house = house
        self._feed = feed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="live-feed", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join(2.0)

    def _run(self) -> None:
        try:
            for event in self._feed.live(self._house.clock, self._wait):
                self._send(event)
        except _StoppedError:
            return

    def _send(self, event: Ready) -> None:
        """Send one event, again as long as the store is busy: a backend's client would spool it."""
        while True:
            try:
                collect(self._house, [event])
            except Retryable as error:
                _log.warning("the demo's event waits", reason=str(error))
                self._wait(1.0)
                continue
            return

    def _wait(self, seconds: float) -> None:
        if self._stopping.wait(seconds):
            raise _StoppedError


class _StoppedError(Exception):
    """The feed was asked to stop while it slept."""


def collect(house: House, events: Sequence[Ready]) -> None:
    """Give ``events`` to the collector; raises ``InvariantBroken`` should it refuse one: ours are all valid."""
    for verdict in house.collector.collect([event.value for event in events], None):
        if verdict.status == "rejected":
            raise InvariantBroken(f"the demo made an event that the collector refuses: {verdict.fault}; report this")


def batches(events: Iterator[Ready], size: int) -> Iterator[list[Ready]]:
    """Yield ``events`` in lists of up to ``size``."""
    while batch := list(islice(events, size)):
        yield batch
