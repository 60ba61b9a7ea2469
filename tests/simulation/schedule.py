"""A schedule: who does what in which order, and what goes wrong where, all drawn from one seed.

Steps are plain data. One that does not apply where it comes (a dead worker folds) does nothing, so that a schedule
with steps taken out is a schedule too, and a failing one can be made short.
"""

from dataclasses import dataclass, replace
from random import Random
from typing import Literal

from models.identifiers import DAY, Millis
from tests.simulation.events import Sending, sendings
from tests.simulation.troubles import Moment, Trouble
from tests.streams.events import T0

Act = Literal[
    "send",
    "fetch",
    "fold",
    "beat",
    "reconcile",
    "tick",
    "pause",
    "resume",
    "crash",
    "start",
    "leave",
    "vanish",
    "redeliver",
    "rewind",
    "erase",
    "define",
]
Kind = Literal["pushed", "pulling"]

PARTITIONS = 3
_USUAL: dict[Kind, dict[Act, int]] = {
    "pushed": {"send": 12, "fetch": 60, "fold": 28, "beat": 20, "reconcile": 5, "tick": 8, "resume": 12, "start": 12},
    "pulling": {"send": 30, "fold": 60, "tick": 8, "start": 16},
}
_RARE: dict[Kind, dict[Act, int]] = {
    "pushed": {
        "pause": 5,
        "crash": 4,
        "leave": 3,
        "vanish": 8,
        "redeliver": 4,
        "rewind": 5,
        "erase": 2,
        "define": 4,
    },
    "pulling": {"crash": 5, "erase": 2, "define": 5},
}


_MOMENTS: dict[Moment, int] = {
    "standings": 2,
    "timelines": 2,
    "load": 2,
    "checkpoint": 3,
    "forwarded": 3,
    "committed": 3,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happens; ``choice`` decides what the act leaves open."""

    act: Act
    who: int = 0
    choice: int = 0
    trouble: Trouble | None = None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A world to be, and what happens in it."""

    seed: int
    kind: Kind
    workers: int
    began: Millis
    """The clock at the start."""
    experiment: bool
    """Units of an experiment are measured as well."""
    sendings: tuple[Sending, ...]
    ahead: int
    """How many of them are in the log at the start."""
    steps: tuple[Step, ...]

    def without(self, start: int, end: int) -> "Schedule":
        """Return this schedule with the steps from ``start`` to before ``end`` taken out."""
        return replace(self, steps=self.steps[:start] + self.steps[end:])


def drawn(seed: int) -> Schedule:
    """Return the schedule of ``seed``."""
    random = Random(seed)
    kind: Kind = "pulling" if random.random() < 0.15 else "pushed"
    workers = random.choices([1, 2, 3], [1, 3, 3])[0]
    # Each schedule leaves some troubles out and has more of others (swarm testing, Groce et al. 2012): where everything
    # happens at once, much can never happen.
    weights = _USUAL[kind] | {act: weight * random.choice([0, 1, 3]) for act, weight in _RARE[kind].items()}
    trouble = random.choice([0.1, 0.3, 0.8])
    sent = sendings(random)
    return Schedule(
        seed=seed,
        kind=kind,
        workers=workers,
        began=Millis(T0 + random.choice([0, 5, 5, 40]) * DAY),
        experiment=random.random() < 0.3,
        sendings=tuple(sent),
        ahead=random.randrange(len(sent)),
        steps=tuple(_step(random, weights, workers, trouble) for _ in range(random.randint(80, 200))),
    )


def _step(random: Random, weights: dict[Act, int], workers: int, often: float) -> Step:
    act = random.choices(list(weights), list(weights.values()))[0]
    trouble = _trouble(random) if act in {"fold", "beat"} and random.random() < often else None
    return Step(act, random.randrange(workers), random.randrange(10_000), trouble)


def _trouble(random: Random) -> Trouble:
    at = random.choices(list(_MOMENTS), list(_MOMENTS.values()))[0]
    match random.randrange(6):
        case 0 | 1:
            return Trouble("fail", at)
        case 2:
            return Trouble("die", at)
        case 3:
            return Trouble("pause", at, random.randint(1, 10))
        case _:
            return Trouble("zombie", at, random.randint(5, 50))
