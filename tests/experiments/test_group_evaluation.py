"""An experiment of every design gets its verdict by the same ordered rules; rows keep their sums on the way."""

import json
import math
from dataclasses import replace as with_fields

import msgspec
import pytest
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.cohorts import Snapshot
from experiments.comparison import Comparison, Further, compare
from experiments.decision import Learning
from experiments.design import DesignKind
from experiments.designs import Opinion
from experiments.designs.panel import GroupRow, MetricColumns, Reading, readings_of, table_of
from experiments.estimators import Estimate
from experiments.evaluation import Advice, Evaluation, evaluate
from experiments.grouped import readings
from experiments.judgement import Evidence, judged_guardrails
from experiments.judgement import verdict_of as verdict_of_evidence
from experiments.ledger import Experiment, hash_of
from experiments.maturing import Cohort
from experiments.moments import Comoments
from experiments.plan import Expected, Guardrail
from experiments.schedule import arm_at, timetable_of
from experiments.seen import seen as what_is_seen
from experiments.states import State
from experiments.steward import advance
from experiments.verdict import SUCCESSES, Kind, Verdict, why_not_adopt
from models.errors import Forbidden, InvalidInput
from models.identifiers import DAY, HOUR, Millis
from tests.experiments.group_loops import DAYS, SITES, Lived, rows_of, seen, started
from tests.experiments.loops import OWNER, T0, day, faithful, running

KINDS: list[DesignKind] = ["cluster", "switchback", "rollout", "before_after"]


def lived(kind: DesignKind, truth: Lived, seed: int = 3) -> tuple[Experiment, list[Evaluation]]:
    """Return the experiment after its whole life under a look every fourth day, and every look."""
    experiment, looks = faithful(started(kind)), []
    for step in range(1, 17):
        at = day(4 * step)
        experiment, look = advance(experiment, seen(kind, truth, at, experiment, seed), at)
        looks.append(look)
    return experiment, looks


def verdict_of(experiment: Experiment) -> Verdict:
    assert experiment.verdict is not None
    return experiment.verdict


@pytest.mark.parametrize("kind", KINDS)
def test_an_effect_as_expected_is_found_by_every_design(kind: DesignKind) -> None:
    experiment, looks = lived(kind, Lived(gain=5.5))
    verdict = verdict_of(experiment)
    assert verdict.kind in SUCCESSES
    assert verdict.estimate == pytest.approx(5.5, abs=2.0)
    assert verdict.design_p is not None
    assert verdict.design_p <= 0.05
    assert all(look.sample_ratio_e == 1.0 for look in looks)
    for look in looks:
        json.dumps(msgspec.to_builtins(look), allow_nan=False)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_not_called_a_success_and_harm_is_called_harm(kind: DesignKind) -> None:
    nothing, _ = lived(kind, Lived(gain=0.0))
    assert verdict_of(nothing).kind in {Kind.NO_WORTHWHILE_EFFECT, Kind.INCONCLUSIVE}
    harm, _ = lived(kind, Lived(gain=-12.0))
    assert verdict_of(harm).kind is Kind.HARMFUL
    assert harm.halted


@pytest.mark.parametrize(
    ("kind", "grade"), [("cluster", "B"), ("switchback", "B"), ("rollout", "B"), ("before_after", "C")]
)
def test_the_grade_says_what_a_success_is_worth(kind: DesignKind, grade: str) -> None:
    experiment, _ = lived(kind, Lived(gain=6.0))
    verdict = verdict_of(experiment)
    assert (verdict.grade, experiment.grade) == (grade, grade)
    assert verdict.standing == ("provisional" if grade == "C" else "confirmed")
    assert ("Not confirmed" in verdict.english) == (grade == "C")
    assert ("Non confirmé" in verdict.french) == (grade == "C")
    assert why_not_adopt(verdict) == ""
    decided = life.decide(experiment, OWNER, day(70), "adopt", _learning())
    assert decided.decision is not None
    assert (decided.decision.recheck is not None) == (grade == "C")


def _learning() -> Learning:
    return Learning("Sites that show the history lose fewer points, wherever they are.")


def test_a_carry_over_lowers_a_switchback_to_grade_c() -> None:
    experiment, looks = lived("switchback", Lived(gain=8.0, carried=5.0))
    verdict = verdict_of(experiment)
    assert looks[-1].checks[0].failed
    assert verdict.grade == "C"
    assert verdict.standing == "provisional"
    assert "still acts on the next" in verdict.english
    assert "agit encore" in verdict.french


def test_clusters_that_went_different_ways_lower_a_rollout_to_grade_c() -> None:
    _, looks = lived("rollout", Lived(gain=0.0, drift=6.0))
    assert looks[-1].checks[0].name == "pre-trend"
    assert looks[-1].checks[0].failed
    assert looks[-1].verdict.grade == "C"


@pytest.mark.parametrize("kind", KINDS)
def test_a_success_needs_what_else_could_have_been_drawn_to_agree(kind: DesignKind) -> None:
    experiment = faithful(started(kind))
    experiment, _ = advance(experiment, seen(kind, Lived(gain=6.0), day(DAYS), experiment), day(DAYS))
    snapshot = seen(kind, Lived(gain=6.0), day(DAYS + 1), experiment)
    found = compare(experiment, snapshot)
    assert judged(found, snapshot).kind in SUCCESSES
    doubted = judged(with_fields(found, opinion=Opinion(0.4, "assignments")), snapshot)
    assert doubted.kind is Kind.INCONCLUSIVE
    assert "Chance alone gives as much in 40 %" in doubted.english
    assert "Le hasard seul en donne autant dans 40 %" in doubted.french


def judged(found: Comparison, snapshot: Snapshot) -> Verdict:
    look = what_is_seen(found, snapshot)
    return verdict_of_evidence(Evidence(found, look, 1.0, judged_guardrails(found, look)), day(60), day(60))


def test_a_past_that_jumps_by_itself_leaves_nothing_to_believe() -> None:
    experiment = faithful(started("before_after"))
    experiment, _ = advance(experiment, seen("before_after", Lived(gain=6.0), day(DAYS), experiment), day(DAYS))
    snapshot = seen("before_after", Lived(gain=6.0), day(DAYS + 1), experiment)
    sound = evaluate(experiment, snapshot, day(DAYS + 1))
    assert sound.verdict.kind in SUCCESSES
    # The same days, but the past jumps as far by itself every twenty days.
    wild = tuple(_lifted(cell, 30.0 if cell.period % 40 < 20 else 0.0) for cell in snapshot.readings)
    look = evaluate(experiment, with_fields(snapshot, readings=wild), day(DAYS + 1))
    assert look.verdict.kind not in SUCCESSES


def _lifted(cell: Reading, points: float) -> Reading:
    """Return a day of the past some points higher; the days of the experiment stay."""
    lift = 100 * points * cell.values[1] if cell.period < 0 else 0.0
    return Reading(cell.cluster, cell.period, cell.units, (cell.values[0] + lift, *cell.values[1:]))


def test_arms_met_off_schedule_count_where_the_timetable_has_them_and_lower_fidelity() -> None:
    experiment = faithful(started("cluster"), done=10, of=10)
    look = evaluate(experiment, seen("cluster", Lived(off_schedule=0.6), day(20), experiment), day(20))
    assert look.fidelity == pytest.approx(0.7, abs=0.02)
    assert "Not executed as defined" in look.verdict.english
    assert any("another arm than the timetable" in note for note in look.notes)
    sound = evaluate(experiment, seen("cluster", Lived(), day(20), experiment), day(20))
    assert (sound.fidelity, sound.notes) == (
        1.0,
        ("134,400 units were exposed outside the enrolment and are left out",),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_before_enough_clusters_blocks_or_days_nothing_is_looked_at(kind: DesignKind) -> None:
    experiment = started(kind)
    look = evaluate(experiment, seen(kind, Lived(), day(0.2)), day(0.2))
    assert look.estimate is None
    assert look.no_estimate
    assert look.verdict.kind is Kind.NOT_YET
    assert look.advice is Advice.NOTHING


def test_further_results_share_the_error_of_one() -> None:
    first = started("cluster")
    plan = replace(first.plan, further=(Expected("contact_score", "up", 3.0, day(60)),))
    again = replace(first, plan=plan)
    experiment = faithful(replace(again, plan_hash=hash_of(again)))
    for at in (day(DAYS), day(DAYS + 1)):
        experiment, look = advance(experiment, seen("cluster", Lived(gain=6.0), at, experiment), at)
    verdict = verdict_of(experiment)
    assert verdict.level == 0.025
    assert verdict.kind in SUCCESSES
    assert [(one.metric, one.declared) for one in verdict.further] == [("contact_score", False)]
    assert "The further result expected cannot be told from chance." in verdict.english
    assert "L’autre résultat attendu ne se distingue pas du hasard." in verdict.french
    assert look.verdict.further == verdict.further


@pytest.mark.parametrize("p", [0.0004, 0.4])
def test_a_further_result_needs_the_designs_second_opinion_too(p: float) -> None:
    first = started("cluster")
    plan = replace(first.plan, further=(Expected("contact_score", "up", 3.0, day(60)),))
    experiment = faithful(replace(first, plan=plan, plan_hash=None))
    for at in (day(DAYS), day(DAYS + 1)):
        snapshot = seen("cluster", Lived(gain=6.0), at, experiment)
        found = compare(experiment, snapshot)
        experiment, _ = advance(experiment, snapshot, at)
    [real] = found.further
    assert real.opinion.by == "assignments"
    assert real.opinion.p is not None
    assert real.opinion.p > 0.05
    assert isinstance(found.primary, Estimate)
    large = with_fields(found.primary, value=9.0)
    clear = with_fields(found, further=(Further(real.expected, large, Opinion(p, "assignments")),))
    [said] = judged(clear, snapshot).further
    assert said.low is not None
    assert said.low > 0.0
    assert (said.declared, said.design_p) == (p < 0.05, p)


@pytest.mark.parametrize("kind", ["rollout", "before_after"])
def test_a_guardrail_that_days_cannot_tell_is_not_added_to_a_design_of_days(kind: DesignKind) -> None:
    with pytest.raises(Forbidden, match="days, which do not tell “contacts”"):
        life.add_guardrail(started(kind), OWNER, day(2), Guardrail("contacts", "down", 0.2))
    added = life.add_guardrail(started(kind), OWNER, day(2), Guardrail("good_contact", "up", 5.0))
    assert added.guardrails[-1].unplanned


def test_cohorts_of_clusters_give_what_their_rows_give() -> None:
    experiment = started("cluster")
    snapshot = seen("cluster", Lived(), day(20))
    by_rows = evaluate(experiment, snapshot, day(20))
    cohorts = tuple(_as_cohort(cell) for cell in snapshot.readings)
    kept = with_fields(snapshot, readings=(), cohorts=cohorts)
    by_cohorts = evaluate(experiment, kept, day(20))
    assert by_rows.estimate is not None
    assert by_cohorts.estimate is not None
    assert by_cohorts.estimate.value == pytest.approx(by_rows.estimate.value, rel=1e-9)
    assert by_cohorts.estimate.variance == pytest.approx(by_rows.estimate.variance, rel=1e-9)
    # These cohorts met the control everywhere: half of the sites against the timetable.
    assert by_cohorts.fidelity == pytest.approx(0.5, abs=0.01)


def _as_cohort(cell: Reading) -> Cohort:
    """Return a cohort of units that each have the cell's mean."""
    row = [value / cell.units for value in cell.values]
    return Cohort("control", T0, Comoments.of([row] * cell.units), cell.cluster)


def test_cohorts_of_a_day_do_not_serve_periods_of_hours() -> None:
    experiment = started("switchback")
    design = experiment.plan.design
    assert design is not None
    hourly = replace(design, layout=replace(design.layout, period=Millis(12 * HOUR)))  # type: ignore[type-var]
    shorter = replace(experiment, plan=replace(experiment.plan, design=hourly))
    empty = (Cohort("control", T0, Comoments.empty(8)),)
    snapshot = with_fields(seen("switchback", Lived(), day(20)), readings=(), cohorts=empty)
    with pytest.raises(InvalidInput, match="periods that are shorter"):
        readings(shorter, snapshot)


@pytest.mark.parametrize("kind", KINDS)
def test_every_unit_is_counted_once_and_its_sums_kept(kind: DesignKind) -> None:
    experiment, at = started(kind), day(17.3)
    rows = [row for row in rows_of(kind, Lived()) if row.at <= at]
    found = readings_of(rows, timetable_of(experiment), ["control", "history_shown"], at)
    mature = sum(cell.units for cell in found.cells)
    assert mature + found.pending + found.outside == 30 * len(rows)
    table = timetable_of(experiment)
    inside = [row for row in rows if table.period_at(row.at) is not None]
    done = [row for row in inside if max(row.closes_at, table.ends_at(table.period_at(row.at) or 0)) <= at]
    assert sum(cell.values[0] for cell in found.cells) == pytest.approx(sum(row.values[0] for row in done), rel=1e-12)


def test_a_period_counts_when_all_of_it_is_in() -> None:
    snapshot = seen("switchback", Lived(), Millis(day(5) + 13 * HOUR))
    assert max(cell.period for cell in snapshot.readings) == 4
    assert snapshot.pending == 2 * 2 * 30


def test_a_table_has_ratios_and_means_and_no_zero_for_nothing() -> None:
    timetable = timetable_of(started("switchback"))
    rows = [
        GroupRow("north", T0, Millis(T0 + HOUR), (900.0, 3.0, 400.0, 2.0), units=2),
        GroupRow("north", Millis(T0 + DAY), Millis(T0 + DAY), (0.0, 0.0, 0.0, 0.0), units=5),
        GroupRow("south", T0, T0, (math.inf, 1.0, math.nan, 1.0)),
    ]
    cells = readings_of(rows, timetable, ["control", "history_shown"], day(9)).cells
    ratio = table_of(cells, timetable, MetricColumns(0, 1, 2, 3))
    assert ratio.values[0, 0] == 300.0
    assert math.isnan(ratio.values[0, 1])
    assert math.isnan(ratio.values[1, 0])
    assert math.isnan(ratio.before[1])
    assert ratio.before[0] == 200.0
    mean = table_of(cells, timetable, MetricColumns(0, None))
    assert mean.values[0].tolist() == [450.0, 0.0]
    assert mean.clusters == ("north", "south")


def test_programs_and_the_evaluation_ask_the_same_timetable() -> None:
    experiment = started("rollout")
    arms = {site: [arm_at(experiment, site, day(d)) for d in range(DAYS)] for site in SITES}
    assert {arm for row in arms.values() for arm in row} == {"control", "history_shown"}
    assert all(row == sorted(row, key=str) for row in arms.values())
    assert arm_at(experiment, "site 99", day(3)) is None
    assert arm_at(experiment, "site 01", day(-400)) is None
    assert arm_at(experiment, "site 01", day(-3)) == "control"
    with pytest.raises(InvalidInput, match="customers are randomised"):
        arm_at(running(), "site 01", day(1))
    with pytest.raises(InvalidInput, match="never started"):
        timetable_of(replace(experiment, started_at=None))


def test_what_is_exposed_after_a_halt_is_left_out() -> None:
    experiment = life.halt(faithful(started("cluster")), OWNER, day(10), "a site complained")
    snapshot = seen("cluster", Lived(), day(20), experiment)
    assert sum(snapshot.enrolled.values()) == sum(
        row.units for row in rows_of("cluster", Lived()) if T0 <= row.at <= day(10)
    )
    experiment, look = advance(experiment, snapshot, day(20))
    assert experiment.state is State.EVALUATED
    assert look.verdict.rule in {"always_valid", "spending"}
