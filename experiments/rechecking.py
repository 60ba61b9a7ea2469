"""The acts on an adoption of grade C evidence after its 60 days: measured by the system, judged by its owner.

What a recheck is, and what stands against an outcome, is in ``recheck``; whether an act may happen, in ``gate``.
"""

from collections.abc import Iterator

from msgspec.structs import replace

from experiments.gate import Deed, act
from experiments.ledger import Experiment
from experiments.recheck import PATIENCE, Outcome, Recheck, missing_from
from experiments.states import Actor
from models.identifiers import Millis


def is_due(experiment: Experiment, at: Millis) -> bool:
    """Return whether the system must measure the adoption again now."""
    due = experiment.decision.recheck if experiment.decision is not None else None
    return experiment.recheck is None and due is not None and at >= due


def has_lapsed(experiment: Experiment, at: Millis) -> bool:
    """Return whether the recheck has waited too long for its owner."""
    waiting = experiment.recheck
    return waiting is not None and waiting.outcome is None and at >= waiting.at + PATIENCE


def recheck_due(experiment: Experiment, actor: Actor, found: Recheck) -> Experiment:
    """Record what the system measured at the recheck's date; its owner is to say what it means."""
    taken = ["it was measured already"] if experiment.recheck is not None else []
    return act(experiment, replace(experiment, recheck=found), Deed("recheck due", actor, found.at, found.words), taken)


def recheck(experiment: Experiment, actor: Actor, at: Millis, outcome: Outcome, note: str) -> Experiment:
    """Record whether the adopted action still holds, with the reason; the gap's owner alone."""
    missing = missing_from(experiment.recheck, outcome, note)
    return _ended(experiment, Deed("recheck", actor, at, f"{outcome}: {note}"), outcome, note, missing)


def lapse(experiment: Experiment, actor: Actor, at: Millis) -> Experiment:
    """Let a provisional adoption go that nobody rechecked in time."""
    missing = [] if has_lapsed(experiment, at) else ["its owner still has time to recheck it"]
    note = "nobody rechecked it within 30 days"
    return _ended(experiment, Deed("lapse", actor, at, note), "lapsed", note, iter(missing))


def _ended(experiment: Experiment, deed: Deed, outcome: Outcome, note: str, missing: Iterator[str]) -> Experiment:
    found = experiment.recheck or Recheck(deed.at)
    changed = replace(experiment, recheck=replace(found, outcome=outcome, by=deed.actor.name, note=note))
    return act(experiment, changed, deed, missing)
