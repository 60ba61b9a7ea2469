"""The campaign: fault after fault under load, in an order drawn from a seed, each followed by the whole check."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from models.errors import RessentiError
from tests.chaos.checking import Checked, balanced, check, settle
from tests.chaos.faults import FAULTS
from tests.chaos.ledger import Balance
from tests.chaos.town import Town
from tests.chaos.watching import Pauses, Watch

WORKERS = 2
PER_SECOND = 80
"""Events that flow all the time; faults add bursts."""


@dataclass(frozen=True, slots=True)
class Asked:
    """How long, from which seed, which faults."""

    seconds: float | None = None
    """No fault begins later; ``None``: each of them once."""
    seed: int = 1
    only: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one fault."""

    fault: str
    did: str
    events: int
    """Records acknowledged meanwhile."""
    balance: Balance
    """Of everything since the campaign began: what was lost once stays lost."""
    pause: float
    """The longest (seconds) in which events of a partition waited and none of it was folded."""
    wrong: list[str] = field(default_factory=list)
    """What did not hold, in sentences."""

    @property
    def ok(self) -> bool:
        """Nothing lost, nothing doubled, and every row as it must be."""
        return not self.wrong and self.balance == Balance()


def order(asked: Asked) -> Iterator[str]:
    """Yield names of faults: all in a drawn order; where there is a time to fill, then in another, without end."""
    random, names = Random(asked.seed), [name for name in FAULTS if not asked.only or name in asked.only]
    yield from random.sample(names, len(names))
    while asked.seconds is not None:
        yield from random.sample(names, len(names))


def run(town: Town, asked: Asked, tell: Callable[[Outcome], object]) -> list[Outcome]:
    """Run faults until they or the time are up, or something does not hold; at least one. Returns what came of them."""
    outcomes: list[Outcome] = []
    for worker in town.crew.start(WORKERS):
        worker.ready()
    end = time.monotonic() + (math.inf if asked.seconds is None else asked.seconds)
    with Watch(str(town.ground.settings.database_url), town.ledger.ends) as watch:
        for name in order(asked):
            outcomes.append(_suffered(town, name, watch.pauses))
            tell(outcomes[-1])
            if not outcomes[-1].ok:
                town.amiss.set()
            if town.amiss.is_set() or time.monotonic() > end:
                break
    return outcomes


def _suffered(town: Town, name: str, pauses: Pauses) -> Outcome:
    """Do one thing to the town under load, wait until all is folded, and check everything."""
    before, did = town.ledger.records, "it did not get through"
    try:
        with town.feeder.flowing(PER_SECOND):
            did = FAULTS[name](town)
        settle(town)
        checked = check(town)
    except (AssertionError, TimeoutError, RessentiError) as failed:
        checked = Checked(balanced(town), [str(failed) or repr(failed)])
    return Outcome(name, did, town.ledger.records - before, checked.balance, pauses.take(), checked.differences)
