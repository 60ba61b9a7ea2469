"""How experiments begin: the first draft on an origin, the next iteration of a decided one, the retry of a void one.

One origin has one chain; ids and salts are never used twice. That an iteration needs its parent's verdict and learning
is the gate's rule, as everything else.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from experiments.gate import Deed, act
from experiments.ledger import Experiment
from experiments.plan import Origin, Plan
from experiments.states import Actor, AuditEntry, Role, State
from models.errors import Forbidden
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class Opening:
    """What a first draft needs: names, the gap's owner, and where it comes from."""

    id: str
    title: str
    salt: str
    owner: str
    origin: Origin


@dataclass(frozen=True, slots=True)
class Successor:
    """The names of a draft that follows another: its id, title, and a salt never used before."""

    id: str
    title: str
    salt: str


def open_draft(opening: Opening, author: Actor, at: Millis, earlier: Iterable[Experiment]) -> Experiment:
    """Return a first iteration's draft; ``earlier`` are the experiments known, of this origin at least.

    An origin has one chain of experiments: with one in it already, only ``iterate`` or ``retry`` goes on, so that no
    fresh draft slips past the gate.
    """
    if not author.name.strip():
        raise Forbidden(f"cannot open “{opening.title}”: say who you are")
    if author.role is not Role.AUTHOR:
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


def iterate(
    parent: Experiment, actor: Actor, at: Millis, named: Successor, known: Iterable[Experiment] = ()
) -> tuple[Experiment, Experiment]:
    """Decided → (parent, child draft): the only way to a next iteration.

    The child begins with the parent's causes, to be confirmed or replaced in the light of what was learnt.
    """
    followed = _followed(parent, Deed("iterate", actor, at, named.id), named, known)
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
        audit=(_opened(actor, at, f"iteration after {parent.id}"),),
    )
    return followed, child


def retry(
    voided: Experiment, actor: Actor, at: Millis, named: Successor, known: Iterable[Experiment] = ()
) -> tuple[Experiment, Experiment]:
    """Void → (voided, draft): the same iteration again under a new salt; the old data are never pooled with the new."""
    followed = _followed(voided, Deed("retry", actor, at, named.id), named, known)
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
        audit=(_opened(actor, at, f"retry of {voided.id}"),),
    )
    return followed, again


def _opened(actor: Actor, at: Millis, note: str) -> AuditEntry:
    return AuditEntry(at, actor.name, actor.role, "open", State.DRAFT, State.DRAFT, note)


def _followed(experiment: Experiment, deed: Deed, named: Successor, known: Iterable[Experiment]) -> Experiment:
    """Return the predecessor marked as followed; refuse when it is followed already or a name is not new."""
    missing = _missing(experiment, named, [experiment, *known])
    return act(experiment, replace(experiment, succeeded_by=named.id), deed, missing)


def _missing(experiment: Experiment, named: Successor, known: list[Experiment]) -> Iterator[str]:
    for what in ("id", "salt", "title"):
        if not str(getattr(named, what)).strip():
            yield f"a new {what} is missing: write it"
    if experiment.succeeded_by is not None:
        yield f"{experiment.succeeded_by} already follows it"
    if any(other.salt == named.salt for other in known):
        yield "a new salt is needed, so that no unit keeps its old arm"
    if any(other.id == named.id for other in known):
        yield "a new id is needed"
