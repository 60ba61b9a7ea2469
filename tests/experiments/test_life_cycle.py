"""Each transition of docs/method.md §4 with its role and requirement, and each refusal saying what is missing."""

from collections.abc import Callable
from functools import cache

import pytest
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.cohorts import snapshot_of
from experiments.decision import Learning
from experiments.design import Baseline
from experiments.ledger import Experiment, FidelityCheck, from_json, to_json
from experiments.plan import Expected, Guardrail, Origin, Plan
from experiments.root_causes import Evidence, RootCause
from experiments.states import SYSTEM, Actor, Role, State
from experiments.steward import advance
from experiments.verdict import Kind
from models.errors import Forbidden, InvalidInput
from models.identifiers import DAY, Millis
from tests.experiments.loops import (
    AUTHOR,
    END,
    LEARNING,
    OWNER,
    REVIEWER,
    T0,
    Truth,
    a_cause,
    a_design,
    a_draft,
    a_plan,
    an_opening,
    day,
    faithful,
    planned,
    running,
    seen_at,
    units_of,
    with_plan,
)

OTHER = Actor("eve", Role.ANYONE)


@cache
def evaluated() -> Experiment:
    experiment = faithful(running())
    for at in (day(28), day(36)):
        experiment, _ = advance(experiment, seen_at(experiment, Truth(), at), at)
    assert experiment.state is State.EVALUATED
    return experiment


def decided() -> Experiment:
    return life.decide(evaluated(), OWNER, day(37), "adopt", LEARNING)


def test_a_whole_life_from_gap_to_the_next_iteration() -> None:
    experiment = decided()
    assert experiment.verdict is not None
    assert experiment.verdict.kind is Kind.AS_EXPECTED
    assert experiment.verdict.worked == "for the stated reason"
    parent, child = life.iterate(experiment, AUTHOR, day(38), life.Successor("e2", "and the chat too", "salt-2"))
    assert (child.state, child.iteration, child.parent) == (State.DRAFT, 2, "e1")
    assert child.plan == Plan(causes=experiment.plan.causes)
    assert parent.succeeded_by == "e2"
    acts = [entry.act for entry in parent.audit]
    assert acts == [
        *("open", "revise", "explain", "plan", "start"),
        *("record fidelity", "stop enrolment", "conclude", "decide", "iterate"),
    ]


def refused(call: Callable[[], object]) -> str:
    with pytest.raises(Forbidden) as caught:
        call()
    return str(caught.value)


def test_causes_come_before_anything_else() -> None:
    draft = life.open_draft(an_opening(), AUTHOR, T0, ())
    assert "no root cause is named" in refused(lambda: life.explain(draft, AUTHOR, T0))
    one_kind = RootCause("no history", evidence=(Evidence("ledger", "a"), Evidence("ledger", "b")))
    thin = life.revise(draft, AUTHOR, T0, Plan(causes=(one_kind,)))
    text = refused(lambda: life.explain(thin, AUTHOR, T0))
    assert "needs evidence of 2 different kinds and has only ledger" in text
    assert "needs one rival cause that was examined and rejected" in text


@pytest.mark.parametrize(
    ("changes", "missing"),
    [
        ({"hypothesis": " "}, "no hypothesis"),
        ({"steps": ()}, "no action step"),
        ({"expected": None}, "no expected result"),
        ({"expected": Expected("charm", "up", 5.0, day(42))}, "metric “charm” is not known"),
        ({"expected": Expected("journey_score", "up", -5.0, day(42))}, "must be above zero"),
        ({"expected": Expected("journey_score", "up", 5.0, day(-20))}, "in the past"),
        ({"worthwhile": 6.0}, "worthwhile effect"),
        ({"mechanism": None}, "no mechanism"),
        ({"fidelity": None}, "no fidelity check"),
        ({"guardrails": ()}, "no guardrail"),
        ({"guardrails": (Guardrail("contacts", "down", 0.0),)}, "margin above zero"),
        ({"guardrails": (Guardrail("journey_score", "up", 1.0),)}, "is the expected result itself"),
        ({"design": None}, "no design"),
        ({"design": replace(a_design(), pre_window=Millis(31 * DAY))}, "31 days, is too long: at most 30 days"),
        ({"causes": ()}, "no root cause"),
    ],
)
def test_a_plan_is_refused_until_everything_is_said(changes: dict[str, object], missing: str) -> None:
    explained = life.explain(a_draft(), AUTHOR, day(-7))
    incomplete = replace(explained, plan=with_plan(explained, **changes))
    assert missing in refused(lambda: life.plan(incomplete, AUTHOR, day(-6)))


def test_too_little_power_needs_a_reviewers_waiver() -> None:
    explained = life.explain(a_draft(), AUTHOR, day(-7))
    assert explained.plan.design is not None
    weak = replace(explained.plan.design, baseline=Baseline(70.0, 900.0, 10.0))
    explained = life.revise(explained, AUTHOR, day(-7), with_plan(explained, design=weak))
    assert "power is 32 % with the 340 units reachable by the end" in refused(
        lambda: life.plan(explained, AUTHOR, day(-6))
    )
    assert "only the reviewer may" in refused(lambda: life.waive_power(explained, AUTHOR, day(-6), "we try"))
    assert "reason is missing" in refused(lambda: life.waive_power(explained, REVIEWER, day(-6), " "))
    waived = life.waive_power(explained, REVIEWER, day(-6), "a pilot: harm is all we want to see")
    assert life.plan(waived, AUTHOR, day(-6)).state is State.PLANNED
    weaker = replace(weak, units=300)
    assert life.revise(waived, AUTHOR, day(-6), with_plan(waived, design=weaker)).waiver is None
    unknown = life.revise(explained, AUTHOR, day(-6), with_plan(explained, design=replace(weak, baseline=None)))
    assert "power cannot be computed" in refused(lambda: life.plan(unknown, AUTHOR, day(-6)))


def test_a_planned_experiment_stays_complete_when_revised() -> None:
    experiment = planned()
    assert "no hypothesis" in refused(lambda: life.revise(experiment, AUTHOR, T0, with_plan(experiment, hypothesis="")))
    better = life.revise(experiment, AUTHOR, T0, with_plan(experiment, hypothesis="they read before they ask"))
    assert better.state is State.PLANNED


def test_the_reviewer_is_somebody_else() -> None:
    self_review = Actor(AUTHOR.name, Role.REVIEWER)
    assert "somebody else than the author" in refused(lambda: life.start(planned(), self_review, T0, ()))
    assert "only the reviewer may" in refused(lambda: life.start(planned(), AUTHOR, T0, ()))
    assert "only its author, ana, may" in refused(lambda: life.explain(a_draft(), Actor("eve", Role.AUTHOR), T0))


def test_no_other_live_experiment_on_the_same_units_and_metric() -> None:
    live = replace(running(), id="e9", title="other")
    assert "“other” (e9) is live on the same units" in refused(lambda: life.start(planned(), REVIEWER, T0, [live]))
    apart = replace(live, plan=with_plan(live, expected=Expected("contacts", "down", 1.0, day(42))))
    over = replace(live, state=State.EVALUATED)
    assert life.start(planned(), REVIEWER, T0, [apart, over]).state is State.RUNNING


def test_the_simulated_assignment_must_follow_the_design(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "experiments.requirements.simulated", lambda _salt, _arms: {"control": 900, "history shown": 1100}
    )
    assert "take a new salt" in refused(lambda: life.start(planned(), REVIEWER, T0, ()))


def test_a_start_too_late_to_reach_the_power_is_refused() -> None:
    assert "power is" in refused(lambda: life.start(planned(), REVIEWER, day(27), ()))
    assert "the end lies in the past" in refused(lambda: life.start(planned(), REVIEWER, day(29), ()))


def test_a_frozen_plan_cannot_change() -> None:
    experiment = running()
    text = refused(lambda: life.revise(experiment, AUTHOR, day(1), a_plan("fixed")))
    assert "only possible when it is draft, explained, planned" in text
    tampered = replace(experiment, plan=with_plan(experiment, worthwhile=0.1))
    assert "frozen at the start" in refused(lambda: life.halt(tampered, OTHER, day(1), "stop"))
    resalted = replace(experiment, salt="other")
    assert "frozen at the start" in refused(lambda: life.halt(resalted, OTHER, day(1), "stop"))
    with pytest.raises(InvalidInput, match="not the one frozen"):
        from_json(to_json(tampered))


def test_only_a_label_or_an_unplanned_guardrail_may_change_after_the_start() -> None:
    experiment = life.correct_label(running(), AUTHOR, day(1), "show the chat on the phone desk")
    experiment = life.add_guardrail(experiment, OWNER, day(2), Guardrail("departure", "down", 0.02))
    assert experiment.title == "show the chat on the phone desk"
    assert [g.unplanned for g in experiment.guardrails] == [False, True]
    assert "two guardrails watch the same" in refused(
        lambda: life.add_guardrail(experiment, OWNER, day(2), Guardrail("departure", "down", 0.02))
    )
    assert "title is missing" in refused(lambda: life.correct_label(experiment, AUTHOR, day(2), ""))


def test_enrolment_stops_at_the_end_or_the_boundary_and_not_before() -> None:
    experiment = running()
    early = refused(lambda: life.stop_enrolment(experiment, SYSTEM, day(9), success_boundary=False))
    assert "neither its end date nor the planned success boundary" in early
    assert "only the system may" in refused(
        lambda: life.stop_enrolment(experiment, OWNER, day(29), success_boundary=False)
    )
    stopped = life.stop_enrolment(experiment, SYSTEM, day(30), success_boundary=False)
    assert (stopped.state, stopped.stopped_at) == (State.MEASURING, END)
    assert life.stop_enrolment(experiment, SYSTEM, day(9), success_boundary=True).stopped_at == day(9)


def test_anyone_may_halt_with_a_reason_and_it_never_resumes() -> None:
    experiment = running()
    assert "the reason is missing" in refused(lambda: life.halt(experiment, OTHER, day(3), ""))
    assert "say who you are" in refused(lambda: life.halt(experiment, Actor(" ", Role.ANYONE), day(3), "x"))
    halted = life.halt(experiment, OTHER, day(3), "customers complain")
    assert (halted.state, halted.stopped_at) == (State.HALTED, day(3))
    assert "only possible when it is planned" in refused(lambda: life.start(halted, REVIEWER, day(4), ()))
    assert "only possible when it is running" in refused(lambda: life.halt(halted, OTHER, day(4), "again"))
    paused = life.explain_imbalance(life.pause(halted, SYSTEM, day(4), "broken"), OTHER, day(4), "robots")
    assert "only possible when it is running" in refused(lambda: life.resume(paused, REVIEWER, day(4), "go on"))
    assert life.stop_enrolment(halted, SYSTEM, day(4), success_boundary=False).state is State.MEASURING


def test_the_verdict_is_the_systems_and_needs_every_window_closed() -> None:
    experiment = faithful(life.stop_enrolment(running(), SYSTEM, END, success_boundary=False))
    _, early = advance(experiment, seen_at(experiment, Truth(), day(30)), day(30))
    assert "evaluation is not final" in refused(lambda: life.conclude(experiment, SYSTEM, day(30), early.verdict))
    claimed = replace(early.verdict, final=True, kind=Kind.BETTER)
    assert "not every unit's window has closed" in refused(lambda: life.conclude(experiment, SYSTEM, day(30), claimed))
    assert "only the system may" in refused(lambda: life.conclude(experiment, OWNER, day(36), claimed))


def test_the_owner_decides_and_writes_what_was_learnt() -> None:
    experiment = evaluated()
    assert "only the owner may" in refused(lambda: life.decide(experiment, AUTHOR, day(37), "adopt", LEARNING))
    assert "only its owner, olga, may" in refused(
        lambda: life.decide(experiment, Actor("eve", Role.OWNER), day(37), "adopt", LEARNING)
    )
    for text, missing in (("", "no learning is written"), ("it worked", "too short")):
        assert missing in refused(lambda t=text: life.decide(experiment, OWNER, day(37), "adopt", Learning(t)))  # type: ignore[misc]
    parrot = Learning(experiment.plan.hypothesis)
    assert "only repeats the hypothesis" in refused(lambda: life.decide(experiment, OWNER, day(37), "adopt", parrot))
    with pytest.raises(Forbidden, match="only possible when it is measuring"):
        life.conclude(experiment, SYSTEM, day(37), experiment.verdict)  # type: ignore[arg-type]


def test_what_was_not_executed_as_defined_cannot_be_adopted() -> None:
    experiment = faithful(running(), done=7)
    for at in (day(28), day(36)):
        experiment, _ = advance(experiment, seen_at(experiment, Truth(), at), at)
    text = refused(lambda: life.decide(experiment, OWNER, day(37), "adopt", LEARNING))
    assert "not executed as defined (fidelity 70 %" in text
    assert experiment.verdict is not None
    assert "Not executed as defined" in experiment.verdict.english
    assert life.decide(experiment, OWNER, day(37), "adapt", LEARNING).state is State.DECIDED


def test_harm_cannot_be_adopted() -> None:
    experiment = faithful(running())
    for at in (day(20), day(36)):
        experiment, _ = advance(experiment, seen_at(experiment, Truth(gain=-9.0), at), at)
    assert experiment.state is State.EVALUATED
    assert "the verdict is “harmful”" in refused(lambda: life.decide(experiment, OWNER, day(37), "adopt", LEARNING))


def test_nothing_but_verdict_and_learning_opens_an_iteration() -> None:
    named = life.Successor("e2", "again", "salt-2")
    for experiment in (a_draft(), planned(), running(), evaluated()):
        with pytest.raises(Forbidden, match="only possible when it is decided"):
            life.iterate(experiment, AUTHOR, day(40), named)
    bare = replace(decided(), learning=None)
    assert "no written learning" in refused(lambda: life.iterate(bare, AUTHOR, day(40), named))
    bare = replace(decided(), verdict=None)
    assert "no verdict" in refused(lambda: life.iterate(bare, AUTHOR, day(40), named))
    parent, _ = life.iterate(decided(), AUTHOR, day(40), named)
    assert "e2 already follows it" in refused(
        lambda: life.iterate(parent, AUTHOR, day(41), life.Successor("e3", "x", "s3"))
    )
    assert "new salt" in refused(lambda: life.iterate(decided(), AUTHOR, day(41), life.Successor("e3", "x", "salt-1")))


def test_a_fresh_draft_cannot_slip_past_the_gate() -> None:
    fresh = an_opening(5)
    for earlier, way in (
        (running(), "only its verdict and a written learning"),
        (decided(), "open the next iteration from it"),
        (life.void(running(), REVIEWER, day(3), "wrong page"), "retry it"),
    ):
        assert way in refused(lambda e=earlier: life.open_draft(fresh, AUTHOR, day(40), [e]))  # type: ignore[misc]
    assert life.open_draft(an_opening(5, gap="gap-8"), AUTHOR, day(40), [running()]).iteration == 1
    assert "id or salt is taken" in refused(
        lambda: life.open_draft(an_opening(1, gap="gap-8"), AUTHOR, T0, [running()])
    )
    assert "only an author may" in refused(lambda: life.open_draft(fresh, OWNER, T0, ()))
    blank = life.Opening("", "t", "s", "o", Origin("gap", "g"))
    assert "id is missing" in refused(lambda: life.open_draft(blank, AUTHOR, T0, ()))


def test_void_needs_a_reason_and_a_retry_takes_a_new_salt() -> None:
    experiment = running()
    assert "the reason is missing" in refused(lambda: life.void(experiment, REVIEWER, day(2), ""))
    assert "only the reviewer or the system may" in refused(lambda: life.void(experiment, OWNER, day(2), "x"))
    assert "only possible when" in refused(lambda: life.void(evaluated(), REVIEWER, day(40), "I do not like it"))
    voided = life.void(experiment, REVIEWER, day(2), "the page showed both arms")
    assert "new salt" in refused(lambda: life.retry(voided, AUTHOR, day(3), life.Successor("e1b", "again", "salt-1")))
    voided, again = life.retry(voided, AUTHOR, day(3), life.Successor("e1b", "again", "salt-1b"))
    assert (again.state, again.iteration, again.attempt, again.retry_of) == (State.DRAFT, 1, 2, "e1")
    assert (again.plan, again.plan_hash, again.verdict) == (experiment.plan, None, None)
    assert "already follows" in refused(lambda: life.retry(voided, AUTHOR, day(4), life.Successor("e1c", "x", "s")))


def test_a_fidelity_check_counts_occasions() -> None:
    experiment = faithful(faithful(running(), 9, 10), 3, 10)
    assert experiment.fidelity == pytest.approx(0.6)
    for done, of in ((11, 10), (-1, 10), (0, 0)):
        check = FidelityCheck(day(3), "ana", done, of)
        assert "of how many occasions" in refused(lambda c=check: life.record_fidelity(experiment, AUTHOR, c))  # type: ignore[misc]


def test_every_act_leaves_a_line_and_a_refused_one_none() -> None:
    experiment = running()
    before = experiment.audit
    refused(lambda: life.decide(experiment, OWNER, T0, "adopt", LEARNING))
    assert experiment.audit is before
    assert [(e.before, e.after) for e in before[-3:]] == [
        (State.DRAFT, State.EXPLAINED),
        (State.EXPLAINED, State.PLANNED),
        (State.PLANNED, State.RUNNING),
    ]
    assert before[-1].actor == REVIEWER.name


def test_the_record_travels_as_json() -> None:
    for experiment in (a_draft(), running(), decided()):
        assert from_json(to_json(experiment)) == experiment
    with pytest.raises(InvalidInput, match="experiment: "):
        from_json(b'{"id": "x"}')
    with pytest.raises(InvalidInput, match="unknown field"):
        from_json(to_json(a_draft()).replace(b'"title"', b'"charm"'))


def test_units_outside_the_enrolment_do_not_count() -> None:
    experiment = life.halt(running(), OTHER, day(14), "enough")
    snapshot = snapshot_of(experiment, units_of(Truth(units=280)), day(36))
    assert sum(snapshot.enrolled.values()) == 140
    assert snapshot.outside == 140


def test_a_cause_is_the_one_in_the_plan() -> None:
    assert a_plan().causes == (a_cause(),)
