"""What people type into the plan's form, as the plan of ``experiments``; causes have their own forms (``causes``)."""

from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import Form
from msgspec.structs import replace

from experiments.allocation import SLOTS, Allocation, RampStep
from experiments.decision import Choice
from experiments.design import Arm, Design
from experiments.ledger import Experiment
from experiments.plan import Direction, Expected, Fidelity, Guardrail, Mechanism, Plan, Step
from experiments.spending import Stopping
from experiments.states import Role
from models.errors import InvalidInput
from models.identifiers import DAY, SECOND, Millis
from streams.experiment_acts import Given

Short = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]
Size = Annotated[float, Form(gt=0, allow_inf_nan=False)]
LAST_YEAR = 2100


@dataclass(frozen=True, slots=True)
class OpeningForm:
    """What a first draft needs."""

    origin: Annotated[Literal["gap", "opportunity"], Form()]
    reference: Annotated[str, Form(min_length=1, max_length=200)]
    title: Annotated[str, Form(min_length=1, max_length=120)]
    author: Annotated[str, Form(min_length=1, max_length=80)]
    owner: Annotated[str, Form(max_length=80)] = ""


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A plan of single customers in two arms with one guardrail: what the page can enter.

    Plans with more than that (other designs, several results, listed units) are set with ``ressenti experiment revise
    ID --plan FILE`` or over the API; what they say beyond this form stays as it is.
    """

    by: Short
    hypothesis: Long = ""
    steps: Long = ""
    metric: Short = "journey_score"
    direction: Annotated[Direction, Form()] = "up"
    size: Size = 5.0
    worthwhile: Short = ""
    scope: Short = "all"
    mechanism: Short = ""
    mechanism_direction: Annotated[Direction, Form()] = "down"
    fidelity: Long = ""
    guardrail: Short = ""
    guardrail_direction: Annotated[Direction, Form()] = "up"
    margin: Size = 1.0
    units: Annotated[int, Form(ge=60, le=10_000_000)] = 1000
    end: Annotated[date | None, Form()] = None
    window_days: Annotated[int, Form(ge=1, le=28)] = 14
    stopping: Annotated[Stopping, Form()] = "spending"
    control: Short = "control"
    treatment: Short = "changed"
    treated_percent: Annotated[int, Form(ge=1, le=99)] = 50
    layer: Short = ""
    first: Annotated[int, Form(ge=0, lt=SLOTS)] = 0
    slots: Annotated[int, Form(ge=1, le=SLOTS)] = SLOTS
    holdout: Annotated[int, Form(ge=0, lt=SLOTS)] = 0
    ramp: Long = ""


def plan_of(form: PlanForm, experiment: Experiment, policy: str) -> Plan:
    """Return the plan the form describes, with the causes there are, and what the form cannot enter left as it is.

    Raises ``InvalidInput`` for a ramp or a worthwhile effect that cannot be read, and where no end is given.
    """
    if form.end is None:
        raise InvalidInput("end: it is missing; say until when customers enrol, the expected result is due after it")
    before, end = experiment.plan, _end_of(form.end)
    expected = _expected(form, end, before)
    return replace(
        before,
        hypothesis=form.hypothesis,
        steps=_steps(form.steps, before.steps),
        expected=expected,
        worthwhile=_worthwhile(form.worthwhile),
        mechanism=_mechanism(form, before.mechanism),
        fidelity=Fidelity(form.fidelity) if form.fidelity else None,
        guardrails=_guardrails(form, before.guardrails),
        design=_design(form, expected, (end, policy), before),
        allocation=_allocation(form, before.allocation),
    )


def _steps(text: str, earlier: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return one step a line; who does it is kept where the step's words are."""
    known = {step.text: step for step in earlier}
    lines = filter(None, (line.strip() for line in text.splitlines()))
    return tuple(known.get(line, Step(line)) for line in lines)


def _mechanism(form: PlanForm, earlier: Mechanism | None) -> Mechanism | None:
    if not form.mechanism:
        return None
    kept = earlier.statement if earlier is not None and earlier.metric == form.mechanism else ""
    return Mechanism(form.mechanism, form.mechanism_direction, kept)


def _guardrails(form: PlanForm, earlier: tuple[Guardrail, ...]) -> tuple[Guardrail, ...]:
    """Return the form's guardrail in the place of the first, then those that the form does not show."""
    shown = (Guardrail(form.guardrail, form.guardrail_direction, form.margin),) if form.guardrail else ()
    return shown + earlier[1:]


def _design(form: PlanForm, expected: Expected, frame: tuple[Millis, str], before: Plan) -> Design:
    """Return the form's design up to an end and under a policy, with the layout there was.

    A baseline is of one metric in one scope over one window: where any of them changes, history gives another.
    """
    earlier, (end, policy) = before.design, frame
    arms, window = _arms(form, earlier), _window(form, earlier)
    fresh = Design(arms, form.units, end, policy, window=window, stopping=form.stopping)
    if earlier is None:
        return fresh
    old = before.expected
    same = old is not None and (old.metric, old.scope) == (expected.metric, expected.scope) and window == earlier.window
    return replace(
        fresh,
        baseline=earlier.baseline if same else None,
        kind=earlier.kind,
        layout=earlier.layout,
        pre_window=earlier.pre_window,
    )


def _arms(form: PlanForm, earlier: Design | None) -> tuple[Arm, Arm]:
    treated, equal = form.treated_percent, 50
    if earlier is not None and len(earlier.arms) == 2 and treated == treated_percent(earlier):
        return Arm(form.control, earlier.arms[0].weight), Arm(form.treatment, earlier.arms[1].weight)
    if treated == equal:
        return Arm(form.control), Arm(form.treatment)
    return Arm(form.control, 100 - treated), Arm(form.treatment, treated)


def treated_percent(design: Design) -> int:
    """Return the treated arm's share as the form shows it: in whole per cent, from 1 to 99."""
    return min(99, max(1, round(100 * design.shares[-1])))


def window_days(design: Design) -> int:
    """Return the outcome window as the form shows it: in whole days, one at least."""
    return max(1, design.window // DAY)


def _window(form: PlanForm, earlier: Design | None) -> Millis:
    """Return the form's window; one of hours, which the form shows in days, stays while nobody changes it."""
    if earlier is not None and form.window_days == window_days(earlier):
        return earlier.window
    return Millis(form.window_days * DAY)


def _allocation(form: PlanForm, earlier: Allocation) -> Allocation:
    return Allocation(form.layer.strip(), form.first, form.slots, form.holdout, _ramp(form.ramp), earlier.listed)


def _ramp(text: str) -> tuple[RampStep, ...]:
    """Return the steps of a ramp, one a line: a day, and how many thousandths may enrol from then on."""
    steps = []
    for line in filter(None, (line.strip() for line in text.splitlines())):
        day, _, permille = line.partition(" ")
        try:
            at = datetime.combine(date.fromisoformat(day), time(), UTC)
            steps.append(RampStep(Millis(int(at.timestamp()) * SECOND), int(permille)))
        except ValueError:
            raise InvalidInput(f"ramp: {line!r} is no step; write a day and thousandths, as 2026-03-02 50") from None
    return tuple(steps)


def _worthwhile(text: str) -> float | None:
    if not text.strip():
        return None
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"worthwhile: {text!r} is no number; write the smallest effect worth having") from None


def _expected(form: PlanForm, end: Millis, before: Plan) -> Expected:
    """Return the expected result, due when the last window closes; a later day somebody gave stays with its end."""
    by = Millis(end + _window(form, before.design))
    if before.design is not None and before.expected is not None and before.design.end == end:
        by = max(by, before.expected.by)
    return Expected(form.metric, form.direction, form.size, by, form.scope)


def _end_of(day: date) -> Millis:
    """Return the end of a day; raises ``InvalidInput`` for one that no record may hold, which may have no day after."""
    if not 1970 <= day.year < LAST_YEAR:
        raise InvalidInput(f"end: {day} does not lie between 1970 and {LAST_YEAR}; give the last day of enrolment")
    after = datetime.combine(day + timedelta(days=1), time(), UTC)
    return Millis(int(after.timestamp()) * SECOND)


@dataclass(frozen=True, slots=True)
class ActForm:
    """What any act needs: who, in which role, and its words and figures; what an act does not need stays as it is."""

    by: Annotated[str, Form(min_length=1, max_length=80)]
    role: Annotated[Role, Form()]
    note: Long = ""
    done: Annotated[int, Form(ge=0, le=1_000_000)] = 0
    of: Annotated[int, Form(ge=0, le=1_000_000)] = 0
    choice: Annotated[Choice, Form()] = "abandon"
    outcome: Annotated[Literal["holds", "does not hold"], Form()] = "does not hold"
    next_idea: Long = ""
    tags: Short = ""
    metric: Short = ""
    direction: Annotated[Direction, Form()] = "up"
    margin: Annotated[float, Form(ge=0, allow_inf_nan=False)] = 0.0

    def given(self) -> Given:
        """Return it as acts take it; raises ``InvalidInput`` for the system's role."""
        said = {field.name: getattr(self, field.name) for field in fields(self)}
        return Given(**{**said, "tags": tags_of(self.tags)})


def tags_of(text: str) -> tuple[str, ...]:
    """Return the tags of a text with commas.

    >>> tags_of("phone, wait ,")
    ('phone', 'wait')
    """
    return tuple(tag.strip() for tag in text.split(",") if tag.strip())
