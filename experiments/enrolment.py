"""Who takes part now: what programs that ask for an arm are told, and what the fold must know to keep unit rows."""

from dataclasses import dataclass

from experiments.assignment import arm_of
from experiments.ledger import Experiment
from experiments.requirements import LIVE
from experiments.states import State
from models.definitions import LiveExperiment
from models.errors import InvalidInput
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class Assignment:
    """A unit's arm; ``enrolled`` says whether to send an exposure for it (otherwise it is served as the control)."""

    experiment: str
    unit: str
    arm: str
    enrolled: bool


def is_enrolling(experiment: Experiment, now: Millis) -> bool:
    """Return whether a unit that asks now takes part: running, not paused, before the frozen end."""
    design = experiment.plan.design
    return experiment.state is State.RUNNING and not experiment.paused and design is not None and now < design.end


def assigned(experiment: Experiment, unit: str, now: Millis) -> Assignment:
    """Return the unit's assignment at ``now``; raises ``InvalidInput`` when the experiment has no design."""
    design = experiment.plan.design
    if design is None:
        raise InvalidInput(f"experiment {experiment.id}: it has no design yet; plan it before asking for an arm")
    if not is_enrolling(experiment, now):
        return Assignment(experiment.id, unit, design.arms[0].name, enrolled=False)
    return Assignment(experiment.id, unit, arm_of(experiment.salt, unit, design.weights), enrolled=True)


def live_experiment(experiment: Experiment) -> LiveExperiment | None:
    """Return what the fold must know while windows are open (running, halted, measuring); ``None`` otherwise."""
    design, expected = experiment.plan.design, experiment.plan.expected
    if experiment.state not in LIVE or design is None or expected is None:
        return None
    return LiveExperiment(
        id=experiment.id,
        arms=tuple(arm.name for arm in design.arms),
        metric=expected.metric,
        window=design.window,
        pre_window=design.pre_window,
        policy=design.policy,
        scope=expected.scope,
        mechanism=experiment.plan.mechanism.metric if experiment.plan.mechanism is not None else None,
        guardrails=tuple(guardrail.metric for guardrail in experiment.guardrails),
    )
