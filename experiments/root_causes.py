"""Why the gap exists: causes with their evidence, and the rival explanation that was looked at and rejected.

Root causes come first; an action is thought of only afterwards. What is missing is told by ``missing_from``.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec
from msgspec.structs import replace

from models.errors import InvalidInput

EvidenceKind = Literal["ledger", "slice", "verbatim", "observation", "process", "survey", "experiment", "staff"]
"""ledger: points lost by cause; slice: where it is worse; verbatim: customers' words; observation: lived by the team
(walk-through, listening in); process: records of how the work is done; survey: answers; experiment: an earlier
verdict; staff: what employees say."""

KINDS_NEEDED = 2


class Evidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reason to believe in a cause: its kind, what it says, where it can be seen again."""

    kind: EvidenceKind
    statement: str
    reference: str = ""


class Rival(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another explanation of the same gap, why it was rejected, and where it can be seen again."""

    statement: str
    rejected_because: str = ""
    reference: str = ""


class RootCause(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One established cause; ``cause`` is a name of ``models.causes`` where the ledger knows it."""

    statement: str
    cause: str = ""
    evidence: tuple[Evidence, ...] = ()
    rivals: tuple[Rival, ...] = ()


def missing_from(causes: Iterable[RootCause]) -> Iterator[str]:
    """Yield what the causes still lack to be called established, one sentence each.

    >>> list(missing_from([]))
    ['no root cause is named: say why the gap exists before thinking of an action']
    """
    named = [cause for cause in causes if cause.statement.strip()]
    if not named:
        yield "no root cause is named: say why the gap exists before thinking of an action"
    for cause in named:
        kinds = sorted({e.kind for e in cause.evidence if e.statement.strip()})
        if len(kinds) < KINDS_NEEDED:
            have = f"only {kinds[0]}" if kinds else "none"
            yield f"“{cause.statement}” needs evidence of {KINDS_NEEDED} different kinds and has {have}"
        if not any(r.statement.strip() and r.rejected_because.strip() for r in cause.rivals):
            yield f"“{cause.statement}” needs one rival cause that was examined and rejected, with the reason"


def with_evidence(
    causes: tuple[RootCause, ...], statement: str, evidence: Evidence, cause: str = ""
) -> tuple[RootCause, ...]:
    """Return the causes with one more piece of evidence for the one stated so, which is new where nobody stated it.

    >>> found = with_evidence((), "nobody sees the chat", Evidence("ledger", "17.5 points"), "repeated_step")
    >>> found[0].cause, len(with_evidence(found, "nobody sees the chat", Evidence("staff", "we do not"))[0].evidence)
    ('repeated_step', 2)
    """
    said = statement.strip()
    if not said:
        raise InvalidInput("statement: it is empty; say which root cause this is evidence for")
    if not any(each.statement.strip() == said for each in causes):
        return (*causes, RootCause(said, cause, (evidence,)))
    return tuple(
        replace(each, evidence=(*each.evidence, evidence), cause=each.cause or cause)
        if each.statement.strip() == said
        else each
        for each in causes
    )


def with_rival(causes: tuple[RootCause, ...], statement: str, rival: Rival) -> tuple[RootCause, ...]:
    """Return the causes with one more rejected rival of the one stated so, or of the only one.

    Raises ``InvalidInput`` when no cause is stated so, or no reason is given.
    """
    said = statement.strip() or (causes[0].statement.strip() if len(causes) == 1 else "")
    if not rival.rejected_because.strip():
        raise InvalidInput("because: it is empty; write why this explanation was rejected")
    if not any(each.statement.strip() == said for each in causes):
        raise InvalidInput("statement: no root cause is stated so; state it first, then reject its rivals")
    return tuple(
        replace(each, rivals=(*each.rivals, rival)) if each.statement.strip() == said else each for each in causes
    )
