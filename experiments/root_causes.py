"""Why the gap exists: causes with their evidence, and the rival explanation that was looked at and rejected.

Root causes come first; an action is thought of only afterwards. What is missing is told by ``missing_from``.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

import msgspec

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
    """Another explanation of the same gap, and why it was rejected."""

    statement: str
    rejected_because: str = ""


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
