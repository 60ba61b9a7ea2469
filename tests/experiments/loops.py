"""Experiments at every stage of a life, and units with a known effect, for the tests of this room."""

import dataclasses
from dataclasses import dataclass
from functools import cache

import numpy as np
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.cohorts import Snapshot, snapshot_of
from experiments.decision import Learning
from experiments.design import Arm, Baseline, Design
from experiments.ledger import Experiment, FidelityCheck
from experiments.plan import Expected, Fidelity, Guardrail, Mechanism, Origin, Plan, Step
from experiments.root_causes import Evidence, Rival, RootCause
from experiments.spending import Stopping
from experiments.states import Actor, Role
from models.effects import UnitRow
from models.identifiers import DAY, Millis, Subject

T0 = Millis(1_800_000_000_000 - 1_800_000_000_000 % DAY)
AUTHOR = Actor("ana", Role.AUTHOR)
REVIEWER = Actor("rui", Role.REVIEWER)
OWNER = Actor("olga", Role.OWNER)
WINDOW = Millis(7 * DAY)
END = Millis(T0 + 28 * DAY)
SEED = 3
LEARNING = Learning("Calling back within the hour halves repeated steps, whatever the hour.")


def day(number: float) -> Millis:
    return Millis(T0 + round(number * DAY))


def a_cause() -> RootCause:
    return RootCause(
        "the second technician cannot see the chat",
        cause="context_lost",
        evidence=(
            Evidence("ledger", "context lost costs 3.1 points of the 9 missing"),
            Evidence("verbatim", "“I had to say it all again” in 41 of 200 comments"),
        ),
        rivals=(Rival("customers phone too early", "the delay between chat and call explains nothing"),),
    )


def a_design(stopping: Stopping = "spending", units: int = 2_000) -> Design:
    baseline = Baseline(mean=70.0, variance=900.0, units_per_day=100.0)
    arms = (Arm("control"), Arm("history_shown"))
    return Design(arms, units, END, "default@1", baseline, window=WINDOW, stopping=stopping)


def a_plan(stopping: Stopping = "spending") -> Plan:
    return Plan(
        causes=(a_cause(),),
        hypothesis="a technician who sees the chat does not ask again",
        steps=(Step("show the chat's transcript on the phone desk", "support lead"),),
        expected=Expected("journey_score", "up", 5.0, day(42), "all"),
        mechanism=Mechanism("loss.repeated_step", "down"),
        fidelity=Fidelity("ten calls a week listened to: was the transcript open?"),
        guardrails=(Guardrail("contacts", "down", 0.2),),
        design=a_design(stopping),
    )


def an_opening(number: int = 1, gap: str = "gap-7") -> life.Opening:
    return life.Opening(f"e{number}", f"show the chat {number}", f"salt-{number}", OWNER.name, Origin("gap", gap))


def a_draft(stopping: Stopping = "spending") -> Experiment:
    draft = life.open_draft(an_opening(), AUTHOR, day(-9), ())
    return life.revise(draft, AUTHOR, day(-8), a_plan(stopping))


@cache
def planned(stopping: Stopping = "spending") -> Experiment:
    return life.plan(life.explain(a_draft(stopping), AUTHOR, day(-7)), AUTHOR, day(-6))


@cache
def running(stopping: Stopping = "spending") -> Experiment:
    return life.start(planned(stopping), REVIEWER, T0, ())


def faithful(experiment: Experiment, done: int = 9, of: int = 10) -> Experiment:
    return life.record_fidelity(experiment, AUTHOR, FidelityCheck(day(10), AUTHOR.name, done, of))


@dataclass(frozen=True)
class Truth:
    """What really happens: points gained by the treated, contacts added, steps repeated less, who gets treated."""

    gain: float = 5.0
    contacts: float = 0.0
    mechanism: float = 100.0
    treated_share: float = 0.5
    units: int = 2_000


@cache
def units_of(truth: Truth, seed: int = SEED) -> tuple[UnitRow, ...]:
    """Return units exposed evenly over the 28 days; one in ten is silent, the past resembles the outcome."""
    rng = np.random.default_rng(seed)
    size = truth.units
    treated = rng.random(size) < truth.treated_share
    n = np.where(rng.random(size) < 0.9, rng.integers(1, 4, size), 0)
    level = 7_000 + 2_000 * rng.standard_normal(size)
    total = n * (level + 100 * truth.gain * treated) + 2_000 * np.sqrt(n) * rng.standard_normal(size)
    before = level + 2_000 * rng.standard_normal(size)
    contacts = rng.poisson(1.5 + truth.contacts * treated)
    mechanism = 400 - truth.mechanism * treated + 100 * rng.standard_normal(size)
    return tuple(
        UnitRow(
            experiment="e1",
            subject=Subject(f"p1_{i}"),
            arm="history_shown" if treated[i] else "control",
            exposed_at=day(28 * (i + 0.5) / size),
            matures_at=Millis(day(28 * (i + 0.5) / size) + WINDOW),
            pre_n=1,
            pre_sum=round(before[i]),
            n=int(n[i]),
            total=round(total[i]),
            mechanism_n=int(n[i]),
            mechanism=round(n[i] * mechanism[i]),
            guardrails={"contacts": (1, int(contacts[i]))},
            crossed=False,
        )
        for i in range(size)
    )


def seen_at(experiment: Experiment, truth: Truth, at: Millis, seed: int = SEED) -> Snapshot:
    """Return what the log shows at ``at``: the units exposed by then."""
    return snapshot_of(experiment, (u for u in units_of(truth, seed) if u.exposed_at <= at), at)


def with_plan(experiment: Experiment, **changes: object) -> Plan:
    """Return the experiment's plan with some parts replaced."""
    return replace(experiment.plan, **changes)


def with_unit(unit: UnitRow, experiment: str, arm: str, exposed: float) -> UnitRow:
    """Return the unit in another experiment's arm, exposed then, with the same window."""
    at = Millis(int(exposed))
    return dataclasses.replace(unit, experiment=experiment, arm=arm, exposed_at=at, matures_at=Millis(at + WINDOW))
