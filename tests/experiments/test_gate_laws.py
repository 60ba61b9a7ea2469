"""No sequence of calls, by anybody, reaches what the gate forbids; a frozen plan never changes."""

from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from experiments import life_cycle as life
from experiments.conclusion import Conclusion
from experiments.decision import Choice, Learning
from experiments.design import Grade
from experiments.ledger import Experiment, FidelityCheck, from_json, hash_of, to_json
from experiments.plan import Guardrail, Plan
from experiments.recheck import PATIENCE, RECHECK, Measured, Outcome, Recheck
from experiments.root_causes import missing_from
from experiments.states import SYSTEM, Actor, Role, State
from experiments.verdict import Kind, Verdict, why_not_adopt
from models.errors import Forbidden
from models.identifiers import DAY, Millis
from tests.experiments.loops import AUTHOR, LEARNING, OWNER, REVIEWER, T0, WINDOW, a_plan, an_opening, day

ACTORS = st.sampled_from([AUTHOR, REVIEWER, OWNER, SYSTEM, Actor("ana", Role.REVIEWER), Actor("eve", Role.ANYONE)])
PLANS = st.sampled_from([Plan(), Plan(causes=a_plan().causes), a_plan(), a_plan("fixed")])
TEXTS = st.sampled_from(["", "because", LEARNING.text])
CHOICES: st.SearchStrategy[Choice] = st.sampled_from(["adopt", "adapt", "abandon"])
KINDS = st.sampled_from(list(Kind))
GRADES: st.SearchStrategy[Grade] = st.sampled_from(["A", "C"])
OUTCOMES: st.SearchStrategy[Outcome] = st.sampled_from(["holds", "does not hold"])
GAINS = st.sampled_from([None, Measured(60.0, 63.0, 3.0, 1.0, 5.0, 28), Measured(60.0, 58.0, -2.0, -3.0, -1.0, 28)])
Onward = Callable[..., tuple[Experiment, Experiment]]
ORDER = [State.DRAFT, State.EXPLAINED, State.PLANNED, State.RUNNING, State.MEASURING, State.EVALUATED, State.DECIDED]


class Loop(RuleBasedStateMachine):
    """Anybody calls anything on any experiment of one gap, at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = day(-9)
        first = life.open_draft(an_opening(), AUTHOR, self.now, ())
        self.known: dict[str, Experiment] = {first.id: first}
        self.frozen: dict[str, str] = {}
        self.written: dict[str, dict[str, object]] = {}

    def act(self, which: int, call: Callable[[Experiment], Experiment]) -> None:
        """Try ``call`` on one of the experiments; a refusal changes nothing."""
        self.now = Millis(self.now + DAY // 12)
        experiment = list(self.known.values())[which % len(self.known)]
        before = to_json(experiment)
        try:
            changed = call(experiment)
        except Forbidden as error:
            refusal = str(error)
        else:
            assert len(changed.audit) == len(experiment.audit) + 1
            assert changed.audit[:-1] == experiment.audit
            self.known[changed.id] = changed
            return
        assert refusal.startswith("cannot ")
        assert to_json(experiment) == before

    @rule(which=st.integers(0, 3), actor=ACTORS, plan=PLANS)
    def revise(self, which: int, actor: Actor, plan: Plan) -> None:
        self.act(which, lambda e: life.revise(e, actor, self.now, plan))

    @rule(which=st.integers(0, 3), steps=st.integers(1, 7))
    def go_on_as_one_should(self, which: int, steps: int) -> None:
        """Take the next regular steps, so that late states are reached often."""
        for _ in range(steps):
            self.act(which, self.regular_step)

    def regular_step(self, e: Experiment) -> Experiment:  # noqa: PLR0911, C901 - one return per state
        """Return the experiment one regular step further."""
        match e.state:
            case State.DRAFT if e.plan != a_plan():
                return life.revise(e, AUTHOR, self.now, a_plan())
            case State.DRAFT:
                return life.explain(e, AUTHOR, self.now)
            case State.EXPLAINED:
                return life.plan(e, AUTHOR, self.now)
            case State.PLANNED:
                return life.start(e, REVIEWER, self.now, self.known.values())
            case State.RUNNING if e.fidelity is None:
                return life.record_fidelity(e, AUTHOR, FidelityCheck(self.now, AUTHOR.name, 9, 10))
            case State.RUNNING | State.HALTED:
                return life.stop_enrolment(e, SYSTEM, self.now, success_boundary=True)
            case State.MEASURING:
                return life.conclude(e, SYSTEM, self.now, self.verdict(e, Kind.AS_EXPECTED, 99, "C"))
            case State.EVALUATED:
                return life.decide(e, OWNER, self.now, "adopt" if e.fidelity else "adapt", LEARNING)
            case State.DECIDED if e.succeeded_by is None:
                return self.followed(e, AUTHOR, life.iterate)
            case State.VOID if e.succeeded_by is None:
                return self.followed(e, AUTHOR, life.retry)
        return life.correct_label(e, AUTHOR, self.now, "as it was")

    def followed(self, e: Experiment, actor: Actor, onward: Onward) -> Experiment:
        """Return the experiment with its successor opened."""
        number = len(self.known) + 1
        named = life.Successor(f"e{number}", "next", f"salt-{number}")
        changed, child = onward(e, actor, self.now, named, self.known.values())
        self.known[child.id] = child
        return changed

    @rule(which=st.integers(0, 3), actor=ACTORS, act=st.sampled_from([life.explain, life.plan]))
    def explain_or_plan(self, which: int, actor: Actor, act: Callable[[Experiment, Actor, Millis], Experiment]) -> None:
        self.act(which, lambda e: act(e, actor, self.now))

    @rule(which=st.integers(0, 3), actor=ACTORS, reason=TEXTS)
    def waive(self, which: int, actor: Actor, reason: str) -> None:
        self.act(which, lambda e: life.waive_power(e, actor, self.now, reason))

    @rule(which=st.integers(0, 3), actor=ACTORS)
    def start(self, which: int, actor: Actor) -> None:
        self.act(which, lambda e: life.start(e, actor, self.now, self.known.values()))

    @rule(which=st.integers(0, 3), actor=ACTORS, reason=TEXTS, act=st.sampled_from([life.halt, life.void, life.pause]))
    def break_off(
        self, which: int, actor: Actor, reason: str, act: Callable[[Experiment, Actor, Millis, str], Experiment]
    ) -> None:
        self.act(which, lambda e: act(e, actor, self.now, reason))

    @rule(which=st.integers(0, 3), actor=ACTORS, text=TEXTS)
    def explain_imbalance_and_resume(self, which: int, actor: Actor, text: str) -> None:
        self.act(which, lambda e: life.explain_imbalance(e, actor, self.now, text))
        self.act(which, lambda e: life.resume(e, REVIEWER, self.now, ""))

    @rule(which=st.integers(0, 3), actor=ACTORS, margin=st.sampled_from([-1.0, 0.5]))
    def guard(self, which: int, actor: Actor, margin: float) -> None:
        self.act(which, lambda e: life.add_guardrail(e, actor, self.now, Guardrail("departure", "down", margin)))

    @rule(which=st.integers(0, 3), actor=ACTORS, done=st.integers(-1, 11))
    def check_fidelity(self, which: int, actor: Actor, done: int) -> None:
        self.act(which, lambda e: life.record_fidelity(e, actor, FidelityCheck(self.now, actor.name, done, 10)))

    @rule(which=st.integers(0, 3), actor=ACTORS, crossed=st.booleans())
    def stop(self, which: int, actor: Actor, crossed: bool) -> None:  # noqa: FBT001
        self.act(which, lambda e: life.stop_enrolment(e, actor, self.now, success_boundary=crossed))

    def verdict(self, experiment: Experiment, kind: Kind, days: int, grade: Grade = "A") -> Verdict:
        """Return a verdict somebody claims, reaching ``days`` beyond the stop."""
        return Verdict(
            kind=kind,
            final=kind is not Kind.NOT_YET,
            at=self.now,
            watermark=Millis((experiment.stopped_at or T0) + days * DAY),
            grade=grade,
            expected=5.0,
            worthwhile=2.5,
            fidelity=experiment.fidelity,
        )

    @rule(which=st.integers(0, 3), actor=ACTORS, kind=KINDS, days=st.sampled_from([0, 6, 7, 30]), grade=GRADES)
    def conclude(self, which: int, actor: Actor, kind: Kind, days: int, grade: Grade) -> None:
        behind = Conclusion(estimate=3.0, standard_error=1.0, df=9.0, control=60.0, treatment=63.0, e=12.0)
        self.act(which, lambda e: life.conclude(e, actor, self.now, self.verdict(e, kind, days, grade), behind))

    @rule(which=st.integers(0, 3), actor=ACTORS, choice=CHOICES, text=TEXTS)
    def decide(self, which: int, actor: Actor, choice: Choice, text: str) -> None:
        self.act(which, lambda e: life.decide(e, actor, self.now, choice, Learning(text)))

    @rule(days=st.sampled_from([1, 31, 61]))
    def let_time_pass(self, days: int) -> None:
        self.now = Millis(self.now + days * DAY)

    @rule(which=st.integers(0, 3), actor=ACTORS, measured=GAINS, outcome=OUTCOMES, note=TEXTS)
    def recheck(self, which: int, actor: Actor, measured: Measured | None, outcome: Outcome, note: str) -> None:
        self.act(which, lambda e: life.recheck_due(e, SYSTEM, Recheck(self.now, measured)))
        self.act(which, lambda e: life.recheck(e, actor, self.now, outcome, note))
        self.act(which, lambda e: life.lapse(e, actor, self.now))

    @rule(which=st.integers(0, 3), actor=ACTORS, onward=st.sampled_from([life.iterate, life.retry]))
    def follow(self, which: int, actor: Actor, onward: Onward) -> None:
        self.act(which, lambda e: self.followed(e, actor, onward))

    @rule(actor=ACTORS)
    def open_another_on_the_same_gap(self, actor: Actor) -> None:
        try:
            life.open_draft(an_opening(77), actor, self.now, self.known.values())
        except Forbidden:
            return
        raise AssertionError("a fresh draft slipped past the gate")

    @invariant()
    def what_was_reached_was_earned(self) -> None:
        for e in self.known.values():
            if e.state in ORDER and ORDER.index(e.state) >= 1:
                assert not list(missing_from(e.plan.causes))
            if e.started_at is not None:
                assert e.reviewer not in {None, e.author}
                assert e.plan_hash == hash_of(e)
                assert e.plan.guardrails and e.plan.hypothesis and e.plan.design  # noqa: PT018
            if e.state in {State.EVALUATED, State.DECIDED}:
                assert e.verdict is not None
                assert e.verdict.final and e.verdict.kind is not Kind.NOT_YET  # noqa: PT018
                assert e.stopped_at is not None
                assert e.verdict.watermark >= e.stopped_at + WINDOW
            else:
                assert e.verdict is None
            if e.state is State.DECIDED:
                assert e.decision is not None
                assert e.learning is not None
                assert e.learning.text.strip()
                if e.decision.choice == "adopt" and e.verdict is not None:
                    assert not why_not_adopt(e.verdict)

    @invariant()
    def a_frozen_plan_is_for_ever(self) -> None:
        for e in self.known.values():
            if e.plan_hash is not None:
                assert self.frozen.setdefault(e.id, hash_of(e)) == hash_of(e) == e.plan_hash
            else:
                assert e.id not in self.frozen

    @invariant()
    def what_was_written_once_stays(self) -> None:
        """Verdict, figures, decision, learning, names and reviewer: once there, they never change."""
        for e in self.known.values():
            once = ("verdict", "conclusion", "decision", "learning", "reviewer", "started_at", "plan_hash", "drawn")
            always = ("id", "salt", "origin", "author", "owner", "opened_at", "iteration", "attempt", "parent")
            now = {name: getattr(e, name) for name in (*once, *always)}
            before = self.written.setdefault(e.id, {})
            for name, value in now.items():
                assert name not in before or before[name] == value, (e.id, name)
                if value is not None and value != ():
                    before[name] = value

    @invariant()
    def an_adoption_on_weak_evidence_is_rechecked_or_lapses(self) -> None:
        for e in self.known.values():
            if e.decision is None or e.verdict is None:
                assert e.recheck is None
                continue
            weak = e.decision.choice == "adopt" and e.verdict.grade == "C"
            assert e.decision.recheck == (e.decision.at + RECHECK if weak else None)
            if e.recheck is not None:
                assert e.decision.recheck is not None
                assert e.recheck.at >= e.decision.recheck
                if e.recheck.outcome == "holds":
                    assert e.adopted
                    assert e.recheck.by == OWNER.name
                    assert e.recheck.measured is None or e.recheck.measured.high > 0.0
                elif e.recheck.outcome is not None:
                    assert not e.adopted
                if e.recheck.outcome == "lapsed":
                    assert e.audit[-1].at >= e.recheck.at + PATIENCE or e.succeeded_by

    @invariant()
    def an_iteration_has_a_parent_that_was_decided_with_a_learning(self) -> None:
        salts = [e.salt for e in self.known.values()]
        assert len(set(salts)) == len(salts)
        for e in self.known.values():
            if e.iteration > 1:
                parent = self.known[str(e.parent)]
                assert parent.state is State.DECIDED
                assert parent.iteration == e.iteration - 1
            if e.attempt > 1:
                assert self.known[str(e.retry_of)].state is State.VOID

    @invariant()
    def the_trail_tells_the_state_and_the_record_travels(self) -> None:
        for e in self.known.values():
            assert e.audit[-1].after is e.state
            for one, other in zip(e.audit, e.audit[1:], strict=False):
                assert one.after is other.before
            assert from_json(to_json(e)) == e


Loop.TestCase.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
TestLoop = Loop.TestCase


def test_the_regular_steps_reach_a_second_iteration() -> None:
    # Without this the machine above could pass by being refused everywhere.
    loop = Loop()
    loop.go_on_as_one_should(0, 10)
    assert [(e.state, e.iteration) for e in loop.known.values()] == [(State.DECIDED, 1), (State.DRAFT, 2)]
    loop.let_time_pass(61)
    loop.recheck(0, OWNER, None, "holds", "it still does")
    outcomes = [e.recheck.outcome for e in loop.known.values() if e.recheck is not None]
    assert outcomes == ["holds"]
    loop.what_was_reached_was_earned()
