"""Why points are lost in a window of a scope: lines per cause that add up exactly to what is missing, and which grew.

A line is hundredths of a point per unit, as ``models.cells.value_of`` splits a scope's shortfall; beside causes there
are its lines ``said`` (not explained by events), ``repaired`` (negative) and ``earlier``. The ledger of one event or
journey is in ``models.scoring``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from models.cells import Unit, value_of


@dataclass(frozen=True, slots=True)
class CauseLine:
    """Hundredths of a point lost per unit to one cause; ``grew``: how much more than in the baseline, if any."""

    cause: str
    lost: int
    grew: int | None = None


def causes_of(
    counts: Mapping[str, int], unit: Unit, baseline: Mapping[str, int] | None = None
) -> tuple[CauseLine, ...]:
    """Return the lines of ``unit`` (``contact``, ``journey``, ``customer``), largest first; none when none was scored.

    They sum exactly to 10 000 − score, and ``grew`` sums exactly to the baseline's score − score.

    >>> now = {"contact.n": 3, "contact.f": 29_000, "contact.loss.wait": 700, "contact.loss.late": 300}
    >>> causes_of(now, "contact")
    (CauseLine(cause='wait', lost=233, grew=None), CauseLine(cause='late', lost=100, grew=None))
    >>> causes_of(now, "contact", {"contact.n": 1, "contact.f": 9_900, "contact.loss.wait": 100})[0]
    CauseLine(cause='wait', lost=233, grew=133)
    """
    now, before = value_of(counts, unit), value_of(baseline or {}, unit)
    if now.value is None:
        return ()
    names = sorted(now.causes.keys() | before.causes.keys(), key=lambda cause: (-now.causes.get(cause, 0), cause))
    lines = []
    for cause in names:
        lost = now.causes.get(cause, 0)
        lines.append(CauseLine(cause, lost, None if before.value is None else lost - before.causes.get(cause, 0)))
    return tuple(lines)
