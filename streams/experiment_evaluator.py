"""Experiments, evaluated: each live one is looked at on every tick, and the system's own steps are taken and kept.

What a look says, and which steps the system may take, is in ``experiments``; what people do, in ``experiment_desk``.
"""

import structlog

from experiments import life_cycle, rechecking
from experiments.cohorts import Snapshot
from experiments.evaluation import Evaluation, evaluate
from experiments.ledger import Experiment
from experiments.requirements import LIVE, incomputable
from experiments.states import SYSTEM, State
from experiments.steward import advance
from experiments.surroundings import Surroundings
from models.errors import Fenced, InvalidInput
from models.identifiers import Millis
from store.database import Store
from streams.chunks import Log
from streams.experiment_cohorts import bring_up, look, seen
from streams.experiment_desk import Change, ExperimentDesk
from streams.experiment_open import OpenUnits
from streams.experiment_rechecks import remeasured
from streams.experiment_surroundings import surroundings
from streams.leadership import Leadership

_log = structlog.get_logger(__name__)


class ExperimentEvaluator:
    """Looks at live experiments; the leader alone writes what follows."""

    def __init__(self, store: Store, log: Log, leadership: Leadership, desk: ExperimentDesk) -> None:
        self._store = store
        self._log = log
        self._leadership = leadership
        self._desk = desk
        self._open = OpenUnits(store.units)

    def tick(self, now: Millis) -> int:
        """Take every step the system may take at ``now``; return how many experiments changed.

        Raises ``Fenced`` when another process leads; an experiment somebody else changes meanwhile waits for the next
        tick. One that cannot be evaluated holds up no other: what is wrong with it is raised when all had their turn.
        """
        around, watermark = surroundings(self._store, ""), self._watermark(now)
        changed, faults = 0, []
        for kept in self._store.experiments.all(sorted(LIVE)):
            try:
                changed += self._tended(kept.experiment, around, watermark, now)
            except InvalidInput as fault:
                faults.append(fault)
        decided = [kept.experiment for kept in self._store.experiments.all([State.DECIDED])]
        changed += sum(self._rechecked(experiment, now) for experiment in decided if experiment.provisional)
        if faults:
            raise InvalidInput("; ".join(map(str, faults)))
        return changed

    def _tended(self, experiment: Experiment, around: Surroundings, watermark: Millis, now: Millis) -> bool:
        """Bring its units up to date and take its next steps; return whether it changed."""
        why = next(incomputable(experiment, around), None)
        if why is not None:
            return self._act(experiment, lambda found: life_cycle.void(found, SYSTEM, now, why), now)
        matured = bring_up(self._store, experiment, watermark, self._leadership.writing)
        with self._store.snapshot():
            found = seen(self._store, experiment, matured, watermark, self._open)
        if advance(experiment, found, now)[0] is experiment:
            return False
        return self._act(experiment, lambda e: advance(e, found, now)[0], now)

    def _rechecked(self, experiment: Experiment, now: Millis) -> bool:
        """Measure a provisional adoption when it is due, or let it lapse; return whether it changed."""
        if rechecking.is_due(experiment, now):
            found = remeasured(self._store, experiment, now)
            return self._act(experiment, lambda e: life_cycle.recheck_due(e, SYSTEM, found), now)
        if rechecking.has_lapsed(experiment, now):
            return self._act(experiment, lambda e: life_cycle.lapse(e, SYSTEM, now), now)
        return False

    def look(self, experiment: Experiment, now: Millis) -> Evaluation:
        """Return what the data say of ``experiment`` at ``now``; writes nothing."""
        return evaluate(experiment, self.snapshot(experiment, now), now)

    def snapshot(self, experiment: Experiment, now: Millis) -> Snapshot:
        """Return the units of ``experiment`` as its evaluation takes them, as far as every partition was folded."""
        return look(self._store, experiment, self._watermark(now))

    def _watermark(self, now: Millis) -> Millis:
        """Return up to when everything is folded: now, where a partition has nothing left to fold."""
        ends, positions = self._log.ends(), self._store.partitions.positions()
        behind = [at.watermark for p, at in positions.items() if ends.get(p, at.next_offset) > at.next_offset]
        return min([now, *behind])

    def _act(self, experiment: Experiment, change: Change, now: Millis) -> bool:
        """Carry out one of the system's own acts; return whether the experiment changed."""
        with self._leadership.writing():
            try:
                after = self._desk.act(experiment.id, change, now)
            except Fenced as meanwhile:
                _log.info("an experiment waits for the next tick", experiment=experiment.id, reason=str(meanwhile))
                return False
        before = (experiment.state, experiment.paused, experiment.recheck)
        return (after.state, after.paused, after.recheck) != before
