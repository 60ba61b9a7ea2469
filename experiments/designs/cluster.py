"""Whole clusters randomised: every customer of a site, team or agency meets the site's arm. Evidence grade B."""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from experiments.designs.check import ALPHA, Opinion
from experiments.designs.frame import Frame
from experiments.designs.panel import Table
from experiments.designs.rerandomisation import allocations, p_value, smallest_p
from experiments.designs.timetable import Timetable, drawn_order
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.cluster_means import FEWEST_PER_ARM, MIN_CLUSTERS, cluster_means
from models.identifiers import Millis

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Clusters(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="layout", tag="cluster"):
    """The clusters that take part; ``correlation`` ρ says how much customers of one cluster resemble each other.

    ρ (0 to 1) comes from the scope's history (``power.clusters``); ``None`` when nobody knows it.
    """

    names: tuple[str, ...]
    correlation: float | None = None

    def treated_count(self, share: float) -> int:
        """Return how many clusters are treated: the nearest whole number to their share, one on either side at least.

        >>> Clusters(("a", "b", "c")).treated_count(0.5)
        2
        """
        return min(max(1, round(share * len(self.names))), len(self.names) - 1)

    def missing(self, frame: Frame) -> Iterator[str]:
        """Yield what stands against starting, one sentence each."""
        yield from wrong_names(self.names)
        total = len(self.names)
        if total < 2:
            return
        treated = self.treated_count(frame.share)
        least = smallest_p([treated, total - treated])
        if least > ALPHA:
            split = f"{total - treated} + {treated} clusters"
            yield f"with {split} no result can reach 5 %: the smallest possible p is {least:.2g}; take more clusters"
        if total < MIN_CLUSTERS or min(treated, total - treated) < FEWEST_PER_ARM:
            yield f"{total} clusters are too few: no look is allowed before {MIN_CLUSTERS}, {FEWEST_PER_ARM} per arm"
        if self.correlation is not None and not 0.0 <= self.correlation <= 1.0:
            yield f"the likeness of customers within a cluster, {self.correlation:g}, must lie between 0 and 1"

    def timetable(self, salt: str, frame: Frame) -> Timetable:
        """Return who is treated: the first clusters in the order their hashes draw, for as long as it lasts."""
        chosen = set(drawn_order(f"{salt}/cluster", self.names)[: self.treated_count(frame.share)])
        return Timetable(frame.begins, Millis(0), 0, {name: (name in chosen,) for name in self.names})

    def effect(self, table: Table) -> Estimate | NoEstimate:
        """Return the difference of cluster means, adjusted by the clusters' level before."""
        if not table.values.shape[1]:
            return NoEstimate("empty_arm", "no cluster has a mature unit")
        return cluster_means(table.values[:, 0], table.treated[:, 0], table.before)

    def opinion(self, table: Table, salt: str) -> Opinion:
        """Return the p-value among all assignments of the same numbers of clusters."""
        if isinstance(self.effect(table), NoEstimate):
            return Opinion()
        seen = np.isfinite(table.values[:, 0])
        rest = _without_before(table.values[seen, 0], table.before[seen])
        return Opinion(assignment_p(rest, table.treated[seen, 0], salt), "assignments")


def wrong_names(names: tuple[str, ...]) -> Iterator[str]:
    """Yield what is wrong with the clusters' names."""
    if len(names) < 2:
        yield f"{len(names)} cluster is named: name every site, team or agency that takes part"
    if len(set(names)) < len(names) or not all(name.strip() for name in names):
        yield "every cluster needs a name of its own"


def _without_before(values: Floats, before: Floats) -> Floats:
    """Return the values less what a line on the level before explains, whatever the arm: the same for every draw."""
    if not np.isfinite(before).all():
        return values
    centred = before - before.mean()
    power = float(centred @ centred)
    return np.asarray(values - centred * (float(centred @ values) / power)) if power > 0.0 else values


def assignment_p(values: Floats, treated: Bools, seed: str) -> float:
    """Return the share of assignments whose Welch t of ``values`` (k,) is as far from zero as that of ``treated`` (k,).

    Exact where all assignments can be enumerated. The studentised statistic also keeps its level when the action
    changes how much clusters differ. Source: Wu & Ding (2021), *JASA* 116(536).

    >>> assignment_p(np.array([0.0, 1.0, 2.0, 7.0, 8.0, 9.0]), np.array([False] * 3 + [True] * 3), "s")
    0.1
    """
    drawn, exact = allocations(len(values), int(treated.sum()), seed)
    t = _welch_t(values - values.mean(), np.vstack([treated, drawn]))
    return p_value(float(t[0]), t[1:], exact=exact)


def _welch_t(values: Floats, masks: Bools) -> Floats:
    """Return Welch's t for each row of ``masks`` (m, k), all with as many treated; ``values`` are centred."""
    treated = int(masks[0].sum())
    table = np.column_stack([values, values**2])
    inside = masks.astype(np.float64) @ table
    mean, variance = [], []
    for sums, n in ((table.sum(axis=0) - inside, len(values) - treated), (inside, treated)):
        mean.append(sums[:, 0] / n)
        variance.append(np.maximum(sums[:, 1] / n - mean[-1] ** 2, 0.0) / (n - 1))
    error = np.sqrt(variance[0] + variance[1])
    return np.asarray((mean[1] - mean[0]) / np.where(error > 0.0, error, np.finfo(np.float64).tiny))
