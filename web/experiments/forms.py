"""What people type into the experiment pages, as the plan and the acts of ``experiments``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Literal

from fastapi import Form

from experiments import life_cycle
from experiments.decision import Choice, Learning
from experiments.design import Arm, Design
from experiments.ledger import Experiment, FidelityCheck
from experiments.plan import Direction, Expected, Fidelity, Guardrail, Mechanism, Plan, Step
from experiments.root_causes import Evidence, EvidenceKind, Rival, RootCause
from experiments.states import Actor, Role
from models.errors import InvalidInput
from models.identifiers import DAY, SECOND, Millis

Short = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class OpeningForm:
    """What a first draft needs."""

    origin: Annotated[Literal["gap", "opportunity"], Form()]
    reference: Annotated[str, Form(min_length=1, max_length=200)]
    title: Annotated[str, Form(min_length=1, max_length=120)]
    author: Annotated[str, Form(min_length=1, max_length=80)]
    owner: Annotated[str, Form(min_length=1, max_length=80)]


@dataclass(frozen=True, slots=True)
class PlanForm:
    """A plan with one root cause, two kinds of evidence, one rival, one guardrail: what the page can enter.

    Plans with more than that are set with ``ressenti experiment revise ID --plan FILE``.
    """

    by: Short
    cause: Short
    statement: Long = ""
    evidence_kind: Annotated[EvidenceKind, Form()] = "ledger"
    evidence: Long = ""
    evidence_kind_2: Annotated[EvidenceKind, Form()] = "observation"
    evidence_2: Long = ""
    rival: Long = ""
    rejected_because: Long = ""
    hypothesis: Long = ""
    steps: Long = ""
    metric: Short = "journey_score"
    direction: Annotated[Direction, Form()] = "up"
    size: Annotated[float, Form(gt=0)] = 5.0
    scope: Short = "all"
    mechanism: Short = ""
    mechanism_direction: Annotated[Direction, Form()] = "down"
    fidelity: Long = ""
    guardrail: Short = ""
    guardrail_direction: Annotated[Direction, Form()] = "up"
    margin: Annotated[float, Form(gt=0)] = 1.0
    units: Annotated[int, Form(ge=60, le=10_000_000)] = 1000
    end: Annotated[date | None, Form()] = None
    window_days: Annotated[int, Form(ge=1, le=28)] = 14
    control: Short = "as today"
    treatment: Short = "changed"


def plan_of(form: PlanForm, experiment: Experiment, policy: str) -> Plan:
    """Return the plan the form describes; the baseline of an earlier design is kept."""
    end = None if form.end is None else _end_of(form.end)
    earlier = experiment.plan.design
    design = None
    if end is not None:
        design = Design(
            arms=(Arm(form.control), Arm(form.treatment)),
            units=form.units,
            end=end,
            policy=policy,
            baseline=None if earlier is None else earlier.baseline,
            window=Millis(form.window_days * DAY),
        )
    return Plan(
        causes=_causes(form),
        hypothesis=form.hypothesis,
        steps=tuple(Step(line.strip()) for line in form.steps.splitlines() if line.strip()),
        expected=None if end is None else _expected(form, end),
        mechanism=Mechanism(form.mechanism, form.mechanism_direction) if form.mechanism else None,
        fidelity=Fidelity(form.fidelity) if form.fidelity else None,
        guardrails=(Guardrail(form.guardrail, form.guardrail_direction, form.margin),) if form.guardrail else (),
        design=design,
    )


def _causes(form: PlanForm) -> tuple[RootCause, ...]:
    if not form.statement.strip():
        return ()
    evidence = (Evidence(form.evidence_kind, form.evidence), Evidence(form.evidence_kind_2, form.evidence_2))
    rivals = (Rival(form.rival, form.rejected_because),) if form.rival.strip() else ()
    return (RootCause(form.statement, form.cause, tuple(e for e in evidence if e.statement.strip()), rivals),)


def _expected(form: PlanForm, end: Millis) -> Expected:
    by = Millis(end + form.window_days * DAY)
    return Expected(form.metric, form.direction, form.size, by, form.scope)


def _end_of(day: date) -> Millis:
    after = datetime.combine(day + timedelta(days=1), time(), UTC)
    return Millis(int(after.timestamp()) * SECOND)


@dataclass(frozen=True, slots=True)
class ActForm:
    """What any act needs: who, in which role, and its words and figures."""

    by: Annotated[str, Form(min_length=1, max_length=80)]
    role: Annotated[Role, Form()]
    note: Long = ""
    done: Annotated[int, Form(ge=0)] = 0
    of: Annotated[int, Form(ge=0)] = 0
    choice: Annotated[Choice, Form()] = "abandon"

    @property
    def actor(self) -> Actor:
        """Who acts; nobody may act as the system over the web."""
        if self.role is Role.SYSTEM:
            raise InvalidInput("role: system acts by itself; choose author, reviewer, owner or anyone")
        return Actor(self.by, self.role)


Act = Callable[[Experiment, ActForm, Millis], Experiment]

ACTS: dict[str, Act] = {
    "explain": lambda e, form, now: life_cycle.explain(e, form.actor, now),
    "plan": lambda e, form, now: life_cycle.plan(e, form.actor, now),
    "waive-power": lambda e, form, now: life_cycle.waive_power(e, form.actor, now, form.note),
    "halt": lambda e, form, now: life_cycle.halt(e, form.actor, now, form.note),
    "explain-imbalance": lambda e, form, now: life_cycle.explain_imbalance(e, form.actor, now, form.note),
    "resume": lambda e, form, now: life_cycle.resume(e, form.actor, now, form.note),
    "record-fidelity": lambda e, form, now: life_cycle.record_fidelity(
        e, form.actor, FidelityCheck(now, form.by, form.done, form.of, form.note)
    ),
    "decide": lambda e, form, now: life_cycle.decide(e, form.actor, now, form.choice, Learning(form.note)),
    "void": lambda e, form, now: life_cycle.void(e, form.actor, now, form.note),
}
"""The acts a page or program may ask for, beside starting and following, which need to see other experiments."""
