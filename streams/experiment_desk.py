"""Where people act on experiments: each act is checked by the gate, kept, and put in force, in one transaction.

The rules are in ``experiments``; what the system does by itself is in ``streams.experiment_evaluator``.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from experiments import life_cycle
from experiments.enrolment import live_experiment
from experiments.ledger import Experiment
from experiments.life_cycle import Opening
from experiments.requirements import LIVE
from experiments.states import Actor, State
from models.errors import NotFound
from models.gaps import states
from models.gaps.gap import Gap
from models.gaps.gap import State as GapState
from models.identifiers import SECOND, Millis
from store.database import Store

Change = Callable[[Experiment], Experiment]
Following = Callable[[Experiment], tuple[Experiment, Experiment]]


class ExperimentDesk:
    """Opens experiments and carries out acts on them; every refusal is ``Forbidden`` with what is missing."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open(self, opening: Opening, author: Actor, now: Millis) -> Experiment:
        """Keep a new draft; raises ``NotFound`` when its gap is not known."""
        with self._store.transaction():
            if opening.origin.kind == "gap":
                self._store.gaps.get(opening.origin.reference)
            known = [kept.experiment for kept in self._store.experiments.all()]
            return self._store.experiments.add(life_cycle.open_draft(opening, author, now, known), now).experiment

    def act(self, experiment_id: str, change: Change, now: Millis) -> Experiment:
        """Carry out one act, put what follows from it in force, and return the experiment as it is kept."""
        with self._store.transaction():
            kept = self._store.experiments.get(experiment_id)
            changed = change(kept.experiment)
            if changed is kept.experiment:
                return changed
            saved = self._store.experiments.save(changed, kept.version, now).experiment
            if saved.state is not kept.experiment.state or saved.unplanned != kept.experiment.unplanned:
                self._enforce(now)
                self._move_gap(saved, now)
            return saved

    def follow(self, experiment_id: str, change: Following, now: Millis) -> Experiment:
        """Carry out an act that opens a next draft (iteration or retry), and return that draft."""
        with self._store.transaction():
            kept = self._store.experiments.get(experiment_id)
            followed, draft = change(kept.experiment)
            self._store.experiments.save(followed, kept.version, now)
            return self._store.experiments.add(draft, now).experiment

    def start(self, experiment_id: str, reviewer: Actor, now: Millis) -> Experiment:
        """Start it, unless another live experiment stands in the way."""

        def started(experiment: Experiment) -> Experiment:
            # Read where it is written: two reviewers who start two experiments at once must not both see none.
            others = [kept.experiment for kept in self._store.experiments.all() if kept.experiment.id != experiment_id]
            return life_cycle.start(experiment, reviewer, now, others)

        return self.act(experiment_id, started, now)

    def _enforce(self, now: Millis) -> None:
        """Let the fold keep unit rows for exactly the experiments whose windows may be open."""
        kept = self._store.experiments.all(sorted(LIVE))
        live = [found for each in kept if (found := live_experiment(each.experiment)) is not None]
        self._store.definitions.run_experiments(sorted(live, key=lambda each: each.id), "experiments", now)

    def _move_gap(self, experiment: Experiment, now: Millis) -> None:
        if experiment.origin.kind != "gap":
            return
        try:
            kept = self._store.gaps.get(experiment.origin.reference)
        except NotFound:
            return  # the gap was withdrawn with its target; the experiment goes on
        moved = _moved(kept.gap, experiment, now)
        if moved is not kept.gap:
            self._store.gaps.save(moved, based_on=kept.version, by=experiment.audit[-1].actor, now=now)


def _moved(gap: Gap, experiment: Experiment, now: Millis) -> Gap:
    """Return the gap as the experiment's new state leaves it."""
    today = datetime.fromtimestamp(now / SECOND, UTC).date()
    if experiment.state is State.RUNNING and gap.state is GapState.CONFIRMED:
        return states.begin_experiment(gap, experiment.id, today)
    if gap.state is not GapState.IN_EXPERIMENT or gap.experiment != experiment.id:
        return gap
    if experiment.state is State.VOID:
        return states.end_experiment(gap, today, f"experiment {experiment.id} is void")
    if experiment.state is State.DECIDED and experiment.decision is not None:
        if experiment.decision.choice == "adopt":
            return states.adopt(gap, experiment.id, today)
        return states.end_experiment(gap, today, f"experiment {experiment.id}: {experiment.decision.choice}")
    return gap
