"""Who takes part, what the fold must know, and what the library remembers."""

import pytest

from experiments import life_cycle as life
from experiments.assignment import arm_of
from experiments.decision import Learning
from experiments.enrolment import TAKES_PART, assigned, live_experiment
from experiments.learning import LearningCard, Query, card_of, search
from experiments.measures import MEASURES, measure_of
from experiments.scopes import may_meet
from experiments.states import SYSTEM
from experiments.steward import advance
from models.errors import InvalidInput
from tests.experiments.group_loops import DAYS, SITES, started
from tests.experiments.loops import (
    AUTHOR,
    END,
    LEARNING,
    OWNER,
    T0,
    WINDOW,
    Truth,
    an_opening,
    day,
    faithful,
    planned,
    running,
    seen_at,
)


def test_a_unit_gets_the_arm_of_the_hash_while_enrolment_is_open() -> None:
    experiment = running()
    design = experiment.plan.design
    assert design is not None
    found = assigned(experiment, "p1_abc", day(3))
    assert found.enrolled
    assert found.arm == arm_of("salt-1", "p1_abc", design.weights)


def test_outside_enrolment_everyone_is_served_as_the_control_and_nobody_exposed() -> None:
    paused = life.pause(running(), SYSTEM, day(3), "broken ratio")
    halted = life.halt(running(), OWNER, day(3), "enough")
    for experiment, at in ((planned(), T0), (paused, day(3)), (halted, day(3)), (running(), END)):
        for unit in range(20):
            found = assigned(experiment, f"p1_{unit}", at)
            assert (found.arm, found.enrolled) == ("control", False)
            assert found.why != TAKES_PART
    draft = life.open_draft(an_opening(), AUTHOR, T0, ())
    with pytest.raises(InvalidInput, match="no design yet"):
        assigned(draft, "p1_abc", T0)


def test_once_a_roll_out_has_reached_everybody_nobody_loses_the_action() -> None:
    experiment = started("rollout")
    last = day(DAYS)  # five waves, two weeks apart
    moments = (day(DAYS - 1), last, day(200))
    served = {site: [assigned(experiment, "p1_abc", at, cluster=site) for at in moments] for site in SITES}
    assert {found[0].arm for found in served.values()} == {"control", "history_shown"}
    for _, *after in served.values():
        assert [(found.arm, found.enrolled) for found in after] == [("history_shown", False)] * 2
    assert assigned(experiment, "p1_abc", last, cluster="site 99").arm == "control"
    halted = life.halt(faithful(experiment), OWNER, day(10), "a site complained")
    assert assigned(halted, "p1_abc", last, cluster=SITES[0]).arm == "control"


def test_the_fold_knows_an_experiment_while_windows_are_open() -> None:
    live = live_experiment(running())
    assert live is not None
    assert (live.id, live.metric, live.window, live.policy) == ("e1", "journey_score", WINDOW, "default@1")
    assert (live.mechanism, live.guardrails) == ("loss.repeated_step", ("contacts",))
    assert live.arms == ("control", "history_shown")
    assert live_experiment(life.halt(running(), OWNER, day(3), "x")) is not None
    assert live_experiment(planned()) is None
    assert live_experiment(life.void(running(), SYSTEM, day(3), "x")) is None


def decided_card() -> LearningCard:
    experiment = faithful(running())
    for at in (day(28), day(36)):
        experiment, _ = advance(experiment, seen_at(experiment, Truth(), at), at)
    assert card_of(experiment) is None
    learning = Learning(LEARNING.text, "do it in the shops too", ("phone",))
    card = card_of(life.decide(experiment, OWNER, day(37), "adopt", learning))
    assert card is not None
    return card


def test_the_library_finds_what_was_learnt() -> None:
    card = decided_card()
    assert (card.expected, card.choice, card.causes) == (5.0, "adopt", ("context_lost",))
    assert card.measured == pytest.approx(5.0, abs=2.0)
    for found in (
        Query(),
        Query("TRANSCRIPT shops"),
        Query(cause="context_lost", scope="all"),
        Query(action="show transcript"),
    ):
        assert search([card], found) == [card], found
    for missed in (Query("refund"), Query(cause="wait"), Query(scope="channel:chat"), Query(action="refund")):
        assert search([card], missed) == [], missed


def test_scopes_meet_unless_they_are_two_values_of_one_segment() -> None:
    assert may_meet("channel:chat", "touchpoint:billing")
    assert may_meet("segment:plan=pro", "segment:city=lyon")
    assert may_meet("segment:plan=pro", "segment:plan=pro")
    assert not may_meet("segment:plan=pro", "segment:plan=home")


def test_every_measure_has_a_name_in_both_languages() -> None:
    for measure in MEASURES.values():
        assert measure.english
        assert measure.french
        assert measure.scale > 0
    with pytest.raises(InvalidInput, match="choose among contact_score"):
        measure_of("charm")
