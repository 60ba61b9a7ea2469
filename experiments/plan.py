"""What an experiment says it will do and see: everything that is frozen when it starts.

The design with its arms and sample is in ``design``; what a plan may still lack is told by ``requirements``.
"""

from typing import Literal

import msgspec

from experiments.allocation import Allocation
from experiments.design import Design
from experiments.root_causes import RootCause
from models.identifiers import Millis

Direction = Literal["up", "down"]


def sign_of(direction: Direction) -> int:
    """Return +1 when up is good and −1 when down is, so that good is always positive.

    >>> sign_of("down")
    -1
    """
    return 1 if direction == "up" else -1


class Origin(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the experiment comes from: a gap that was found, or an opportunity lived in a walk-through."""

    kind: Literal["gap", "opportunity"]
    reference: str
    sentence: str = ""


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing to do, and who does it: what fidelity is checked against."""

    text: str
    responsible: str = ""


class Expected(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The expected result Δ: which metric of which scope moves which way, by how much (points), by when."""

    metric: str
    direction: Direction
    size: float
    by: Millis
    scope: str = "all"


class Mechanism(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must move if the action works for the stated reason."""

    metric: str
    direction: Direction
    statement: str = ""


class Fidelity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How one will know that the action was carried out as defined (e.g. "ten contacts a week listened to")."""

    statement: str


class Guardrail(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What must not get worse by more than ``margin`` (in the metric's unit); ``unplanned``: added later."""

    metric: str
    direction: Direction
    margin: float
    unplanned: bool = False


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The ledger of docs/method.md §4, filled in step by step; complete and frozen at the start.

    ``worthwhile`` is δ, the smallest effect worth having; Δ/2 when not said. ``further`` are other primary results,
    each of them watched as a guardrail too; all primary results share the error of one (Holm).
    """

    causes: tuple[RootCause, ...] = ()
    hypothesis: str = ""
    steps: tuple[Step, ...] = ()
    expected: Expected | None = None
    worthwhile: float | None = None
    mechanism: Mechanism | None = None
    fidelity: Fidelity | None = None
    guardrails: tuple[Guardrail, ...] = ()
    design: Design | None = None
    allocation: Allocation = Allocation()
    further: tuple[Expected, ...] = ()

    @property
    def delta(self) -> float | None:
        """δ: what was said, or half of the expected effect.

        >>> Plan(expected=Expected("journey_score", "up", 5.0, Millis(0))).delta
        2.5
        """
        if self.worthwhile is not None:
            return self.worthwhile
        return None if self.expected is None else self.expected.size / 2
