"""The second look at an action adopted on weak evidence (grade C): due after 60 days, by its owner, on fresh figures.

::

    adopted on C ── 60 days ──▶ due: the system measures, once ── the owner says whether it holds
                                                                └─ nobody does for 30 days: the adoption lapses

Who may record it, and when, is decided in ``gate``; where the figures come from, in ``streams``.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

from models.identifiers import DAY, Millis

RECHECK: Millis = Millis(60 * DAY)
"""How long after an adoption on grade C evidence it must be looked at again."""

PATIENCE: Millis = Millis(30 * DAY)
"""How long a due recheck may wait for its owner before the adoption lapses."""

Outcome = Literal["holds", "does not hold", "lapsed"]


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The metric before the action and lately, in its own unit; ``low``/``high`` bound the gain, good positive."""

    before: float
    lately: float
    gain: float
    low: float
    high: float
    days: int


class Recheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found when the adoption was looked at again; ``outcome`` is ``None`` while its owner has not said.

    ``measured`` is ``None`` when the metric cannot be read from the scope's history; ``words`` then says why.
    """

    at: Millis
    measured: Measured | None = None
    words: str = ""
    outcome: Outcome | None = None
    by: str = ""
    note: str = ""


def missing_from(recheck: Recheck | None, outcome: Outcome, note: str) -> Iterator[str]:
    """Yield what stands against recording ``outcome``.

    >>> gone = Recheck(Millis(0), Measured(60.0, 58.0, -2.0, -3.0, -1.0, 28))
    >>> list(missing_from(gone, "holds", "we still like it"))
    ['nothing of the gain is left (−3.0 to −1.0 against before): it does not hold']
    """
    if recheck is None:
        yield "the recheck is not due yet"
        return
    if recheck.outcome is not None:
        yield f"it was rechecked already: it {recheck.outcome}" if recheck.outcome != "lapsed" else "it has lapsed"
    if not note.strip():
        yield "the reason is missing: write what was looked at"
    found = recheck.measured
    if outcome == "holds" and found is not None and found.high <= 0.0:
        span = f"{found.low:.1f} to {found.high:.1f}".replace("-", "−")
        yield f"nothing of the gain is left ({span} against before): it does not hold"
