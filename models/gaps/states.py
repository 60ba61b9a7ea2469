"""A gap's life: which change of state is allowed, and what each leaves in the record. Only here do states change.

seen → confirmed → in experiment → closed; beside it, seen → faded, anything open → accepted (for at most 90 days, still
counted) and back, in experiment → confirmed when the experiment did not help, closed → confirmed when it came back.
"""

from dataclasses import replace
from datetime import date, timedelta

from models.errors import Forbidden
from models.gaps.gap import Acceptance, Gap, Judgement, State, Step
from models.gaps.own_past import Baseline
from models.gaps.rules import DEFAULT, GapRules

ALLOWED: dict[State, frozenset[State]] = {
    State.SEEN: frozenset({State.CONFIRMED, State.FADED, State.ACCEPTED}),
    State.CONFIRMED: frozenset({State.IN_EXPERIMENT, State.CLOSED, State.ACCEPTED}),
    State.IN_EXPERIMENT: frozenset({State.CONFIRMED, State.CLOSED, State.ACCEPTED}),
    State.CLOSED: frozenset({State.CONFIRMED}),
    State.FADED: frozenset(),
}
"""From each state, those that may follow; from accepted, what could follow the state it was accepted in."""


def _step(gap: Gap, became: State, on: date, why: str) -> Gap:
    """Return the gap in its new state with the step recorded; raises ``Forbidden`` when it may not follow.

    An accepted gap may go where it could have gone before it was accepted, and back to what it was; that ends the
    acceptance.
    """
    behind = gap.accepted.back_to if gap.accepted is not None else gap.state
    allowed = ALLOWED[behind] if gap.accepted is None else (ALLOWED[behind] | {behind}) - {State.ACCEPTED}
    if became not in allowed:
        may = ", ".join(sorted(allowed)) or "nothing"
        raise Forbidden(f"gap {gap.id}: {gap.state} cannot become {became}; from here it may become {may}")
    return replace(gap, state=became, accepted=None, steps=(*gap.steps, Step(on, gap.state, became, why)))


def confirm(gap: Gap, on: date, judged: Judgement, ln_e: float, baseline: Baseline | None) -> Gap:
    """Confirm that the shortfall survived noise: freeze its evidence, and the past it was measured against.

    An accepted gap stays accepted; it goes back to confirmed when the acceptance ends.
    """
    frozen = replace(gap, confirmed=on, judged=judged, ln_e=ln_e, baseline=baseline)
    if frozen.accepted is not None:
        return replace(frozen, accepted=replace(frozen.accepted, back_to=State.CONFIRMED))
    return _step(frozen, State.CONFIRMED, on, judged.words)


def fade(gap: Gap, on: date, why: str) -> Gap:
    """Let go of what was seen, never confirmed, and is not there any more."""
    return replace(_step(gap, State.FADED, on, why), closed=on)


def begin_experiment(gap: Gap, experiment: str, on: date) -> Gap:
    """Record that an experiment started on a confirmed gap."""
    return _step(replace(gap, experiment=experiment, adopted=None), State.IN_EXPERIMENT, on, f"experiment {experiment}")


def adopt(gap: Gap, experiment: str, on: date) -> Gap:
    """Record that the experiment's action was adopted: whether the gap closes is judged from here."""
    if gap.experiment != experiment or gap.state is not State.IN_EXPERIMENT:
        raise Forbidden(f"gap {gap.id}: experiment {experiment} is not running on it; begin it first")
    return replace(gap, adopted=on, steps=(*gap.steps, Step(on, gap.state, gap.state, f"adopted {experiment}")))


def end_experiment(gap: Gap, on: date, why: str) -> Gap:
    """Record that the experiment ended without an action to adopt; the gap is confirmed, as before."""
    return replace(_step(gap, State.CONFIRMED, on, why), experiment=None, adopted=None)


def close(gap: Gap, on: date, why: str) -> Gap:
    """Close a gap whose metric is at target again, or whose target was withdrawn."""
    closed_by = gap.experiment if gap.adopted else None
    return replace(_step(gap, State.CLOSED, on, why), closed=on, closed_by=closed_by)


def reopen(gap: Gap, on: date, judged: Judgement, ln_e: float, baseline: Baseline | None) -> Gap:
    """Open a closed gap again: the experiment that closed it did not hold."""
    did_not_hold = (*gap.did_not_hold, gap.closed_by) if gap.closed_by else gap.did_not_hold
    why = f"came back: {judged.words}" + (f"; {gap.closed_by} did not hold" if gap.closed_by else "")
    again = replace(
        _step(gap, State.CONFIRMED, on, why),
        reopened=(*gap.reopened, on),
        did_not_hold=did_not_hold,
        closed=None,
        closed_by=None,
        experiment=None,
        adopted=None,
    )
    return replace(again, confirmed=on, judged=judged, ln_e=ln_e, baseline=baseline)


def may_reopen(gap: Gap, on: date, rules: GapRules = DEFAULT) -> bool:
    """Return whether a shortfall confirmed on that day is this closed gap again."""
    return gap.state is State.CLOSED and gap.closed is not None and (on - gap.closed).days <= rules.reopen


def accept(gap: Gap, owner: str, reason: str, until: date, *, on: date) -> Gap:
    """Let someone answer for living with the gap until a day at most 90 days away; it is still counted."""
    if not owner.strip() or not reason.strip():
        raise Forbidden(f"gap {gap.id}: accepting needs an owner and a reason; name who answers for it and why")
    latest = on + timedelta(days=DEFAULT.accept)
    if not on < until <= latest:
        raise Forbidden(
            f"gap {gap.id}: accepted until {until} is out of range; choose a day after {on}, up to {latest}"
        )
    back = gap.accepted.back_to if gap.accepted else gap.state
    if gap.state is State.ACCEPTED:
        step = Step(on, gap.state, gap.state, f"{owner}: {reason}, until {until}")
        return replace(gap, accepted=Acceptance(owner, reason, until, back), steps=(*gap.steps, step))
    stepped = _step(gap, State.ACCEPTED, on, f"{owner}: {reason}, until {until}")
    return replace(stepped, accepted=Acceptance(owner, reason, until, back))


def expire(gap: Gap, on: date) -> Gap:
    """End an acceptance: the gap is again what it was."""
    if gap.accepted is None:
        raise Forbidden(f"gap {gap.id}: is not accepted; nothing to expire")
    return _step(gap, gap.accepted.back_to, on, "the acceptance expired")
