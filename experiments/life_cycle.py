"""The acts of an experiment's life: each returns the changed record, or raises ``Forbidden`` saying what is missing.

::

    draft → explained → planned → running → measuring → evaluated → decided → child draft
                                     └─ halted ─┘
    draft … measuring → void → retry (a draft: same iteration, new salt)

Here is what each act changes. Whether it may happen (state, role, requirements, frozen plan) is decided by
``gate.act``, through which every one of them passes. What the evaluator does by itself is in ``steward``.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from experiments import requirements
from experiments.decision import Choice, Decision, Learning
from experiments.gate import Deed, act, refuse
from experiments.ledger import Experiment, FidelityCheck, Imbalance, Waiver, hash_of
from experiments.plan import Guardrail, Origin, Plan
from experiments.states import Actor, AuditEntry, Role, State
from experiments.verdict import Verdict
from models.errors import Forbidden
from models.identifiers import DAY, Millis

RECHECK: Millis = Millis(60 * DAY)
"""When an adoption on grade C evidence must be looked at again."""


def _written(text: str, what: str) -> Iterator[str]:
    if not text.strip():
        yield f"{what} is missing: write it"


@dataclass(frozen=True, slots=True)
class Opening:
    """What a first draft needs: names, the gap's owner, and where it comes from."""

    id: str
    title: str
    salt: str
    owner: str
    origin: Origin


def open_draft(opening: Opening, author: Actor, at: Millis, earlier: Iterable[Experiment]) -> Experiment:
    """Return a first iteration's draft; ``earlier`` are the experiments known, of this origin at least.

    An origin has one chain of experiments: with one in it already, only ``iterate`` or ``retry`` goes on, so that no
    fresh draft slips past the gate.
    """
    if author.role is not Role.AUTHOR or not author.name.strip():
        raise Forbidden(f"cannot open “{opening.title}”: only an author may, and {author.name} acts as {author.role}")
    blanks = [n for n in ("id", "title", "salt", "owner") if not str(getattr(opening, n)).strip()]
    if blanks or not opening.origin.reference.strip():
        raise Forbidden(f"cannot open a draft: {', '.join(blanks) or 'the origin’s gap or opportunity'} is missing")
    known = list(earlier)
    if any(opening.id == other.id or opening.salt == other.salt for other in known):
        raise Forbidden(f"cannot open “{opening.title}”: its id or salt is taken, choose another")
    same = (opening.origin.kind, opening.origin.reference)
    before = [other for other in known if (other.origin.kind, other.origin.reference) == same]
    if before:
        raise Forbidden(_how_to_go_on(opening, max(before, key=lambda e: (e.iteration, e.attempt))))
    entry = AuditEntry(at, author.name, author.role, "open", State.DRAFT, State.DRAFT)
    return Experiment(
        id=opening.id,
        title=opening.title,
        salt=opening.salt,
        origin=opening.origin,
        author=author.name,
        owner=opening.owner,
        opened_at=at,
        audit=(entry,),
    )


def _how_to_go_on(opening: Opening, last: Experiment) -> str:
    """Return the sentence that points from a refused fresh draft to the way that is open."""
    way = {State.VOID: "retry it", State.DECIDED: "open the next iteration from it"}.get(
        last.state, "only its verdict and a written learning open the next iteration"
    )
    return (
        f"cannot open “{opening.title}”: {opening.origin.kind} {opening.origin.reference} already has {last.id}; {way}"
    )


def revise(experiment: Experiment, actor: Actor, at: Millis, plan: Plan) -> Experiment:
    """Return the experiment with ``plan``; a waiver lapses when what it waived changes."""
    old = experiment.plan
    same = (old.design, old.expected) == (plan.design, plan.expected)
    changed = replace(experiment, plan=plan, waiver=experiment.waiver if same else None)
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


def start(experiment: Experiment, actor: Actor, at: Millis, others: Iterable[Experiment]) -> Experiment:
    """Planned → running: a reviewer freezes the plan; ``others`` are the experiments that might be live."""
    changed = replace(experiment, reviewer=actor.name, started_at=at, plan_hash=hash_of(experiment))
    return act(experiment, changed, Deed("start", actor, at), requirements.of_exclusion(experiment, others))


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
    wrong = requirements.of_guardrails(changed.guardrails, experiment.plan.expected)
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


def conclude(experiment: Experiment, actor: Actor, at: Millis, verdict: Verdict) -> Experiment:
    """Measuring → evaluated: the system writes the verdict, once."""
    changed = replace(experiment, verdict=verdict)
    return act(experiment, changed, Deed("conclude", actor, at, verdict.kind))


def decide(experiment: Experiment, actor: Actor, at: Millis, choice: Choice, learning: Learning) -> Experiment:
    """Adopt, adapt or abandon (evaluated → decided), and write what was learnt; the gap's owner alone.

    Adopting is forbidden where the verdict forbids it; on grade C it is provisional, to be rechecked after 60 days.
    """
    provisional = choice == "adopt" and experiment.grade == "C"
    recheck = Millis(at + RECHECK) if provisional else None
    changed = replace(experiment, decision=Decision(choice, actor.name, at, recheck), learning=learning)
    return act(experiment, changed, Deed("decide", actor, at, choice))


@dataclass(frozen=True, slots=True)
class Successor:
    """The names of a draft that follows another: its id, title, and a salt never used in the chain."""

    id: str
    title: str
    salt: str


def _follow(experiment: Experiment, actor: Actor, at: Millis, named: Successor, deed: str) -> Experiment:
    """Return the predecessor marked as followed; refuse when it is followed already or the salt is the old one."""
    missing = [*_written(named.id, "an id"), *_written(named.salt, "a salt"), *_written(named.title, "a title")]
    if experiment.succeeded_by is not None:
        missing.append(f"{experiment.succeeded_by} already follows it")
    if named.salt == experiment.salt:
        missing.append("a new salt is needed, so that no unit keeps its old arm")
    if named.id == experiment.id:
        missing.append("a new id is needed")
    changed = replace(experiment, succeeded_by=named.id)
    return act(experiment, changed, Deed(deed, actor, at, named.id), missing)


def iterate(parent: Experiment, actor: Actor, at: Millis, named: Successor) -> tuple[Experiment, Experiment]:
    """Decided → (parent, child draft): the only way to a next iteration.

    The child begins with the parent's causes, to be confirmed or replaced in the light of what was learnt.
    """
    followed = _follow(parent, actor, at, named, "iterate")
    entry = AuditEntry(at, actor.name, actor.role, "open", State.DRAFT, State.DRAFT, f"iteration after {parent.id}")
    child = Experiment(
        id=named.id,
        title=named.title,
        salt=named.salt,
        origin=parent.origin,
        author=actor.name,
        owner=parent.owner,
        opened_at=at,
        iteration=parent.iteration + 1,
        parent=parent.id,
        plan=Plan(causes=parent.plan.causes),
        audit=(entry,),
    )
    return followed, child


def retry(voided: Experiment, actor: Actor, at: Millis, named: Successor) -> tuple[Experiment, Experiment]:
    """Void → (voided, draft): the same iteration again under a new salt; the old data are never pooled with the new."""
    followed = _follow(voided, actor, at, named, "retry")
    entry = AuditEntry(at, actor.name, actor.role, "open", State.DRAFT, State.DRAFT, f"retry of {voided.id}")
    again = Experiment(
        id=named.id,
        title=named.title,
        salt=named.salt,
        origin=voided.origin,
        author=actor.name,
        owner=voided.owner,
        opened_at=at,
        iteration=voided.iteration,
        attempt=voided.attempt + 1,
        parent=voided.parent,
        retry_of=voided.id,
        plan=voided.plan,
        audit=(entry,),
    )
    return followed, again


def void(experiment: Experiment, actor: Actor, at: Millis, reason: str) -> Experiment:
    """Before evaluated → void: the system or a reviewer, with a reason."""
    stopped = experiment.stopped_at
    if stopped is None and experiment.state is State.RUNNING:
        stopped = at
    changed = replace(experiment, stopped_at=stopped)
    return act(experiment, changed, Deed("void", actor, at, reason), _written(reason, "the reason"))
