"""Whole clusters (sites, teams, agencies) in one arm or the other: the difference of the clusters' means."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from experiments.estimators.estimate import Estimate, NoEstimate, varies
from experiments.estimators.mean_difference import welch
from experiments.moments import Comoments, Variance

MIN_CLUSTERS = 10
"""No look before 10 clusters (docs/method.md §4)."""

FEWEST_PER_ARM = 3
"""With two clusters in an arm its spread has one degree of freedom; what that claims cannot be relied on."""

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def too_few_clusters(n_control: int, n_treatment: int) -> NoEstimate | None:
    """Return the reason not to look yet, or ``None`` when there are clusters enough.

    >>> too_few_clusters(3, 3).reason
    '6 clusters have mature units; no look before 10 clusters'
    """
    if not min(n_control, n_treatment):
        arm = "control" if not n_control else "treatment"
        return NoEstimate("empty_arm", f"no cluster of the {arm} arm has a mature unit")
    total, fewest = n_control + n_treatment, min(n_control, n_treatment)
    if total < MIN_CLUSTERS:
        return NoEstimate("early", f"{total} clusters have mature units; no look before {MIN_CLUSTERS} clusters")
    if fewest < FEWEST_PER_ARM:
        return NoEstimate("early", f"the smaller arm has {fewest} clusters; no look before {FEWEST_PER_ARM} per arm")
    return None


def cluster_means(values: Floats, treated: Bools, before: Floats | None = None) -> Estimate | NoEstimate:
    """Return the mean of the treated clusters' values − that of the others, each cluster counting once.

    ``values`` (shape (k,)) is the metric of each cluster, NaN where nothing was measured; ``treated`` (k,) the arm.
    Customers of one cluster resemble each other, so clusters are what is counted: Welch's test on their means. With
    ``before`` (k,), the clusters' own level before the start, what they carried already is taken out by a common
    slope; where any level is missing it is left alone.

    Sources: Donner & Klar (2000), *Design and Analysis of Cluster Randomization Trials*, §7; the adjustment is the
    analysis of covariance, Fisher (1932), with each arm's own residual variance.

    >>> import numpy as np
    >>> found = cluster_means(np.arange(12.0), np.arange(12) % 2 == 1)
    >>> found.value, found.counted, found.n_treatment
    (1.0, 'clusters', 6)
    """
    seen = np.isfinite(values)
    y, arm = values[seen], treated[seen]
    refusal = too_few_clusters(int((~arm).sum()), int(arm.sum()))
    if refusal is not None:
        return refusal
    plain = welch(Variance.of(y[~arm]), Variance.of(y[arm]), "clusters")
    if before is None or isinstance(plain, NoEstimate):
        return plain
    return _adjusted(y, arm, before[seen]) or plain


def _adjusted(y: Floats, arm: Bools, x: Floats) -> Estimate | None:
    """Return the adjusted difference; ``None`` when the levels before are not all known, never varied, or say all."""
    if not np.isfinite(x).all():
        return None
    sides = [Comoments.of(np.column_stack([y[side], x[side]])) for side in (~arm, arm)]
    within = sides[0].products + sides[1].products
    if not varies(float(within[1, 1]) / len(x), float(np.abs(x).max())):
        return None
    slope = float(within[0, 1] / within[1, 1])
    rest = y - slope * (x - x.mean())
    found = welch(Variance.of(rest[~arm]), Variance.of(rest[arm]), "clusters")
    if isinstance(found, NoEstimate):
        return None
    # The slope is estimated too: one degree of freedom, and its own error times how far the arms differed before.
    free = len(y) - 2
    residual = float(within[0, 0] - slope * within[0, 1]) / (free - 1)
    apart = float(sides[1].means[1] - sides[0].means[1])
    variance = found.variance * free / (free - 1) + residual * apart**2 / float(within[1, 1])
    df = found.df * (free - 1) / free
    return replace(found, variance=variance, df=df, adjusted="by the clusters' level before")
