"""Who takes part now: what programs that ask for an arm are told, and what the fold must know to keep unit rows.

Which arm and which share a unit falls into is arithmetic (``assignment``, ``allocation``); here it meets the record:
is the experiment open, is the unit in already, what is it told.
"""

from dataclasses import dataclass

from experiments.allocation import share_of
from experiments.assignment import arm_of
from experiments.design import Design
from experiments.designs import Clusters, Rollout, Switchback
from experiments.ledger import Experiment
from experiments.requirements import LIVE
from experiments.schedule import arm_at, timetable_of
from experiments.states import State
from models.definitions import LiveExperiment
from models.errors import InvalidInput
from models.identifiers import Millis

TAKES_PART = "takes part"
IN_ALREADY = "in already"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A unit's arm; ``enrolled`` says whether to send an exposure for it (otherwise it is served as the control).

    ``why`` is one of "takes part", "in already" (it keeps its arm), or what keeps it out.
    """

    experiment: str
    unit: str
    arm: str
    enrolled: bool
    why: str = TAKES_PART


def _closed(experiment: Experiment, now: Millis) -> str:
    """Return why no unit enters at ``now``, or an empty string."""
    design = experiment.plan.design
    if experiment.state is not State.RUNNING or design is None:
        return f"the experiment is {experiment.state}"
    if experiment.paused:
        return "enrolment is paused: the sample ratio is broken"
    return "" if now < design.end else "enrolment has ended"


def assigned(experiment: Experiment, unit: str, now: Millis, met: str | None = None, cluster: str = "") -> Assignment:
    """Return the unit's assignment at ``now``; ``met`` is the arm it met before, where that is known.

    A unit that met an arm keeps it, through a pause and until the windows have closed; after a halt everybody is
    served as the control. Where clusters or periods are randomised, the unit is in the arm that its ``cluster`` is in
    at ``now``; a roll-out's units keep the action after its last wave. Raises ``InvalidInput`` when the experiment has
    no design.
    """
    design = experiment.plan.design
    if design is None:
        raise InvalidInput(f"experiment {experiment.id}: it has no design yet; plan it before asking for an arm")
    if met is not None and design.layout is None and experiment.state in LIVE and not experiment.halted:
        return Assignment(experiment.id, unit, met, enrolled=True, why=IN_ALREADY)
    if _rolled_out(experiment, design, cluster, now):
        return Assignment(experiment.id, unit, design.arms[1].name, enrolled=False, why="the roll-out is complete")
    why = _closed(experiment, now) or _share(experiment, unit, now)
    arm = None if why != TAKES_PART else _arm(experiment, design, unit, now, cluster)
    if arm is None:
        why = why if why != TAKES_PART else f"the cluster {cluster!r} takes no part now"
        return Assignment(experiment.id, unit, design.arms[0].name, enrolled=False, why=why)
    return Assignment(experiment.id, unit, arm, enrolled=True)


def _rolled_out(experiment: Experiment, design: Design, cluster: str, now: Millis) -> bool:
    """Return whether every cluster has had its turn: from then on nothing is compared, and nobody loses the action."""
    if not isinstance(design.layout, Rollout) or experiment.state not in LIVE or experiment.halted:
        return False
    timetable = timetable_of(experiment)
    return cluster in timetable.treated and now >= timetable.origin + timetable.beyond * timetable.period


def _share(experiment: Experiment, unit: str, now: Millis) -> str:
    """Return whether the unit may enrol, or what keeps it out."""
    if experiment.drawn and unit not in dict(experiment.drawn):
        return "not on the list of units"
    return share_of(experiment.plan.allocation, experiment.salt, unit, now)


def _arm(experiment: Experiment, design: Design, unit: str, now: Millis, cluster: str) -> str | None:
    """Return the arm of a unit that may enrol; ``None`` where its cluster takes no part."""
    if design.layout is not None:
        return arm_at(experiment, cluster, now)
    return dict(experiment.drawn).get(unit) or arm_of(experiment.salt, unit, design.weights)


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
        clusters=clusters_of(design),
    )


def clusters_of(design: Design) -> tuple[str, ...]:
    """Return the names that an exposure's cluster may have; none where customers are randomised."""
    match design.layout:
        case Clusters() | Rollout():
            return design.layout.names
        case Switchback():
            return tuple(lane for lane in design.layout.lanes if lane)
    return ()
