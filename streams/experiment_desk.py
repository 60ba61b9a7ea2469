"""Where people act on experiments: each act is checked by the gate, kept, and put in force, in one transaction.

The rules are in ``experiments``; the acts by name in ``streams.experiment_acts``; what the system does by itself is in
``streams.experiment_evaluator``.
"""

import secrets
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

from msgspec import structs

from experiments import life_cycle
from experiments.enrolment import live_experiment
from experiments.gate import refuse
from experiments.ledger import Experiment
from experiments.life_cycle import Opening, Successor
from experiments.plan import Origin, Plan
from experiments.requirements import LIVE, of_shape
from experiments.root_causes import RootCause
from experiments.states import Actor, Role, State
from models.causes import Cause
from models.errors import Forbidden, NotFound
from models.gaps import states
from models.gaps.gap import Gap
from models.gaps.gap import State as GapState
from models.identifiers import SECOND, Millis
from store.database import Store
from streams.experiment_acts import ACTS, Given, act_named
from streams.experiment_baseline import with_baseline
from streams.experiment_causes import Offered, Weighing, proposals, weighed
from streams.experiment_days import clusters_unseen
from streams.experiment_rehearsal import rehearsed
from streams.experiment_surroundings import surroundings

Change = Callable[[Experiment], Experiment]
Following = Callable[[Experiment], tuple[Experiment, Experiment]]
Argue = Callable[[tuple[RootCause, ...]], tuple[RootCause, ...]]
WORDS = {cause.value: cause.value.replace("_", " ") for cause in Cause}
"""How evidence names the ledger's causes."""
Draw = Callable[[], tuple[str, str]]


def drawn() -> tuple[str, str]:
    """Return a new experiment's id and salt."""
    return f"exp-{secrets.token_hex(4)}", secrets.token_hex(8)


class ExperimentDesk:
    """Opens experiments and carries out acts on them; every refusal is ``Forbidden`` with what is missing."""

    def __init__(self, store: Store, draw: Draw = drawn) -> None:
        self._store = store
        self._draw = draw

    def begin(self, title: str, author: str, owner: str, origin: Origin, now: Millis) -> Experiment:
        """Keep a new draft under an id and a salt of its own; raises ``NotFound`` when its gap is not known."""
        new, salt = self._draw()
        return self.open(Opening(new, title, salt, owner, origin), Actor(author, Role.AUTHOR), now)

    def open(self, opening: Opening, author: Actor, now: Millis) -> Experiment:
        """Keep a new draft; raises ``NotFound`` when its gap is not known, ``Forbidden`` when another answers for it.

        An opportunity may name a walk-through by its id; what was lived there then becomes the origin's sentence.
        """
        with self._store.transaction():
            opening = self._settled(opening)
            known = [kept.experiment for kept in self._store.experiments.all()]
            return self._store.experiments.add(life_cycle.open_draft(opening, author, now, known), now).experiment

    def revise(self, experiment_id: str, plan: Plan, author: str, now: Millis) -> Experiment:
        """Write the plan anew, with the baseline of its scope’s history unless it brings one, and rehearsed there."""
        # History takes long to read: outside the transaction, which would hold up the fold.
        full = plan if any(of_shape(plan)) else self._with_history(experiment_id, plan, now)
        return self.act(experiment_id, lambda e: life_cycle.revise(e, Actor(author, Role.AUTHOR), now, full), now)

    def _with_history(self, experiment_id: str, plan: Plan, now: Millis) -> Plan:
        """Return the plan with its scope's baseline, unless it brings one, and its design rehearsed on the past."""
        salt = self._store.experiments.get(experiment_id).experiment.salt
        brought = plan.design is not None and plan.design.baseline is not None
        return rehearsed(self._store, plan if brought else with_baseline(self._store, plan, now), salt, now)

    def argue(self, experiment_id: str, change: Argue, author: str, now: Millis) -> Experiment:
        """Change the plan's root causes, and nothing else of it."""

        def changed(experiment: Experiment) -> Experiment:
            plan = structs.replace(experiment.plan, causes=change(experiment.plan.causes))
            return life_cycle.revise(experiment, Actor(author, Role.AUTHOR), now, plan)

        return self.act(experiment_id, changed, now)

    def proposals(self, experiment_id: str) -> list[Offered]:
        """Return what is proposed for its root causes as things stand now, and what became of it in the plan."""
        return proposals(self._store, self._store.experiments.get(experiment_id).experiment, WORDS)

    def weigh(self, experiment_id: str, weighing: Weighing, author: str, now: Millis) -> Experiment:
        """Take a proposal up as evidence for a root cause, or reject it as a rival of one; its author alone may."""
        offered = self.proposals(experiment_id)

        def changed(experiment: Experiment) -> Experiment:
            plan = weighed(experiment.plan, offered, weighing)
            return life_cycle.revise(experiment, Actor(author, Role.AUTHOR), now, plan)

        return self.act(experiment_id, changed, now)

    def perform(self, experiment_id: str, name: str, given: Given, now: Millis) -> Experiment:
        """Carry out the act called ``name``; return the experiment as it is kept, or the draft that follows it.

        Raises ``NotFound`` for an act or experiment that is not known, ``Forbidden`` with what is missing.
        """
        deed = act_named(name)
        if deed == "start":
            return self.start(experiment_id, given.actor, now)
        if deed in ACTS:
            return self.act(experiment_id, lambda e: ACTS[deed](e, given, now), now)
        follow = life_cycle.iterate if deed == "iterate" else life_cycle.retry
        new, salt = self._draw()
        named = Successor(new, given.note, salt)
        known = [kept.experiment for kept in self._store.experiments.all()]
        return self.follow(experiment_id, lambda e: follow(e, given.actor, now, named, known), now)

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
            running = life_cycle.start(experiment, reviewer, now, surroundings(self._store, experiment_id))
            if unseen := clusters_unseen(self._store, experiment):
                raise refuse(experiment, "start", "; ".join(unseen))
            return running

        return self.act(experiment_id, started, now)

    def _settled(self, opening: Opening) -> Opening:
        """Return the opening with the gap's owner, or with the words of its walk-through."""
        origin = opening.origin
        if origin.kind == "gap":
            owner = self._store.gaps.get(origin.reference).gap.owner
            if owner and opening.owner.strip() and owner != opening.owner:
                raise Forbidden(
                    f"cannot open “{opening.title}”: the gap’s owner, {owner}, will decide, not {opening.owner}; "
                    f"give {owner}, or change who answers for the target first"
                )
            return replace(opening, owner=opening.owner or owner or "")
        try:
            lived = self._store.walkthroughs.get(origin.reference)
        except NotFound:
            return opening
        return replace(opening, origin=Origin(origin.kind, origin.reference, origin.sentence or lived.text))

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
        return _decided(gap, experiment, today)
    return gap


def _decided(gap: Gap, experiment: Experiment, today: date) -> Gap:
    """Return the gap after the decision, or after a recheck that took an adoption back."""
    assert experiment.decision is not None  # noqa: S101 - asked by the only caller
    if experiment.adopted:
        return gap if gap.adopted else states.adopt(gap, experiment.id, today)
    if experiment.recheck is not None:
        return states.end_experiment(gap, today, f"experiment {experiment.id} {experiment.recheck.outcome}")
    return states.end_experiment(gap, today, f"experiment {experiment.id}: {experiment.decision.choice}")
