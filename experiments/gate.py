"""The gate: the one place that decides whether an act may happen, and the only one that changes a state.

``RULES`` is the table of docs/method.md §4: from which states, to which, by whom, under which requirement. ``act``
applies it, checks that nothing changes but what the act is for (so a frozen plan, a verdict and the trail stay as they
are), and adds the audit line. What each act changes is in ``life_cycle``, ``succession`` and ``rechecking``; what a
plan must say, in words, is in ``requirements``.
"""

import dataclasses
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from msgspec.structs import fields, replace

from experiments import decision as decisions
from experiments import requirements, root_causes
from experiments.freezing import FROZEN
from experiments.ledger import Experiment, hash_of
from experiments.states import Actor, AuditEntry, Role, State
from experiments.verdict import Kind, why_not_adopt
from models.errors import Forbidden
from models.identifiers import Millis

BEFORE_FREEZE = frozenset({State.DRAFT, State.EXPLAINED, State.PLANNED})
AFTER_START = frozenset({State.RUNNING, State.HALTED, State.MEASURING})
EVERY = frozenset(State)

Missing = Callable[[Experiment, Millis], Iterable[str]]


def _nothing(_experiment: Experiment, _at: Millis) -> Iterable[str]:
    return ()


def _causes(experiment: Experiment, _at: Millis) -> Iterable[str]:
    return root_causes.missing_from(experiment.plan.causes)


def _plan(experiment: Experiment, at: Millis) -> Iterable[str]:
    return chain(
        _causes(experiment, at),
        requirements.of_plan(experiment.plan, at),
        requirements.of_power(experiment, at),
    )


def _start(experiment: Experiment, at: Millis) -> Iterable[str]:
    return chain(_plan(experiment, at), requirements.of_rehearsal(experiment))


def _state_kept(experiment: Experiment, at: Millis) -> Iterable[str]:
    """Return what the present state asked for and a revision has taken away."""
    needs = {State.EXPLAINED: _causes, State.PLANNED: _plan}.get(experiment.state, _nothing)
    return needs(experiment, at)


def _verdict(experiment: Experiment, _at: Millis) -> Iterator[str]:
    verdict, design = experiment.verdict, experiment.plan.design
    if verdict is None or not verdict.final or verdict.kind is Kind.NOT_YET:
        yield "the evaluation is not final"
    elif design is None or experiment.stopped_at is None:
        yield "enrolment has not stopped"
    elif verdict.watermark < experiment.stopped_at + design.window:
        yield "not every unit's window has closed: wait until all are mature"


def _decision(experiment: Experiment, _at: Millis) -> Iterator[str]:
    yield from decisions.missing_from(experiment.learning, experiment.plan.hypothesis)
    if experiment.verdict is None or experiment.decision is None:
        yield "there is no verdict to decide on"
    elif experiment.decision.choice == "adopt" and (reason := why_not_adopt(experiment.verdict)):
        yield reason


def _succession(experiment: Experiment, _at: Millis) -> Iterator[str]:
    if experiment.verdict is None:
        yield "the parent has no verdict: only its evaluation authorises a new iteration"
    if experiment.learning is None:
        yield "the parent has no written learning: only that authorises a new iteration"


def _recheck_due(experiment: Experiment, at: Millis) -> Iterator[str]:
    due = experiment.decision.recheck if experiment.decision is not None else None
    if due is None:
        yield "it was not adopted provisionally: there is nothing to recheck"
    elif at < due:
        yield "the recheck is not due yet"


@dataclass(frozen=True, slots=True)
class Rule:
    """From which states, to which (``None``: the same), by which roles, changing what, under which requirement."""

    before: frozenset[State]
    after: State | None
    roles: frozenset[Role]
    changes: frozenset[str]
    """The record's fields that the act may change, beside state and trail."""
    missing: Missing = _nothing
    named: bool = True
    """Author and owner must be this experiment's own."""


def _rule(
    before: Iterable[State], after: State | None, roles: Iterable[Role], changes: str = "", missing: Missing = _nothing
) -> Rule:
    return Rule(frozenset(before), after, frozenset(roles), frozenset(changes.split()), missing)


def _of_anybody(rule: Rule) -> Rule:
    """Return the rule for whoever takes the role, not only this experiment's own author."""
    return dataclasses.replace(rule, named=False)


_AUTHOR, _REVIEWER, _OWNER, _ANYONE, _SYSTEM = ([role] for role in Role)
_TEAM = [Role.AUTHOR, Role.REVIEWER, Role.OWNER]
_DECIDED = [State.DECIDED]

RULES: dict[str, Rule] = {
    "revise": _rule(BEFORE_FREEZE, None, _AUTHOR, "plan waiver", _state_kept),
    "waive power": _rule(BEFORE_FREEZE, None, _REVIEWER, "waiver"),
    "explain": _rule([State.DRAFT], State.EXPLAINED, _AUTHOR, missing=_causes),
    "plan": _rule([State.EXPLAINED], State.PLANNED, _AUTHOR, missing=_plan),
    "start": _rule([State.PLANNED], State.RUNNING, _REVIEWER, "reviewer started_at plan_hash drawn", _start),
    "halt": _rule([State.RUNNING], State.HALTED, _ANYONE, "halted stopped_at"),
    "pause": _rule(AFTER_START, None, _SYSTEM, "imbalance"),
    "explain imbalance": _rule(AFTER_START, None, _ANYONE, "imbalance"),
    "resume": _rule([State.RUNNING], None, _REVIEWER, "imbalance"),
    "record fidelity": _rule(AFTER_START, None, _TEAM, "fidelity_checks"),
    "add guardrail": _rule(AFTER_START, None, _TEAM, "unplanned"),
    "correct label": _rule(EVERY, None, [Role.AUTHOR, Role.REVIEWER], "title"),
    "stop enrolment": _rule([State.RUNNING, State.HALTED], State.MEASURING, _SYSTEM, "stopped_at"),
    "conclude": _rule([State.MEASURING], State.EVALUATED, _SYSTEM, "verdict conclusion", _verdict),
    "decide": _rule([State.EVALUATED], State.DECIDED, _OWNER, "decision learning", _decision),
    "recheck due": _rule(_DECIDED, None, _SYSTEM, "recheck", _recheck_due),
    "recheck": _rule(_DECIDED, None, _OWNER, "recheck", _recheck_due),
    "lapse": _rule(_DECIDED, None, _SYSTEM, "recheck", _recheck_due),
    "iterate": _of_anybody(_rule(_DECIDED, None, _AUTHOR, "succeeded_by", _succession)),
    "void": _rule(BEFORE_FREEZE | AFTER_START, State.VOID, [Role.SYSTEM, Role.REVIEWER], "stopped_at"),
    "retry": _of_anybody(_rule([State.VOID], None, _AUTHOR, "succeeded_by")),
}

_ALWAYS = frozenset({"state", "audit"})


def refuse(experiment: Experiment, deed: str, reason: str) -> Forbidden:
    """Return the refusal of a deed as one sentence."""
    return Forbidden(f"cannot {deed} “{experiment.title}” ({experiment.state}): {reason}")


def _not_permitted(experiment: Experiment, rule: Rule, actor: Actor) -> str:
    """Return why this actor may not act, or an empty string."""
    if Role.ANYONE in rule.roles:
        return "" if actor.name.strip() else "say who you are"
    if actor.role not in rule.roles:
        return f"only the {' or the '.join(sorted(rule.roles))} may, and {actor.name} acts as {actor.role}"
    if actor.role is Role.REVIEWER and _plain(actor.name) == _plain(experiment.author):
        return "the reviewer must be somebody else than the author"
    rightful = {Role.AUTHOR: experiment.author, Role.OWNER: experiment.owner}.get(actor.role, actor.name)
    if rule.named and actor.name != rightful:
        return f"only its {actor.role}, {rightful}, may"
    return "" if actor.name.strip() else "say who you are"


def _plain(name: str) -> str:
    """Return a name without what makes nobody somebody else: blanks around and between, and capitals."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True, slots=True)
class Deed:
    """One act about to happen: its name in ``RULES``, who, when, and why."""

    act: str
    actor: Actor
    at: Millis
    note: str = ""


def _changed_beside(before: Experiment, after: Experiment, rule: Rule) -> str:
    """Return what ``after`` changes that the act is not for, in words, or an empty string."""
    if before.plan_hash is not None and before.plan_hash != hash_of(after):
        return "its plan was frozen at the start and may not change"
    names = {field.name for field in fields(before)} - rule.changes - _ALWAYS
    changed = sorted(name for name in names if getattr(before, name) != getattr(after, name))
    if set(changed) & set(FROZEN) and before.plan_hash is not None:
        return "its plan was frozen at the start and may not change"
    return f"that does not change its {', '.join(changed).replace('_', ' ')}" if changed else ""


def act(before: Experiment, after: Experiment, deed: Deed, also_missing: Iterable[str] = ()) -> Experiment:
    """Return ``after`` in its new state with the audit line, or refuse; the only place where a state changes."""
    rule = RULES[deed.act]
    if before.state not in rule.before:
        allowed = ", ".join(state for state in State if state in rule.before)
        raise refuse(before, deed.act, f"that is only possible when it is {allowed}")
    if why := _not_permitted(before, rule, deed.actor):
        raise refuse(before, deed.act, why)
    if why := _changed_beside(before, after, rule):
        raise refuse(before, deed.act, why)
    missing = [*also_missing, *rule.missing(after, deed.at)]
    if missing:
        raise refuse(before, deed.act, "; ".join(missing))
    state = before.state if rule.after is None else rule.after
    entry = AuditEntry(deed.at, deed.actor.name, deed.actor.role, deed.act, before.state, state, deed.note)
    return replace(after, state=state, audit=(*before.audit, entry))
