"""The demo's experiment passes the product's own gate, and hopes for about what was planted."""

import pytest

from demo import trial
from demo.loop import Arms
from demo.truth import effect
from experiments import life_cycle
from experiments.design import Baseline
from experiments.ledger import Experiment
from experiments.states import State
from models.errors import Forbidden
from models.identifiers import DAY, Millis

AT = Millis(1_790_640_000_000)
END = Millis(AT + 28 * DAY)
BASELINE = Baseline(mean=82.0, variance=180.0, units_per_day=16.0)


def draft() -> Experiment:
    return life_cycle.open_draft(trial.opening("gap-1", "salt"), trial.AUTHOR, AT, [])


def started() -> Experiment:
    experiment = life_cycle.revise(draft(), trial.AUTHOR, AT, trial.explained())
    experiment = life_cycle.explain(experiment, trial.AUTHOR, AT)
    plan = trial.planned(BASELINE, "default@1", END, Millis(14 * DAY))
    experiment = life_cycle.revise(experiment, trial.AUTHOR, AT, plan)
    experiment = life_cycle.plan(experiment, trial.AUTHOR, AT)
    return life_cycle.start(experiment, trial.REVIEWER, AT, [])


def test_the_plan_passes_every_requirement_with_the_smallest_company_the_demo_takes() -> None:
    assert started().state is State.RUNNING


def test_nothing_runs_before_its_causes_are_established() -> None:
    with pytest.raises(Forbidden):
        life_cycle.plan(draft(), trial.AUTHOR, AT)


def test_what_the_team_expects_is_near_what_was_planted() -> None:
    assert pytest.approx(effect(), abs=1.0) == trial.EXPECTED_POINTS


def test_everybody_is_a_control_until_it_runs_and_then_the_product_assigns() -> None:
    arms, people = Arms(), [f"p1_{n:028d}" for n in range(400)]
    assert {arms(who) for who in people} == {trial.CONTROL}
    arms.running = started()
    given = [arms(who) for who in people]
    assert 150 < given.count(trial.TREATED) < 250
    assert given == [arms(who) for who in people]
