"""What the web tests put into a house: a clock they move, events, the story, a gap, an experiment."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from demo import story
from demo.customers import pseudonym
from experiments.life_cycle import Opening
from experiments.plan import Origin
from experiments.states import Actor, Role
from models import instants
from models.effects import Effects, UnitRow
from models.gaps.causes import CauseLine
from models.gaps.gap import Gap, Judgement, Reach, State, Step
from models.identifiers import DAY, HOUR, MINUTE, Millis
from models.targets import Course, Target
from store.partitions import Position
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


def import_history(house: House) -> None:
    """Bring in forty customers' contacts of a week that was a year ago."""
    start = house.now() - 365 * DAY
    old: list[bytes] = []
    for number in range(40):
        at = instants.render(Millis(start + number * HOUR))
        old += encoded([event(1_000 + number, pseudonym(str(number)), time=at, history=True)])
    house.imports.append([(json.loads(one)["subject"].encode(), one) for one in old])
    house.settle()


def find_gap(house: House, **changes: object) -> Gap:
    """Keep a confirmed gap of outage support's chat, and return it."""
    today = date(2026, 3, 1)
    judged = Judgement(
        first=date(2026, 2, 2),
        last=today,
        value=61.5,
        target=80.0,
        shortfall=18.5,
        low=12.0,
        high=25.0,
        units=412,
        days=28,
        groups=32,
        answers=12,
        weak=True,
        words="Contacts in outage support fall 18.5 points short of 80.",
    )
    causes = (CauseLine("wait", 2_100, 300), CauseLine("repeated_step", 1_750, None))
    gap = Gap(
        "20260301-abcdef0123",
        "target",
        "contact_score",
        "touchpoint:outage_support",
        State.CONFIRMED,
        house.definitions().active.version,
        date(2026, 2, 10),
        date(2026, 2, 5),
        judged,
        judged,
        causes=causes,
        reach=Reach(412, 0.4, 80),
        owner="Ada",
        confirmed=today,
        steps=(Step(today, None, State.CONFIRMED, "three days in a row"),),
    )
    return house.store.gaps.save(replace(gap, **changes), based_on=None, by="test", now=house.now()).gap  # type: ignore[arg-type]


def set_course(house: House, sentence: str = "They knew me, and I told my story once.") -> None:
    """Set a course with two targets that contradict each other."""
    paths = {"calm": (60.0, 80.0), "calmer": (90.0, 95.0)}
    targets = tuple(
        Target(name, "known", "contact_score", "all", low, high, date(2026, 1, 1), date(2026, 6, 30), "Ada")
        for name, (low, high) in paths.items()
    )
    house.store.courses.replace([Course("known", sentence, "Ada", targets)], "test", house.now())


def draft_on(house: House, gap: Gap, title: str = "Show the transcript") -> str:
    """Open a draft on ``gap`` and return its id."""
    opening = Opening("exp-1", title, "salt", gap.owner or "Olga", Origin("gap", gap.id))
    return house.experiment_desk.open(opening, Actor("Ana", Role.AUTHOR), house.now()).id


def spoil(house: House, raw: bytes = b"no event at all") -> None:
    """Let a record that cannot be scored come by the log, and fold it."""
    house.log.append([(pseudonym("spoilt").encode(), raw)])
    house.settle()


def fill(house: House) -> None:
    """Put something of everything that pages show into the house."""
    import_history(house)
    tell_story(house)
    collect(house, encoded(event(number, f"customer-{number}") for number in range(1, 6)))
    set_course(house)
    draft_on(house, find_gap(house))
    spoil(house)


def effects_at(position: Position, units: Iterable[UnitRow]) -> Effects:
    """Return what writes ``units`` where a partition stands, as a fold would."""
    at = position.next_offset
    effects = Effects(position.partition, at, at, position.epoch, position.watermark)
    effects.units = {(unit.experiment, unit.subject): unit for unit in units}
    return effects
