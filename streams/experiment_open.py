"""How many units are still open, counted in full now and then, and carried along from look to look in between.

A full count walks an index entry per open unit; a look a minute later only needs those exposed since, less those that
matured. What arrives late in between is seen at the next full count, which is also the one taken near the end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

from experiments.cohorts import Pending
from experiments.ledger import Experiment
from experiments.maturing import Matured
from experiments.states import State
from models.identifiers import MINUTE, Millis
from store.units import Asked, Units

RECOUNT: Millis = Millis(10 * MINUTE)


@dataclass(frozen=True, slots=True)
class _Counted:
    """A full count: when, of what, up to which closing, and how many had matured by then."""

    at: Millis
    closes: tuple[int, int]
    beyond: Millis
    open: Mapping[str, Pending]
    matured: Mapping[str, tuple[int, int]]


class OpenUnits:
    """Counts the open units of experiments; for one thread at a time."""

    def __init__(self, units: Units) -> None:
        self._units = units
        self._known: dict[str, _Counted] = {}

    def of(
        self, experiment: Experiment, asked: Asked, matured: Matured, closes: tuple[int, int], watermark: Millis
    ) -> Mapping[str, Pending]:
        """Return the units of each arm that close after ``matured`` reaches; at most ``RECOUNT`` old."""
        known = self._known.get(experiment.id)
        young = known is not None and 0 <= watermark - known.at < RECOUNT
        if known is None or not young or not self._serves(known, experiment, matured, closes):
            return self._recounted(experiment, asked, matured, closes, watermark)
        fresh = self._units.pending(asked, known.beyond, closes)
        now = _matured(matured)
        return {arm: _carried(known, now, fresh, arm) for arm in asked.arms}

    def _recounted(
        self, experiment: Experiment, asked: Asked, matured: Matured, closes: tuple[int, int], watermark: Millis
    ) -> Mapping[str, Pending]:
        counted = self._units.pending(asked, matured.until, closes)
        window = experiment.plan.design.window if experiment.plan.design is not None else 0
        beyond = Millis(watermark + window)
        ahead = self._units.pending(asked, beyond, closes)
        reached = {arm: _less(counted[arm], ahead[arm]) for arm in asked.arms}
        # Each experiment has its own minute of the ten, so that full counts do not fall on one look.
        at = Millis(watermark - crc32(experiment.id.encode()) % RECOUNT)
        self._known[experiment.id] = _Counted(at, closes, beyond, reached, _matured(matured))
        return counted

    def _serves(self, known: _Counted, experiment: Experiment, matured: Matured, closes: tuple[int, int]) -> bool:
        """Return whether all that has matured since was open when it was counted, and enrolment is as it was."""
        plain = not any(each.outside for each in known.open.values())
        return matured.until <= known.beyond and plain and known.closes == closes and experiment.state is State.RUNNING


def _less(one: Pending, other: Pending) -> Pending:
    return Pending(one.alone - other.alone, one.crossed - other.crossed, one.outside - other.outside)


def _matured(matured: Matured) -> dict[str, tuple[int, int]]:
    """Return how many units of each arm have matured: those that met this arm only, and those that met two."""
    found: dict[str, tuple[int, int]] = {}
    for cohort in matured.cohorts.values():
        alone, crossed = found.get(cohort.arm, (0, 0))
        found[cohort.arm] = (alone + cohort.moments.n, crossed + cohort.crossed)
    return found


def _carried(known: _Counted, now: Mapping[str, tuple[int, int]], fresh: Mapping[str, Pending], arm: str) -> Pending:
    before, after = known.matured.get(arm, (0, 0)), now.get(arm, (0, 0))
    counted, new = known.open[arm], fresh[arm]
    alone = max(0, counted.alone - (after[0] - before[0])) + new.alone
    crossed = max(0, counted.crossed - (after[1] - before[1])) + new.crossed
    return Pending(alone, crossed, new.outside)
