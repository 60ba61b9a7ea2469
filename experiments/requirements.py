"""What a plan must say before it may be planned or started: each function yields what is missing, in words.

Which transition asks for which of these is in ``life_cycle``.
"""

from collections.abc import Iterable, Iterator

from experiments.assignment import MAX_WEIGHT, simulated
from experiments.design import PRE_PERIOD, Design
from experiments.ledger import Experiment
from experiments.measures import MEASURES
from experiments.plan import Expected, Guardrail, Plan
from experiments.power import ENOUGH, power_at, reachable
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.states import State
from models.errors import InvalidInput
from models.identifiers import DAY, Millis

LIVE = frozenset({State.RUNNING, State.HALTED, State.MEASURING})
"""States in which units are exposed or their windows still open."""


def of_plan(plan: Plan, at: Millis) -> Iterator[str]:
    """Yield what the plan lacks, apart from causes and power."""
    if not plan.hypothesis.strip():
        yield "no hypothesis: say why the action should change the cause"
    if not any(step.text.strip() for step in plan.steps):
        yield "no action step: say what will be done"
    yield from _of_expected(plan.expected, at)
    yield from _of_worthwhile(plan)
    if plan.mechanism is None:
        yield "no mechanism: name the metric that must move if the action works for the stated reason"
    elif plan.mechanism.metric not in MEASURES:
        yield f"the mechanism's metric “{plan.mechanism.metric}” is not known"
    if plan.fidelity is None or not plan.fidelity.statement.strip():
        yield "no fidelity check: say how one will know that the action was carried out as defined"
    yield from of_guardrails(plan.guardrails, plan.expected)
    yield from _of_design(plan.design, at)


def _of_expected(expected: Expected | None, at: Millis) -> Iterator[str]:
    if expected is None:
        yield "no expected result: say which metric moves which way, by how much, by when"
        return
    if expected.metric not in MEASURES:
        yield f"the expected result's metric “{expected.metric}” is not known"
    if not 0.0 < expected.size < float("inf"):
        yield f"the expected size {expected.size:g} must be above zero; the direction is said apart"
    if expected.by <= at:
        yield "the expected result is due in the past: give a date to come"


def _of_worthwhile(plan: Plan) -> Iterator[str]:
    if plan.expected is not None and plan.worthwhile is not None and not 0.0 < plan.worthwhile <= plan.expected.size:
        yield f"the worthwhile effect {plan.worthwhile:g} must lie above 0 and not above the expected size"


def of_guardrails(guardrails: Iterable[Guardrail], expected: Expected | None) -> Iterator[str]:
    """Yield what is wrong with the guardrails: there must be one at least, each with a margin above zero."""
    named = list(guardrails)
    if not named:
        yield "no guardrail: name what must not get worse, and by how much at most"
    for guardrail in named:
        if guardrail.metric not in MEASURES:
            yield f"the guardrail's metric “{guardrail.metric}” is not known"
        if not 0.0 < guardrail.margin < float("inf"):
            yield f"the guardrail {guardrail.metric} needs a margin above zero"
        if expected is not None and guardrail.metric == expected.metric:
            yield f"the guardrail {guardrail.metric} is the expected result itself: choose another metric"
    if len({guardrail.metric for guardrail in named}) < len(named):
        yield "two guardrails watch the same metric: keep one"


def _of_design(design: Design | None, at: Millis) -> Iterator[str]:
    if design is None:
        yield "no design: give arms, number of units, end and policy"
        return
    names = [arm.name.strip() for arm in design.arms]
    if len(names) != 2 or len(set(names)) != 2 or not all(names):
        yield "the design needs two arms with different names, the control first"
    if any(not 1 <= arm.weight <= MAX_WEIGHT for arm in design.arms):
        yield f"every arm needs an integer weight from 1 to {MAX_WEIGHT}"
    if design.units < 60:
        yield f"{design.units} units are too few: no look is allowed before 30 per arm"
    if design.end <= at:
        yield "the end lies in the past: give a date to come"
    if design.window <= 0 or design.pre_window < 0:
        yield "the outcome window must be above zero, the window before exposure not below it"
    if design.pre_window > PRE_PERIOD:
        asked, most = design.pre_window / DAY, PRE_PERIOD // DAY
        yield f"the window before exposure, {asked:g} days, is too long: at most {most} days of the past are kept"
    if not design.policy:
        yield "no policy is pinned: name the version that scores this experiment"


def of_power(experiment: Experiment, at: Millis) -> Iterator[str]:
    """Yield what is missing to 80 % power, with the units that can be reached from ``at`` to the end; or a waiver."""
    plan = experiment.plan
    if plan.design is None or plan.expected is None or experiment.waiver is not None:
        return
    try:
        units = reachable(plan.design, at)
        power = power_at(plan.expected.size, units, plan.design)
    except InvalidInput as error:
        yield f"power cannot be computed ({error}), and no reviewer waived it"
        return
    if power < ENOUGH:
        share = f"{power * 100:.0f} %"
        yield f"power is {share} with the {units:,} units reachable by the end: 80 % or a reviewer's waiver is needed"


def of_rehearsal(experiment: Experiment) -> Iterator[str]:
    """Yield when the simulated assignment of made-up units does not follow the design's weights."""
    design = experiment.plan.design
    if design is None:
        return
    counts = simulated(experiment.salt, design.weights)
    e = sample_ratio_e(list(counts.values()), design.shares)
    if e >= BROKEN:
        yield f"the simulated assignment gives {counts}, which is not the design's ratio: take a new salt"


def of_exclusion(experiment: Experiment, others: Iterable[Experiment]) -> Iterator[str]:
    """Yield each live experiment that meets the same units with the same metric."""
    expected = experiment.plan.expected
    for other in others:
        theirs = other.plan.expected
        if other.id == experiment.id or other.state not in LIVE or expected is None or theirs is None:
            continue
        if theirs.metric == expected.metric and may_meet(theirs.scope, expected.scope):
            yield f"“{other.title}” ({other.id}) is live on the same units and metric: wait until it is evaluated"


def may_meet(scope: str, other: str) -> bool:
    """Return whether one customer can belong to both scopes; only two values of one segment exclude each other.

    >>> may_meet("all", "channel:chat"), may_meet("segment:plan=pro", "segment:plan=home")
    (True, False)
    """
    mine, theirs = scope.partition("="), other.partition("=")
    same_segment = mine[0].startswith("segment:") and mine[0] == theirs[0]
    return not same_segment or mine[2] == theirs[2]
