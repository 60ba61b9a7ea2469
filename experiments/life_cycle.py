"""The acts of an experiment's life: each returns the changed record, or raises ``Forbidden`` saying what is missing.

::

    draft → explained → planned → running → measuring → evaluated → decided → child draft
                                     └─ halted ─┘
    draft … measuring → void → retry (a draft: same iteration, new salt)

Here is what each act changes. Whether it may happen (state, role, requirements, frozen plan) is decided by
``gate.act``, through which every one of them passes. How drafts begin is in ``succession``, what becomes of a
provisional adoption in ``rechecking``, what the evaluator does by itself in ``steward``.
"""

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from experiments import requirements
from experiments.conclusion import Conclusion
from experiments.decision import Choice, Decision, Learning
from experiments.gate import Deed, act, refuse
from experiments.ledger import Experiment, FidelityCheck, Imbalance, Waiver, hash_of
from experiments.plan import Guardrail, Plan
from experiments.recheck import RECHECK
from experiments.rechecking import lapse, recheck, recheck_due
from experiments.states import Actor, State
from experiments.strata import draw
from experiments.succession import Opening, Successor, iterate, open_draft, retry
from experiments.surroundings import Surroundings
from experiments.values import wrong_in
from experiments.verdict import Verdict
from models.identifiers import Millis

__all__ = [
    "Opening",
    "Successor",
    "add_guardrail",
    "conclude",
    "correct_label",
    "decide",
    "explain",
    "explain_imbalance",
    "halt",
    "iterate",
    "lapse",
    "open_draft",
    "pause",
    "plan",
    "recheck",
    "recheck_due",
    "record_fidelity",
    "resume",
    "retry",
    "revise",
    "start",
    "stop_enrolment",
    "void",
    "waive_power",
]


def _written(text: str, what: str) -> Iterator[str]:
    if not text.strip():
        yield f"{what} is missing: write it"


def revise(experiment: Experiment, actor: Actor, at: Millis, plan: Plan) -> Experiment:
    """Return the experiment with ``plan``; a waiver lapses when what it waived changes."""
    old = experiment.plan
    same = (old.design, old.expected) == (plan.design, plan.expected)
    changed = replace(experiment, plan=plan, waiver=experiment.waiver if same else None)
    if wrong := list(requirements.of_shape(plan)):
        raise refuse(experiment, "revise", "; ".join(wrong))
    return act(experiment, changed, Deed("revise", actor, at))


def waive_power(experiment: Experiment, actor: Actor, at: Millis, reason: str) -> Experiment:
    """Return the experiment with a reviewer's written acceptance of too little power."""
    changed = replace(experiment, waiver=Waiver(actor.name, at, reason))
    return act(experiment, changed, Deed("waive power", actor, at, reason), _written(reason, "the waiver’s reason"))


def explain(experiment: Experiment, actor: Actor, at: Millis) -> Experiment:
    """Draft → explained: the root causes are established."""
    return act(experiment, experiment, Deed("explain", actor, at))


def plan(experiment: Experiment, actor: Actor, at: Millis) -> Experiment:
    """Explained → planned: everything is said, and power suffices or is waived."""
    return act(experiment, experiment, Deed("plan", actor, at))


def start(experiment: Experiment, actor: Actor, at: Millis, around: Surroundings | Iterable[Experiment]) -> Experiment:
    """Planned → running: a reviewer freezes the plan; ``around`` are the experiments that might be live, at least."""
    around = around if isinstance(around, Surroundings) else Surroundings(tuple(around))
    drawn = _drawn(experiment)
    changed = replace(experiment, reviewer=actor.name, started_at=at, plan_hash=hash_of(experiment), drawn=drawn)
    return act(experiment, changed, Deed("start", actor, at), requirements.of_surroundings(experiment, around))


def _drawn(experiment: Experiment) -> tuple[tuple[str, str], ...]:
    """Return the arms of the plan's listed units; none where the hash draws among everybody."""
    design = experiment.plan.design
    return () if design is None else draw(experiment.salt, experiment.plan.allocation.listed, design.weights)


def halt(experiment: Experiment, actor: Actor, at: Millis, reason: str) -> Experiment:
    """Stop exposure for good (running → halted); anyone may, with a reason."""
    end = experiment.plan.design.end if experiment.plan.design is not None else at
    changed = replace(experiment, halted=True, stopped_at=min(at, end))
    return act(experiment, changed, Deed("halt", actor, at, reason), _written(reason, "the reason"))


def pause(experiment: Experiment, actor: Actor, at: Millis, reason: str) -> Experiment:
    """Pause enrolment on a broken sample ratio; 72 h run from here."""
    taken = ["it is paused already"] if experiment.paused else []
    changed = replace(experiment, imbalance=Imbalance(at))
    return act(experiment, changed, Deed("pause", actor, at, reason), taken)


def explain_imbalance(experiment: Experiment, actor: Actor, at: Millis, text: str) -> Experiment:
    """Write down why the sample ratio broke; the estimates stay hidden as long as it is broken."""
    missing = [*_written(text, "the explanation")]
    if experiment.imbalance is None:
        missing.append("no broken sample ratio was found")
        raise refuse(experiment, "explain imbalance", "; ".join(missing))
    changed = replace(experiment, imbalance=replace(experiment.imbalance, explanation=text))
    return act(experiment, changed, Deed("explain imbalance", actor, at, text), missing)


def resume(experiment: Experiment, actor: Actor, at: Millis, note: str) -> Experiment:
    """Let enrolment go on after an explained imbalance."""
    if experiment.imbalance is None or not experiment.paused:
        raise refuse(experiment, "resume", "it is not paused")
    missing = _written(experiment.imbalance.explanation, "the explanation of the broken sample ratio")
    changed = replace(experiment, imbalance=replace(experiment.imbalance, resumed_at=at))
    return act(experiment, changed, Deed("resume", actor, at, note), missing)


def record_fidelity(experiment: Experiment, actor: Actor, check: FidelityCheck) -> Experiment:
    """Record on how many occasions the action was seen carried out as defined."""
    wrong = (
        [] if 0 <= check.done <= check.of and check.of > 0 else ["say on how many of how many occasions, e.g. 9 of 10"]
    )
    changed = replace(experiment, fidelity_checks=(*experiment.fidelity_checks, check))
    note = f"{check.done} of {check.of}"
    return act(experiment, changed, Deed("record fidelity", actor, check.at, note), wrong)


def add_guardrail(experiment: Experiment, actor: Actor, at: Millis, guardrail: Guardrail) -> Experiment:
    """Watch one more metric from now on; it is marked unplanned."""
    added = replace(guardrail, unplanned=True)
    changed = replace(experiment, unplanned=(*experiment.unplanned, added))
    wrong = [*wrong_in(added), *requirements.of_added_guardrail(changed, added)]
    return act(experiment, changed, Deed("add guardrail", actor, at, guardrail.metric), wrong)


def correct_label(experiment: Experiment, actor: Actor, at: Millis, title: str) -> Experiment:
    """Correct the title, the one thing that may change at any time."""
    changed = replace(experiment, title=title)
    return act(experiment, changed, Deed("correct label", actor, at, title), _written(title, "the title"))


def stop_enrolment(experiment: Experiment, actor: Actor, at: Millis, *, success_boundary: bool) -> Experiment:
    """Close enrolment (running or halted → measuring): at the end date, or at the planned success boundary."""
    design = experiment.plan.design
    over = experiment.halted or success_boundary or (design is not None and at >= design.end)
    missing = [] if over else ["neither its end date nor the planned success boundary is reached"]
    stopped = at if design is None else min(at, design.end)
    changed = experiment if experiment.halted else replace(experiment, stopped_at=stopped)
    why = "halted" if experiment.halted else "success boundary" if success_boundary else "end date"
    return act(experiment, changed, Deed("stop enrolment", actor, at, why), missing)


def conclude(
    experiment: Experiment, actor: Actor, at: Millis, verdict: Verdict, conclusion: Conclusion | None = None
) -> Experiment:
    """Measuring → evaluated: the system writes the verdict and the figures behind it, once."""
    changed = replace(experiment, verdict=verdict, conclusion=conclusion)
    return act(experiment, changed, Deed("conclude", actor, at, verdict.kind))


def decide(experiment: Experiment, actor: Actor, at: Millis, choice: Choice, learning: Learning) -> Experiment:
    """Adopt, adapt or abandon (evaluated → decided), and write what was learnt; the gap's owner alone.

    Adopting is forbidden where the verdict forbids it; on grade C it is provisional, to be rechecked after 60 days.
    """
    grade = experiment.grade if experiment.verdict is None else experiment.verdict.grade
    provisional = choice == "adopt" and grade == "C"
    recheck = Millis(at + RECHECK) if provisional else None
    changed = replace(experiment, decision=Decision(choice, actor.name, at, recheck), learning=learning)
    return act(experiment, changed, Deed("decide", actor, at, choice))


def void(experiment: Experiment, actor: Actor, at: Millis, reason: str) -> Experiment:
    """Before evaluated → void: the system or a reviewer, with a reason."""
    stopped = experiment.stopped_at
    if stopped is None and experiment.state is State.RUNNING:
        stopped = at
    changed = replace(experiment, stopped_at=stopped)
    return act(experiment, changed, Deed("void", actor, at, reason), _written(reason, "the reason"))
