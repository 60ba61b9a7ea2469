"""Who may take part at all, and from when: layers shared by experiments, a holdout, and a ramp that only widens.

Part of the frozen plan. Which *arm* a unit that takes part belongs to is in ``assignment``; the numbers a unit falls on
are documented for other programs in docs/assignment.md.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import msgspec

from experiments import strata
from experiments.assignment import point_of
from experiments.strata import Listed
from models.identifiers import Millis

SLOTS = 1_000
"""Slots of a layer, and thousandths of everybody in holdouts and ramps."""

HOLDOUT_SALT = "ressenti/holdout"
"""The same for every experiment, so that a larger holdout holds everybody of a smaller one."""

Share = Literal[
    "takes part",
    "held out",
    "in another experiment of the layer",
    "not reached by the ramp yet",
    "not on the list of units",
]


class RampStep(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """From ``at`` on, ``permille`` thousandths of the units may enrol."""

    at: Millis
    permille: int


class Allocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The part of everybody an experiment may have.

    Experiments of one ``layer`` share its 1,000 slots and exclude each other where their slots differ; layers are
    independent of each other. Without a layer every slot is the experiment's. ``holdout`` thousandths of everybody
    stay out of every experiment that names as many or more. ``ramp`` steps rise in time and in share; before the first
    nobody enrols, without any everybody may. Where units are ``listed``, they alone take part, drawn by stratum.
    """

    layer: str = ""
    first: int = 0
    slots: int = SLOTS
    holdout: int = 0
    ramp: tuple[RampStep, ...] = ()
    listed: tuple[Listed, ...] = ()

    @property
    def last(self) -> int:
        """The last slot that is the experiment's."""
        return self.first + self.slots - 1

    @property
    def share(self) -> float:
        """The share of all units that may ever enrol, 0 to 1.

        >>> Allocation(layer="help", slots=500, holdout=100).share
        0.45
        """
        most = self.ramp[-1].permille / SLOTS if self.ramp else 1.0
        return self.slots / SLOTS * (1.0 - self.holdout / SLOTS) * most


def slot_of(layer: str, unit: str) -> int:
    """Return the slot, 0 to 999, that the unit has in a layer.

    >>> slot_of("help", "p1_abc") == slot_of("help", "p1_abc") < 1000
    True
    """
    return point_of(f"ressenti/layer/{layer}", unit, SLOTS)


def is_held_out(unit: str, permille: int) -> bool:
    """Return whether the unit belongs to a holdout of that many thousandths.

    >>> is_held_out("p1_abc", 0), is_held_out("p1_abc", 1000)
    (False, True)
    """
    return point_of(HOLDOUT_SALT, unit, SLOTS) < permille


def ramp_point(salt: str, unit: str) -> int:
    """Return the unit's place, 0 to 999, in the experiment's ramp: it enrols once the ramp lies above."""
    return point_of(f"{salt}/ramp", unit, SLOTS)


def permille_at(ramp: tuple[RampStep, ...], at: Millis) -> int:
    """Return how many thousandths may enrol at ``at``.

    >>> steps = (RampStep(Millis(10), 50), RampStep(Millis(20), 1000))
    >>> [permille_at(steps, Millis(t)) for t in (5, 10, 25)], permille_at((), Millis(0))
    ([0, 50, 1000], 1000)
    """
    if not ramp:
        return SLOTS
    return max((step.permille for step in ramp if step.at <= at), default=0)


def share_of(allocation: Allocation, salt: str, unit: str, at: Millis) -> Share:
    """Return whether the unit may enrol at ``at``, or what keeps it out.

    Monotone: once it may, it may at every later time.
    """
    if is_held_out(unit, allocation.holdout):
        return "held out"
    if allocation.layer:
        slot = slot_of(allocation.layer, unit)
        if not allocation.first <= slot <= allocation.last:
            return "in another experiment of the layer"
    if ramp_point(salt, unit) >= permille_at(allocation.ramp, at):
        return "not reached by the ramp yet"
    return "takes part"


def exclude_each_other(one: Allocation, other: Allocation) -> bool:
    """Return whether no unit can be in both: other slots of the same layer.

    >>> left, right = Allocation("help", 0, 500), Allocation("help", 500, 500)
    >>> exclude_each_other(left, right), exclude_each_other(left, left), exclude_each_other(left, Allocation("shop"))
    (True, False, False)
    """
    if not one.layer or one.layer != other.layer:
        return False
    return one.last < other.first or other.last < one.first


def missing_from(allocation: Allocation) -> Iterator[str]:
    """Yield what is wrong with an allocation, one sentence each.

    >>> list(missing_from(Allocation(first=900, slots=200)))[0]
    'slots 900 to 1099 are not there: a layer has the slots 0 to 999'
    """
    if allocation.slots < 1 or allocation.first < 0 or allocation.last >= SLOTS:
        yield f"slots {allocation.first} to {allocation.last} are not there: a layer has the slots 0 to {SLOTS - 1}"
    if not allocation.layer and (allocation.first, allocation.slots) != (0, SLOTS):
        yield "slots are given without a layer: name the layer they belong to"
    if not 0 <= allocation.holdout < SLOTS:
        yield f"a holdout of {allocation.holdout} thousandths leaves nobody or is none: give 0 to {SLOTS - 1}"
    yield from _ramp(allocation.ramp)
    yield from strata.missing_from(allocation.listed)


def _ramp(ramp: tuple[RampStep, ...]) -> Iterator[str]:
    if any(not 0 < step.permille <= SLOTS for step in ramp):
        yield f"every step of the ramp needs 1 to {SLOTS} thousandths"
    for before, after in pairwise(ramp):
        if after.at <= before.at or after.permille <= before.permille:
            yield "the ramp must rise with time: whoever is in stays in"
            return
