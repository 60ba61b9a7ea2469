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
    ID --plan FILE`` or over the API.
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
    """Return the plan the form describes, with the causes there are; the baseline of an earlier design is kept.

    Raises ``InvalidInput`` for a ramp or a worthwhile effect that cannot be read.
    """
    end = None if form.end is None else _end_of(form.end)
    before = experiment.plan
    return replace(
        before,
        hypothesis=form.hypothesis,
        steps=tuple(Step(line.strip()) for line in form.steps.splitlines() if line.strip()),
        expected=None if end is None else _expected(form, end),
        worthwhile=_worthwhile(form.worthwhile),
        mechanism=Mechanism(form.mechanism, form.mechanism_direction) if form.mechanism else None,
        fidelity=Fidelity(form.fidelity) if form.fidelity else None,
        guardrails=(Guardrail(form.guardrail, form.guardrail_direction, form.margin),) if form.guardrail else (),
        design=None if end is None else _design(form, end, policy, before.design),
        allocation=_allocation(form, before.allocation),
    )


def _design(form: PlanForm, end: Millis, policy: str, earlier: Design | None) -> Design:
    return Design(
        arms=_arms(form),
        units=form.units,
        end=end,
        policy=policy,
        baseline=None if earlier is None else earlier.baseline,
        window=Millis(form.window_days * DAY),
        stopping=form.stopping,
    )


def _arms(form: PlanForm) -> tuple[Arm, Arm]:
    treated, equal = form.treated_percent, 50
    if treated == equal:
        return Arm(form.control), Arm(form.treatment)
    return Arm(form.control, 100 - treated), Arm(form.treatment, treated)


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


def _expected(form: PlanForm, end: Millis) -> Expected:
    by = Millis(end + form.window_days * DAY)
    return Expected(form.metric, form.direction, form.size, by, form.scope)


def _end_of(day: date) -> Millis:
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
