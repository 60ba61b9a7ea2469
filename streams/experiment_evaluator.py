"""Experiments, evaluated: each live one is looked at on every tick, and the system's own steps are taken and kept.

What a look says, and which steps the system may take, is in ``experiments``; what people do, in ``experiment_desk``.
"""

import structlog

from experiments.cohorts import Snapshot, snapshot_of
from experiments.evaluation import Evaluation, evaluate
from experiments.ledger import Experiment
from experiments.requirements import LIVE
from experiments.steward import advance
from models.errors import Fenced
from models.identifiers import Millis
from store.database import Store
from streams.experiment_desk import ExperimentDesk
from streams.leadership import Leadership

_log = structlog.get_logger(__name__)


class ExperimentEvaluator:
    """Looks at live experiments; the leader alone writes what follows."""

    def __init__(self, store: Store, leadership: Leadership, desk: ExperimentDesk) -> None:
        self._store = store
        self._leadership = leadership
        self._desk = desk

    def tick(self, now: Millis) -> int:
        """Take every step the system may take at ``now``; return how many experiments changed.

        Raises ``Fenced`` when another process leads; an experiment somebody else changes meanwhile waits for the next
        tick.
        """
        changed = 0
        for kept in self._store.experiments.all(sorted(LIVE)):
            snapshot = self.snapshot(kept.experiment, now)
            with self._leadership.writing():
                changed += self._advance(kept.experiment, snapshot, now)
        return changed

    def look(self, experiment: Experiment, now: Millis) -> Evaluation:
        """Return what the data say of ``experiment`` at ``now``; writes nothing."""
        return evaluate(experiment, self.snapshot(experiment, now), now)

    def snapshot(self, experiment: Experiment, now: Millis) -> Snapshot:
        """Return the unit rows of ``experiment`` as its evaluation takes them, as far as every partition was folded."""
        return snapshot_of(experiment, self._store.units.rows(experiment.id), self._watermark(now))

    def _watermark(self, now: Millis) -> Millis:
        """Return up to when everything is folded: now, where a partition has nothing left to fold."""
        ends, positions = self._store.log.ends(), self._store.partitions.positions()
        behind = [at.watermark for p, at in positions.items() if ends.get(p, at.next_offset) > at.next_offset]
        return min([now, *behind])

    def _advance(self, experiment: Experiment, snapshot: Snapshot, now: Millis) -> bool:
        try:
            after = self._desk.act(experiment.id, lambda found: advance(found, snapshot, now)[0], now)
        except Fenced as meanwhile:
            _log.info("an experiment waits for the next tick", experiment=experiment.id, reason=str(meanwhile))
            return False
        return after.state is not experiment.state or after.paused != experiment.paused
