"""Telling events: one teller puts what happens to one customer at a time into the hours it happens in."""

from collections import defaultdict
from random import Random

from demo.customers import Customer
from demo.envelopes import CLOCK, MILLI, Ready, hour_text
from models.identifiers import HOUR

Hours = defaultdict[int, list[Ready]]
"""Events told and not yet streamed, by hour since 1970."""


class Teller:
    """Speaks for one episode after another; ids are unique within a run and depend on nothing but the episode's number.

    ``random`` is seeded anew for each episode, so an episode is a pure function of seed and number. What happens
    before ``live_from`` carries ``history: true``.
    """

    __slots__ = (
        "_count",
        "_history",
        "_hours",
        "_key",
        "_live",
        "_live_from",
        "_prefix",
        "draw",
        "random",
        "segment",
    )

    def __init__(self, hours: Hours, live_from: int) -> None:
        self.random = Random()
        self.draw = self.random.random
        self._live_from = live_from
        self._hours = hours

    def begin(self, who: Customer, prefix: str, seed: int) -> None:
        """Speak of ``who`` from now on, drawing from ``seed``; event ids start with ``prefix``."""
        self.random.seed(seed)
        self.segment = f'"segment":{{"offer":"{who.offer}","region":"{who.region}"}}'
        self._key = who.subject.encode()
        self._live = f'"subject":"{who.subject}"'
        self._history = f'{self._live},"history":true'
        self._prefix = prefix
        self._count = 0

    def name(self, kind: str) -> str:
        """Return a new id for a contact, a promise or an incident."""
        return f"{kind}-{self._prefix}-{self._count}"

    def say(self, at: int, kind: str, source: str, data: str) -> None:
        """Tell that ``kind`` happened at ``at``; ``data`` is the inside of a JSON object, safe as it is."""
        count = self._count
        self._count = count + 1
        hour, rest = divmod(at, HOUR)
        value = (
            f'{{"specversion":"1.0","id":"{self._prefix}-{count}","source":"{source}","type":"ressenti.{kind}",'
            f'"time":"{hour_text(hour)}{CLOCK[rest // 1000]}{MILLI[rest % 1000]}",'
            f'{self._history if at < self._live_from else self._live},"data":{{{data}}}}}'
        )
        self._hours[hour].append(Ready(at, self._key, value.encode()))
