"""What a design is checked for beside its estimate, and what else chance could have made of it.

A failed check lowers the evidence grade; what each design checks is in its own file.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

ALPHA = 0.05

CheckName = Literal["carry-over", "pre-trend", "placebo dates"]


class Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One assumption looked at: ``passed`` is ``None`` when there is too little to look at; ``p`` its p-value.

    ``english`` and ``french`` say what was found, as one sentence each.
    """

    name: CheckName
    passed: bool | None
    p: float | None = None
    english: str = ""
    french: str = ""

    @property
    def failed(self) -> bool:
        """Whether the assumption was looked at and does not hold."""
        return self.passed is False


@dataclass(frozen=True, slots=True)
class Told:
    """What a check says, in English and in French: where there is too little to look at, where it holds, where not."""

    unknown: tuple[str, str]
    sound: tuple[str, str]
    faulty: tuple[str, str]


def check_of(name: CheckName, p: float | None, told: Told) -> Check:
    """Return the check of an assumption whose p-value is ``p``; ``None`` where there is too little to look at.

    >>> told = Told(("?", "?"), ("Sound.", "Sain."), ("Faulty.", "Fautif."))
    >>> [check_of("pre-trend", p, told).passed for p in (None, 0.5, 0.05)]
    [None, True, False]
    """
    if p is None:
        return Check(name, None, None, *told.unknown)
    return Check(name, p > ALPHA, p, *(told.sound if p > ALPHA else told.faulty))


@dataclass(frozen=True, slots=True)
class Opinion:
    """A second opinion on the primary effect: its p-value among what the design could have drawn, and the checks.

    ``p`` is ``None`` where there is no second opinion (customers randomised one by one) or nothing to judge yet;
    ``by`` says among what.
    """

    p: float | None = None
    by: Literal["", "assignments", "schedules", "roll-outs", "placebo dates"] = ""
    checks: tuple[Check, ...] = ()
