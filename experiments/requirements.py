"""What a plan must say before it may be planned or started: each function yields what is missing, in words.

Which transition asks for which of these is in ``life_cycle``.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from experiments import allocation
from experiments.allocation import exclude_each_other
from experiments.assignment import MAX_WEIGHT, simulated
from experiments.design import PRE_PERIOD, Arm, Design
from experiments.designs import ALPHA, Rollout
from experiments.ledger import Experiment
from experiments.measures import MEASURES
from experiments.plan import Expected, Guardrail, Plan
from experiments.power import ENOUGH, power_at, reachable
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.scopes import may_meet
from experiments.states import State
from experiments.surroundings import Surroundings
from experiments.values import wrong_in
from models.errors import InvalidInput
from models.identifiers import DAY, Millis
from models.interactions.bounds import SLUG

_TRAVELS = re.compile(SLUG.removeprefix("^").removesuffix("$"))
"""What the contract of exposures asks of an arm's name."""

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
    yield from _of_further(plan)
    yield from _of_design(plan.design, at)
    yield from _of_days(plan)
    yield from allocation.missing_from(plan.allocation)


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


def of_added_guardrail(experiment: Experiment, added: Guardrail) -> Iterator[str]:
    """Yield what is wrong with a guardrail added after the start; ``experiment`` has it already."""
    yield from of_guardrails(experiment.guardrails, experiment.plan.expected)
    yield from _untold_by_days(experiment.plan.design, [added.metric])


def _of_further(plan: Plan) -> Iterator[str]:
    """Yield what is wrong with the further primary results: each is a metric of its own, watched as a guardrail."""
    watched = {guardrail.metric: guardrail.direction for guardrail in plan.guardrails}
    for result in plan.further:
        if result.metric not in watched:
            yield f"the further result “{result.metric}” must be watched as a guardrail too: give its margin"
        elif watched[result.metric] != result.direction:
            yield f"the further result “{result.metric}” and its guardrail call different directions good: choose one"
        if plan.expected is not None and result.scope != plan.expected.scope:
            yield f"the further result “{result.metric}” is measured in the expected result's scope: give that one"
        if not 0.0 < result.size < float("inf"):
            yield f"the further result “{result.metric}” needs a size above zero"
    if len({result.metric for result in plan.further}) < len(plan.further):
        yield "two further results are of the same metric: keep one"


def _of_days(plan: Plan) -> Iterator[str]:
    """Yield what a design that is judged on a scope's days cannot measure: they hold scores, losses, good contacts."""
    named = [plan.expected, plan.mechanism, *plan.guardrails]
    yield from _untold_by_days(plan.design, {each.metric for each in named if each is not None})
    layout = plan.design.layout if plan.design is not None else None
    if isinstance(layout, Rollout) and plan.expected is not None and plan.expected.scope != "all":
        yield "a roll-out is measured in the scopes of its clusters: choose the scope “all”"


def _untold_by_days(design: Design | None, metrics: Iterable[str]) -> Iterator[str]:
    for metric in sorted(metrics) if design is not None and design.on_days else ():
        if metric in MEASURES and not MEASURES[metric].on_days:
            yield f"this design is measured on days, which do not tell “{metric}”: choose a score or a loss"


def _of_design(design: Design | None, at: Millis) -> Iterator[str]:
    if design is None:
        yield "no design: give arms, number of units, end and policy"
        return
    yield from _of_arms(design.arms)
    if design.units < 60:
        yield f"{design.units} units are too few: no look is allowed before 30 per arm"
    if design.end <= at:
        yield "the end lies in the past: give a date to come"
    if design.window <= 0 or design.pre_window < 0:
        yield "the outcome window must be above zero, the window before exposure not below it"
    if design.pre_window > PRE_PERIOD:
        asked, most = design.pre_window / DAY, PRE_PERIOD // DAY
        yield f"the window before exposure, {asked:g} days, is too long: at most {most} days of the past are kept"
    yield from design.missing(at)
    if not design.policy:
        yield "no policy is pinned: name the version that scores this experiment"


def of_shape(plan: Plan) -> Iterator[str]:
    """Yield why no record may hold the plan, draft or not: figures no page could show, arms nothing can be split over.

    >>> list(of_shape(Plan(worthwhile=float("nan"))))
    ['worthwhile: nan is no number that can be kept']
    """
    yield from wrong_in(plan)
    if plan.design is None:
        return
    if len(plan.design.arms) < 2 or any(not 1 <= arm.weight <= MAX_WEIGHT for arm in plan.design.arms):
        yield f"arms: the design needs two, the control first, each with an integer weight from 1 to {MAX_WEIGHT}"
    known = plan.design.baseline
    if known is not None and (known.variance < 0.0 or known.units_per_day < 0.0):
        yield "baseline: variance and units_per_day cannot lie below zero; leave it out to have it from history"


def _of_arms(arms: Sequence[Arm]) -> Iterator[str]:
    names = [arm.name.strip() for arm in arms]
    if len(names) != 2 or len(set(names)) != 2 or not all(names):
        yield "the design needs two arms with different names, the control first"
    for name in filter(None, names):
        if not _TRAVELS.fullmatch(name):
            yield (
                f"the arm’s name “{name}” cannot travel in an exposure: use small letters, digits, and . _ - "
                "after the first character"
            )
    if any(not 1 <= arm.weight <= MAX_WEIGHT for arm in arms):
        yield f"every arm needs an integer weight from 1 to {MAX_WEIGHT}"


def of_power(experiment: Experiment, at: Millis) -> Iterator[str]:
    """Yield what is missing to 80 % power, with the units that can be reached from ``at`` to the end; or a waiver.

    Of several primary results the expected one may be read at its share of 5 % alone (Holm's first step).
    """
    plan = experiment.plan
    if plan.design is None or plan.expected is None or experiment.waiver is not None:
        return
    try:
        units = reachable(_as_allotted(plan.design, plan.allocation.share), at)
        power = power_at(plan.expected.size, units, plan.design, ALPHA / (1 + len(plan.further)))
    except InvalidInput as error:
        yield f"power cannot be computed ({error}), and no reviewer waived it"
        return
    if power < ENOUGH:
        share = f"{power * 100:.0f} %"
        yield f"power is {share} with the {units:,} units reachable by the end: 80 % or a reviewer's waiver is needed"


def _as_allotted(design: Design, share: float) -> Design:
    """Return the design with the volume that its share of everybody brings."""
    if design.baseline is None:
        return design
    return replace(design, baseline=replace(design.baseline, units_per_day=design.baseline.units_per_day * share))


def of_rehearsal(experiment: Experiment) -> Iterator[str]:
    """Yield when the simulated assignment of made-up units does not follow the design's weights."""
    design = experiment.plan.design
    if design is None or design.layout is not None or experiment.plan.allocation.listed:
        return  # a timetable and a list are drawn to their shares exactly
    counts = simulated(experiment.salt, design.weights)
    e = sample_ratio_e(list(counts.values()), design.shares)
    if e >= BROKEN:
        yield f"the simulated assignment gives {counts}, which is not the design's ratio: take a new salt"


def incomputable(experiment: Experiment, around: Surroundings) -> Iterator[str]:
    """Yield why a live experiment can be measured no longer: it is void then."""
    expected, design = experiment.plan.expected, experiment.plan.design
    if expected is not None and expected.metric not in MEASURES:
        yield f"its metric “{expected.metric}” can be computed no longer"
    if expected is not None and around.scopes is not None and expected.scope not in around.scopes:
        yield f"its scope “{expected.scope}” is observed no longer"
    if design is not None and around.policies is not None and design.policy not in around.policies:
        yield f"its pinned policy {design.policy} is known no longer"


def of_surroundings(experiment: Experiment, around: Surroundings) -> Iterator[str]:
    """Yield what stands in the way outside the record: another live experiment, a scope or policy that is not there."""
    expected, design = experiment.plan.expected, experiment.plan.design
    if expected is not None and around.scopes is not None and expected.scope not in around.scopes:
        yield f"nothing is known of the scope “{expected.scope}”: choose one that has been seen or declared"
    if design is not None and around.policies is not None and design.policy not in around.policies:
        yield f"the pinned policy {design.policy} is not known: add it, or pin another version"
    for other in around.others:
        if other.id != experiment.id and other.state in LIVE:
            yield from _of_exclusion(experiment, other)


def _of_exclusion(experiment: Experiment, other: Experiment) -> Iterator[str]:
    """Yield what keeps the two from being live together: the same slots, or the same units and metric."""
    mine, theirs = experiment.plan, other.plan
    if exclude_each_other(mine.allocation, theirs.allocation) or mine.expected is None or theirs.expected is None:
        return
    named = f"“{other.title}” ({other.id})"
    if mine.allocation.layer and mine.allocation.layer == theirs.allocation.layer:
        taken = f"{theirs.allocation.first} to {theirs.allocation.last}"
        yield f"{named} has the slots {taken} of layer “{mine.allocation.layer}”: take others"
    elif _results(mine) & _results(theirs) and may_meet(theirs.expected.scope, mine.expected.scope):
        yield f"{named} is live on the same units and metric: wait until it is evaluated, or share a layer with it"


def _results(plan: Plan) -> set[str]:
    """Return the metrics of every primary result."""
    return {each.metric for each in (plan.expected, *plan.further) if each is not None}
