"""Switchback: the whole scope, or each lane of it, goes to and fro between the arms, in an order drawn per block.

Periods come in blocks of two; a coin per lane and block says which of the two is treated. Evidence grade B, and C once
a period is seen to carry over into the next.
"""

from collections.abc import Iterator
from math import isclose

import msgspec
import numpy as np
import numpy.typing as npt

from experiments.designs.check import Check, Opinion, Told, check_of
from experiments.designs.cluster import assignment_p
from experiments.designs.frame import Frame
from experiments.designs.panel import Table
from experiments.designs.rerandomisation import p_value, signs
from experiments.designs.timetable import Timetable, coin, origin_of
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.block_differences import MIN_BLOCKS, block_differences
from models.identifiers import MINUTE, Millis

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

WHOLE_SCOPE = ("",)
LEAST_TO_CHECK = 5
"""Blocks with and without a change at their begin, each, that the carry-over is looked at from."""


class Switchback(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="layout", tag="switchback"):
    """Periods of ``period`` in every lane (site, queue, team …; one lane "" is the whole scope).

    What begins within ``washout`` of a period's begin is left out, so that the arm before may fade.
    """

    period: Millis
    lanes: tuple[str, ...] = WHOLE_SCOPE
    washout: Millis = Millis(0)

    def blocks(self, frame: Frame) -> int:
        """Return how many whole blocks each lane has between the first period and the end."""
        return max(0, frame.ends - origin_of(frame.begins, self.period)) // (2 * self.period)

    def missing(self, frame: Frame) -> Iterator[str]:
        """Yield what stands against starting, one sentence each."""
        if self.period < MINUTE:
            yield "a period shorter than a minute cannot be kept: give periods of hours or days"
            return
        if not 0 <= self.washout < self.period:
            yield "the washout must be shorter than the period it opens"
        if not self.lanes or len(set(self.lanes)) < len(self.lanes):
            yield "every lane needs a name of its own; one lane without a name is the whole scope"
        if not isclose(frame.share, 0.5):
            yield "a switchback treats one period of every two: give both arms the same weight"
        if frame.window > self.period:
            yield "the outcome window is longer than a period: what it measures belongs to both arms; shorten it"
        whole = self.blocks(frame) * len(self.lanes)
        if whole < MIN_BLOCKS:
            yield f"{whole} blocks of two periods fit before the end: no look is allowed before {MIN_BLOCKS}"

    def timetable(self, salt: str, frame: Frame) -> Timetable:
        """Return the coin's order of every block of every lane."""
        blocks = range(self.blocks(frame))
        rows = {lane: [coin(f"{salt}/block", f"{lane}/{block}") for block in blocks] for lane in self.lanes}
        treated = {lane: tuple(arm for first in row for arm in (first, not first)) for lane, row in rows.items()}
        return Timetable(origin_of(frame.begins, self.period), self.period, 0, treated, self.washout)

    def effect(self, table: Table) -> Estimate | NoEstimate:
        """Return the mean difference within blocks."""
        control, treatment, _ = blocks_of(table)
        return block_differences(control, treatment)

    def opinion(self, table: Table, salt: str) -> Opinion:
        """Return the p-value among all schedules, and whether periods carry over."""
        control, treatment, changed = blocks_of(table)
        if isinstance(block_differences(control, treatment), NoEstimate):
            return Opinion()
        whole = np.isfinite(treatment - control)
        p = schedule_p((treatment - control)[whole], salt)
        known = whole & np.isfinite(changed)
        check = carry_over((treatment - control)[known], changed[known] > 0.0, salt)
        return Opinion(p, "schedules", (check,))


def blocks_of(table: Table) -> tuple[Floats, Floats, Floats]:
    """Return (control, treatment, changed) per block, lane after lane, shapes (b,).

    ``changed`` is 1 where the block's first period is in another arm than the period before it, 0 where in the same,
    NaN in a lane's first block.
    """
    blocks = table.values.shape[1] // 2
    values = table.values[:, : 2 * blocks].reshape(len(table.clusters), blocks, 2)
    first = table.treated[:, : 2 * blocks : 2]
    control, treatment = (
        np.where(first, values[..., 1], values[..., 0]),
        np.where(first, values[..., 0], values[..., 1]),
    )
    changed = np.full(first.shape, np.nan)
    # A block that is treated first ends untreated.
    changed[:, 1:] = first[:, 1:] != ~first[:, :-1]
    return control.ravel(), treatment.ravel(), changed.ravel()


def schedule_p(differences: Floats, seed: str) -> float:
    """Return the share of schedules whose mean difference is as far from zero: each block's order the other way round.

    >>> schedule_p(np.array([1.0, 2.0, 3.0]), "s")
    0.25
    """
    drawn, exact = signs(len(differences), seed)
    return p_value(float(differences.sum()), drawn @ differences, exact=exact)


def carry_over(differences: Floats, changed: Bools, seed: str) -> Check:
    """Return whether the arm of one period is still felt in the next.

    With effect b and carry-over c, a block that opens in the arm of the period before it shows b, one that opens with
    a change b − c. Which blocks open with a change was drawn by the coins too.
    """
    fewest = min(int(changed.sum()), int((~changed).sum())) if len(changed) else 0
    p = assignment_p(differences, changed, seed) if fewest >= LEAST_TO_CHECK else None
    return check_of("carry-over", p, _CARRIED)


_CARRIED = Told(
    unknown=(
        "Whether periods carry over cannot be told yet.",
        "On ne peut pas encore dire si une période agit sur la suivante.",
    ),
    sound=(
        "No carry-over from one period to the next was found.",
        "Aucun effet d’une période sur la suivante n’a été trouvé.",
    ),
    faulty=(
        "A period still acts on the next: the effect is understated, and the evidence is of grade C.",
        "Une période agit encore sur la suivante : l’effet est sous-estimé, la preuve est de niveau C.",
    ),
)
