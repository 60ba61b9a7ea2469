"""A roll-out in waves whose order is drawn: everybody is treated in the end, each cluster when its turn comes.

Evidence grade B, and C when the clusters went different ways before their turn.
"""

from collections.abc import Iterator
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from experiments.designs.check import ALPHA, Check, Opinion, Told, check_of
from experiments.designs.cluster import wrong_names
from experiments.designs.frame import Frame
from experiments.designs.panel import Table
from experiments.designs.rerandomisation import orders, p_value, smallest_p
from experiments.designs.timetable import Timetable, drawn_order, origin_of
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.cluster_means import MIN_CLUSTERS
from experiments.estimators.stacked import Waves, effect_weights, stacked_difference, trend_weights
from models.identifiers import DAY, Millis

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MOST_MISSING = 0.2
"""A cluster in which more of the periods than this have nothing measured is left out."""


class Rollout(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="layout", tag="rollout"):
    """``waves`` groups of clusters, one starting every ``every`` periods, the last of them at the end.

    ``past`` periods before each wave's start are what its change is measured from.
    """

    names: tuple[str, ...]
    waves: int
    every: int = 1
    past: int = 4
    period: Millis = Millis(7 * DAY)

    @property
    def periods(self) -> int:
        """How many periods lie between the first wave's start and the last's, where nobody is left to compare with."""
        return (self.waves - 1) * self.every

    @property
    def lasts(self) -> Millis:
        """From the first wave's start to the last's."""
        return Millis(self.periods * self.period)

    def wave_sizes(self) -> list[int]:
        """Return how many clusters each wave has, as even as can be."""
        bounds = [len(self.names) * wave // self.waves for wave in range(self.waves + 1)]
        return [after - before for before, after in pairwise(bounds)]

    def missing(self, frame: Frame) -> Iterator[str]:
        """Yield what stands against starting, one sentence each."""
        yield from wrong_names(self.names)
        if not 2 <= self.waves <= max(2, len(self.names) // 2):
            yield f"{self.waves} waves of {len(self.names)} clusters: give 2 waves or more, of two clusters at least"
            return
        if self.every < 1 or self.past < 2 or self.period < DAY:
            yield "waves are one period or more apart, with a past of two periods or more, of a day or longer each"
            return
        if len(self.names) < MIN_CLUSTERS:
            yield f"{len(self.names)} clusters are too few: no look is allowed before {MIN_CLUSTERS}"
        elif (least := smallest_p(self.wave_sizes())) > ALPHA:
            yield f"no result can reach 5 %: the smallest possible p is {least:.2g}; take more clusters"
        if frame.stopping != "fixed":
            yield "a roll-out is judged once, at its end: choose the fixed stopping rule"
        if frame.ends < origin_of(frame.begins, self.period) + self.lasts:
            yield f"the end comes before the last wave: the waves take {self.lasts / DAY:g} days"

    def timetable(self, salt: str, frame: Frame) -> Timetable:
        """Return from which period on each cluster is treated; the waves in the order their hashes draw."""
        drawn = drawn_order(f"{salt}/wave", self.names)
        rows: dict[str, tuple[bool, ...]] = {}
        for wave, size in enumerate(self.wave_sizes()):
            start = self.past + wave * self.every
            row = tuple(column >= start for column in range(self.past + self.periods))
            rows |= dict.fromkeys(drawn[len(rows) : len(rows) + size], row)
        return Timetable(origin_of(frame.begins, self.period), self.period, -self.past, rows)

    def effect(self, table: Table) -> Estimate | NoEstimate:
        """Return the stacked difference in differences."""
        panel = self._panel(table)
        return panel if isinstance(panel, NoEstimate) else stacked_difference(*panel)

    def opinion(self, table: Table, salt: str) -> Opinion:
        """Return the p-value among roll-outs in another order, and whether clusters went different ways before."""
        panel = self._panel(table)
        if isinstance(panel, NoEstimate) or isinstance(stacked_difference(*panel), NoEstimate):
            return Opinion()
        values, order, waves = panel
        weights = effect_weights(waves, values.shape[1])
        p = None if weights is None else order_p(weights[waves.labels], values[order], salt)
        return Opinion(p, "roll-outs", (pre_trend(values[order], waves, salt),))

    def _panel(self, table: Table) -> tuple[Floats, Ints, Waves] | NoEstimate:
        """Return the values without gaps, the clusters wave by wave, and the waves; or why there are none."""
        gaps = np.isnan(table.values)
        columns = gaps.shape[1]
        kept = gaps.sum(axis=1) <= MOST_MISSING * columns if columns else np.zeros(len(gaps), dtype=np.bool_)
        if not kept.any():
            return NoEstimate("nothing_measured", "too many periods have nothing measured: take longer periods")
        treated = table.treated[kept]
        starts = np.where(treated.any(axis=1), treated.argmax(axis=1), columns)
        firsts, sizes = np.unique(starts, return_counts=True)
        waves = Waves(tuple(sizes.tolist()), tuple(firsts.tolist()), self.past)
        return filled(table.values[kept]), np.argsort(starts, kind="stable"), waves


def filled(values: Floats) -> Floats:
    """Return the panel with each gap filled by its cluster's mean plus its period's, less the mean of all.

    Nothing of who was treated when goes into it, so the p-value among roll-outs stays exact.

    >>> filled(np.array([[1.0, 2.0], [3.0, np.nan]])).tolist()
    [[1.0, 2.0], [3.0, 3.0]]
    """
    if not np.isnan(values).any():
        return values
    known = ~np.isnan(values)
    whole = float(values[known].mean())
    rows = np.nanmean(values, axis=1, keepdims=True)
    columns = np.where(
        known.any(axis=0), np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1), whole
    )
    return np.where(known, values, rows + columns - whole)


def order_p(places: Floats, panel: Floats, seed: str) -> float:
    """Return the share of orders of the clusters whose contrast is as far from zero as the actual one.

    ``places`` and ``panel`` have shape (clusters, periods); the actual order is the one they are in.
    """
    each = places @ panel.T
    drawn, exact = orders(len(panel), seed)
    reference = each[np.arange(len(panel)), drawn].sum(axis=1)
    return p_value(float(np.trace(each)), reference, exact=exact)


def pre_trend(panel: Floats, waves: Waves, seed: str) -> Check:
    """Return whether clusters went different ways before their turn, when the action cannot have been the reason."""
    weights = trend_weights(waves, panel.shape[1])
    p = None if weights is None else order_p(weights[waves.labels], panel, seed)
    return check_of("pre-trend", p, _WENT)


_WENT = Told(
    unknown=(
        "Whether clusters went different ways before their turn cannot be told.",
        "On ne peut pas dire si les sites évoluaient autrement avant leur tour.",
    ),
    sound=("Before their turn the clusters went the same way.", "Avant leur tour, les sites évoluaient de même."),
    faulty=(
        "The clusters went different ways before their turn: the evidence is of grade C.",
        "Les sites évoluaient déjà autrement avant leur tour : la preuve est de niveau C.",
    ),
)
