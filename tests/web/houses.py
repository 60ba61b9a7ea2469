"""What the web tests put into a house: a clock they move, events, the story, a gap, an experiment."""

import json
from collections.abc import Iterable

from demo import story
from models import instants
from models.identifiers import MINUTE, Millis
from streams.bootstrap import House

NOW = instants.parse("2026-03-02T12:00:00Z")


class Clock:
    """Time stands still until the test moves it."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> Millis:
        return Millis(self.now)


def event(number: int = 1, subject: str = "customer-4711", **changes: object) -> dict[str, object]:
    """Return an ended contact that waited ten minutes, as a program sends it: with its own id of the customer."""
    made: dict[str, object] = {
        "specversion": "1.0",
        "id": f"e{number}",
        "source": "/phone",
        "type": "ressenti.contact",
        "time": instants.render(Millis(NOW - number * MINUTE)),
        "subject": subject,
        "data": {
            "contact": f"c{number}",
            "phase": "ended",
            "outcome": "resolved",
            "waits_s": [600],
            "touchpoint": "billing",
            "channel": "phone",
        },
    }
    return {**made, **changes}


def encoded(events: Iterable[dict[str, object]]) -> list[bytes]:
    """Return each event as JSON bytes."""
    return [json.dumps(one).encode() for one in events]


def collect(house: House, events: Iterable[bytes]) -> None:
    """Give ``events`` to the collector, which must accept them all, and fold."""
    verdicts = house.collector.collect(list(events), None)
    assert {verdict.status for verdict in verdicts} == {"accepted"}, verdicts
    house.settle()


def tell_story(house: House) -> None:
    """Let the story happen, ending a minute ago."""
    start = house.now() - story.LASTS - MINUTE
    collect(house, [one.value for one in story.events(start)])
