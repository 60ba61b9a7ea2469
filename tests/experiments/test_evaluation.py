"""The evaluation and what the system does with it, on units whose truth is known."""

import json
import math
from dataclasses import replace as with_fields

import msgspec
import pytest
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.cohorts import Snapshot, snapshot_of
from experiments.decision import Learning
from experiments.evaluation import Advice, Evaluation, evaluate
from experiments.ledger import Experiment
from experiments.moments import Comoments
from experiments.plan import Expected, Guardrail
from experiments.spending import Stopping
from experiments.states import SYSTEM, Actor, Role, State
from experiments.steward import advance
from experiments.verdict import Kind
from models.errors import InvalidInput
from models.identifiers import HOUR, Millis
from tests.experiments.loops import (
    AUTHOR,
    OWNER,
    REVIEWER,
    SEED,
    WINDOW,
    Truth,
    a_draft,
    day,
    faithful,
    planned,
    running,
    seen_at,
    units_of,
    with_plan,
)


def lived(
    truth: Truth, stopping: Stopping = "spending", every: float = 2.0, seed: int = SEED
) -> tuple[Experiment, list[Evaluation]]:
    """Return the experiment after its whole life under a look every ``every`` days, and every look."""
    experiment, looks = faithful(running(stopping)), []
    for step in range(1, math.ceil(40 / every) + 1):
        at = day(step * every)
        experiment, look = advance(experiment, seen_at(experiment, truth, at, seed), at)
        looks.append(look)
    return experiment, looks


def no_nan(evaluation: Evaluation) -> None:
    json.dumps(msgspec.to_builtins(evaluation), allow_nan=False)


def test_before_thirty_units_per_arm_nothing_is_looked_at() -> None:
    experiment = running()
    look = evaluate(experiment, seen_at(experiment, Truth(), day(7.5)), day(7.5))
    assert look.estimate is None
    assert "no look before 30 per arm" in look.no_estimate
    assert look.verdict.kind is Kind.NOT_YET
    assert look.advice is Advice.NOTHING
    no_nan(look)


def test_an_effect_as_expected_is_declared_at_the_frozen_end_and_not_before() -> None:
    experiment, looks = lived(Truth(gain=3.2), "fixed")
    assert experiment.state is State.EVALUATED
    assert {look.verdict.kind for look in looks[:-3]} == {Kind.NOT_YET}
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.AS_EXPECTED
    assert experiment.stopped_at == day(28)
    assert experiment.verdict.watermark >= day(28) + WINDOW
    for look in looks:
        no_nan(look)


def test_a_large_effect_crosses_the_planned_boundary_and_stops_enrolment() -> None:
    experiment, _ = lived(Truth(gain=12.0))
    assert experiment.stopped_at is not None
    assert experiment.stopped_at < day(28)
    assert [e.note for e in experiment.audit if e.act == "stop enrolment"] == ["success boundary"]
    assert experiment.state is State.EVALUATED
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.BETTER
    assert experiment.verdict.low is not None
    assert experiment.verdict.low < 12.0


def test_harm_halts_by_itself_and_ends_as_harmful() -> None:
    experiment, looks = lived(Truth(gain=-10.0))
    assert experiment.halted
    assert experiment.stopped_at is not None
    assert experiment.stopped_at < day(20)
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.HARMFUL
    assert any(look.harm_e is not None and look.harm_e >= 20 for look in looks)


def test_a_guardrail_beyond_its_margin_is_harm_too() -> None:
    experiment, _ = lived(Truth(gain=5.0, contacts=1.0))
    assert experiment.halted
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.HARMFUL
    assert [g.standing for g in experiment.verdict.guardrails] == ["harmed"]
    assert "Contacts per customer worsened beyond the margin" in experiment.verdict.english


def test_nothing_ends_as_no_worthwhile_effect_or_inconclusive() -> None:
    experiment, _ = lived(Truth(gain=0.0))
    assert experiment.verdict is not None
    assert experiment.verdict.kind in {Kind.NO_WORTHWHILE_EFFECT, Kind.INCONCLUSIVE}
    assert [g.standing for g in experiment.verdict.guardrails] == ["safe"]


def test_success_without_its_mechanism_worked_for_another_reason() -> None:
    experiment, _ = lived(Truth(gain=6.0, mechanism=0.0))
    assert experiment.verdict is not None
    assert experiment.verdict.worked == "for another reason"


def test_a_mechanism_that_is_a_ratio_does_not_move_with_how_often_customers_call() -> None:
    """Twice the contacts at the same loss each is twice the sum, and not one point less lost per contact."""
    units = [
        with_fields(u, mechanism_n=n, mechanism=n * (390 + 20 * (i % 2)))
        for i, u in enumerate(units_of(Truth()))
        if (n := 1 if u.arm == "history_shown" else 2)
    ]
    experiment = running()
    look = evaluate(experiment, snapshot_of(experiment, units, day(36)), day(36))
    assert look.mechanism is not None
    assert look.mechanism.value == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("stopping", ["spending", "fixed"])
def test_a_verdict_says_by_which_rule_its_interval_may_be_read(stopping: Stopping) -> None:
    experiment, looks = lived(Truth(gain=0.0), stopping)
    assert looks[5].verdict.rule == "always_valid"
    assert looks[5].always_valid is not None
    assert looks[5].verdict.low == looks[5].always_valid.low
    assert experiment.verdict is not None
    assert experiment.verdict.final
    assert experiment.verdict.rule == stopping


def test_a_broken_ratio_pauses_hides_every_estimate_and_voids_after_72_hours() -> None:
    truth = Truth(gain=20.0, treated_share=0.35)
    experiment = running()
    at = day(12)
    experiment, look = advance(experiment, seen_at(experiment, truth, at), at)
    assert (experiment.state, experiment.paused) == (State.RUNNING, True)
    assert look.hidden
    assert look.sample_ratio_e >= 20
    assert (look.estimate, look.always_valid, look.harm_e, look.guardrails, look.mechanism) == (
        None,
        None,
        None,
        (),
        None,
    )
    assert (look.verdict.estimate, look.verdict.low, look.verdict.kind) == (None, None, Kind.INVALID)
    no_nan(look)
    for later, state in ((at + 71 * HOUR, State.RUNNING), (at + 72 * HOUR, State.VOID)):
        experiment, _ = advance(experiment, seen_at(experiment, truth, at), Millis(later))
        assert experiment.state is state
    assert experiment.audit[-1].actor == SYSTEM.name


def test_an_explained_ratio_is_not_voided_and_still_ends_as_invalid() -> None:
    truth = Truth(treated_share=0.35)
    experiment = faithful(running())
    experiment, _ = advance(experiment, seen_at(experiment, truth, day(12)), day(12))
    experiment = life.explain_imbalance(experiment, Actor("eve", Role.ANYONE), day(13), "robots were sent to one arm")
    for at in (day(20), day(28), day(36)):
        experiment, _ = advance(experiment, seen_at(experiment, truth, at), at)
    assert experiment.state is State.EVALUATED
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.INVALID
    assert "share of units" in experiment.verdict.english


def test_advancing_again_changes_nothing() -> None:
    experiment = faithful(running())
    for at in (day(10), day(28), day(36)):
        snapshot = seen_at(experiment, Truth(gain=-10), at)
        experiment, first = advance(experiment, snapshot, at)
        again, second = advance(experiment, snapshot, at)
        assert again == experiment
        assert second.verdict == first.verdict


def test_immature_and_crossed_units_are_left_out_and_said() -> None:
    experiment = running()
    units = [with_fields(u, crossed=i % 10 == 0) for i, u in enumerate(units_of(Truth())) if u.exposed_at <= day(20)]
    snapshot = snapshot_of(experiment, units, day(20))
    look = evaluate(experiment, snapshot, day(20))
    mature = sum(1 for i, u in enumerate(units) if u.matures_at <= day(20) and i % 10)
    assert sum(look.mature.values()) == mature
    assert sum(look.enrolled.values()) == len(units)
    assert look.pending == len(units) - mature - sum(1 for i in range(len(units)) if i % 10 == 0)
    assert look.notes == (f"{snapshot.crossed} units met both arms and are left out of the comparison",)
    assert 0 < sum(look.mature.values()) < sum(look.enrolled.values())


def test_the_verdict_waits_for_the_slowest_partition() -> None:
    experiment = faithful(running())
    experiment, _ = advance(experiment, seen_at(experiment, Truth(), day(28)), day(28))
    behind = snapshot_of(experiment, units_of(Truth()), day(34))
    experiment, look = advance(experiment, behind, day(60))
    assert (experiment.state, look.verdict.final, look.advice) == (State.MEASURING, False, Advice.NOTHING)


def test_one_open_window_keeps_the_verdict_open() -> None:
    experiment = life.stop_enrolment(faithful(running()), SYSTEM, day(28), success_boundary=False)
    units = list(units_of(Truth()))
    units[0] = with_fields(units[0], matures_at=day(50))
    experiment, look = advance(experiment, snapshot_of(experiment, units, day(36)), day(36))
    assert (experiment.state, look.pending, look.verdict.final) == (State.MEASURING, 1, False)


def test_a_cut_into_cohorts_changes_nothing() -> None:
    experiment = running()
    snapshot = seen_at(experiment, Truth(), day(25))
    arms = {cohort.arm for cohort in snapshot.cohorts}
    columns = len(snapshot.cohorts[0].moments.means)
    whole = with_fields(
        snapshot,
        cohorts=tuple(with_fields(snapshot.cohorts[0], arm=arm, moments=snapshot.arm(arm, columns)) for arm in arms),
    )
    one, other = evaluate(experiment, snapshot, day(25)), evaluate(experiment, whole, day(25))
    assert one.estimate is not None
    assert other.estimate is not None
    assert one.estimate.value == pytest.approx(other.estimate.value, rel=1e-9)
    assert one.estimate.variance == pytest.approx(other.estimate.variance, rel=1e-9)


@pytest.mark.parametrize("case", ["no variance", "empty arm", "nothing measured", "few units"])
def test_what_cannot_be_compared_ends_in_words(case: str) -> None:
    experiment = life.stop_enrolment(faithful(running()), SYSTEM, day(28), success_boundary=False)
    units = list(units_of(Truth(units=40 if case == "few units" else 200)))
    if case == "no variance":
        units = [with_fields(u, n=1, total=8_000) for u in units]
    if case == "nothing measured":
        units = [with_fields(u, n=0, total=0) for u in units]
    if case == "empty arm":
        # Few enough for the sample ratio to stay silent.
        units = [u for u in units if u.arm == "control"][:20]
    experiment, look = advance(experiment, snapshot_of(experiment, units, day(36)), day(36))
    assert experiment.state is State.EVALUATED
    assert look.verdict.kind is (Kind.INCONCLUSIVE if case == "few units" else Kind.INVALID)
    assert look.verdict.reason
    assert look.verdict.reason in look.verdict.english
    no_nan(look)


def test_an_experiment_without_any_unit_is_evaluated_in_words() -> None:
    experiment = running()
    look = evaluate(experiment, Snapshot((), {"control": 0, "history_shown": 0}, 0, day(3)), day(3))
    assert look.verdict.kind is Kind.NOT_YET
    assert sum(look.mature.values()) == 0
    assert "control arm has no mature unit" in look.verdict.english
    no_nan(look)


def test_what_never_started_is_not_evaluated() -> None:
    for experiment in (a_draft(), planned()):
        with pytest.raises(InvalidInput, match="never started"):
            evaluate(experiment, Snapshot((), {"control": 0, "history_shown": 0}, 0, day(3)), day(3))


def test_a_metric_that_should_fall_is_a_success_when_it_falls() -> None:
    plan = with_plan(
        a_draft(),
        expected=Expected("contacts", "down", 0.3, day(42)),
        guardrails=(Guardrail("journey_score", "up", 3.0),),
    )
    draft = life.revise(a_draft(), AUTHOR, day(-8), plan)
    waived = life.waive_power(draft, REVIEWER, day(-8), "the baseline is that of the score")
    experiment = life.start(life.plan(life.explain(waived, AUTHOR, day(-7)), AUTHOR, day(-7)), REVIEWER, day(0), ())
    units = [
        with_fields(u, total=u.guardrails["contacts"][1], pre_sum=0, guardrails={"journey_score": (u.n, u.total)})
        for u in units_of(Truth(gain=0.0, contacts=-0.5))
    ]
    experiment = faithful(experiment)
    for at in (day(28), day(36)):
        experiment, _ = advance(experiment, snapshot_of(experiment, units, at), at)
    assert experiment.verdict is not None
    assert experiment.verdict.kind in {Kind.AS_EXPECTED, Kind.BETTER}
    assert experiment.verdict.estimate is not None
    assert experiment.verdict.estimate > 0
    assert "contacts per customer changed by −0." in experiment.verdict.english
    decided = life.decide(experiment, OWNER, day(37), "adopt", Learning("Fewer calls when the chat is in view."))
    assert decided.state is State.DECIDED


def test_a_fixed_plan_stopped_early_falls_back_on_the_always_valid_interval() -> None:
    experiment = life.halt(faithful(running("fixed")), Actor("eve", Role.ANYONE), day(14), "looks good, stop")
    experiment, look = advance(experiment, seen_at(experiment, Truth(gain=4.0), day(22)), day(22))
    assert experiment.state is State.EVALUATED
    assert look.always_valid is not None
    assert experiment.verdict is not None
    assert (experiment.verdict.low, experiment.verdict.high) == (look.always_valid.low, look.always_valid.high)
    assert experiment.verdict.rule == "always_valid"


def test_time_after_an_early_stop_does_not_loosen_the_boundary() -> None:
    experiment = life.stop_enrolment(faithful(running()), SYSTEM, day(14), success_boundary=True)
    soon = evaluate(experiment, seen_at(experiment, Truth(), day(21)), day(21))
    late = evaluate(experiment, seen_at(experiment, Truth(), day(90)), day(90))
    assert soon.information == late.information == pytest.approx(0.5)
    assert late.verdict.final


def test_an_added_guardrail_is_watched_from_then_on() -> None:
    experiment = life.add_guardrail(running(), OWNER, day(5), Guardrail("departure", "down", 0.05))
    look = evaluate(experiment, seen_at(experiment, Truth(), day(25)), day(25))
    assert [(g.metric, g.unplanned) for g in look.guardrails] == [("contacts", False), ("departure", True)]


def test_a_crossed_boundary_is_not_taken_from_a_broken_ratio() -> None:
    experiment = replace(running(), imbalance=None)
    look = evaluate(experiment, seen_at(experiment, Truth(gain=30, treated_share=0.35), day(20)), day(20))
    assert look.advice is Advice.PAUSE
    assert not look.success_boundary


@pytest.mark.slow
def test_whole_lives_without_an_effect_keep_the_stated_error() -> None:
    """200 experiments in which nothing happens, looked at each day: successes and automatic halts stay rare."""
    wins = halts = 0
    for seed in range(200):
        experiment, _ = lived(Truth(gain=0.0, units=700), every=1.0, seed=seed)
        assert experiment.verdict is not None
        wins += experiment.verdict.kind in {Kind.AS_EXPECTED, Kind.BETTER, Kind.LESS}
        halts += experiment.halted
    assert wins <= 12  # 2.5 % one-sided: 5 expected, 12 has probability < 0.5 %
    assert halts <= 20  # 5 % for the metric and 5 % for its guardrail at the margin: 10 expected at the very most


def test_moments_of_an_arm_without_cohorts_are_empty() -> None:
    snapshot = Snapshot((), {}, 0, day(0))
    assert snapshot.arm("control", 5).n == Comoments.empty(5).n == 0


@pytest.mark.parametrize("units", [2_000, 20_000, 2_000_000])
def test_the_first_look_at_a_large_plan_says_nothing_yet(units: int) -> None:
    """However little of the plan has come in: where z is beyond any table the boundary is far away, not behind."""
    design = running().plan.design
    assert design is not None
    experiment = replace(running(), plan=with_plan(running(), design=replace(design, units=units)))
    look = evaluate(experiment, seen_at(experiment, Truth(gain=0.0), day(9)), day(9))
    assert look.estimate is not None
    assert look.planned_low is not None
    assert look.planned_high is not None
    assert look.planned_low < look.estimate.value < look.planned_high
    assert (look.verdict.kind, look.success_boundary, look.advice) == (Kind.NOT_YET, False, Advice.NOTHING)
    no_nan(look)
