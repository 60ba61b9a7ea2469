"""A roll-out in waves: treated clusters against those whose turn has not come, stacked over the waves.

For each wave, its clusters' change since the periods just before their turn, minus the change of the clusters not yet
treated then. Never a comparison with clusters treated earlier: their effect may still be growing, and would be taken
for a trend.

Sources: Cengiz, Dube, Lindner & Zipperer (2019), *QJE* 134(3), for the stacking; Callaway & Sant'Anna (2021),
*J. Econometrics* 225(2), for the not-yet-treated; Roth & Sant'Anna (2023), *JPE Microeconomics* 1(4), for roll-outs
whose timing was drawn, of which the variance is a known function of the panel.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from experiments.estimators.cluster_means import MIN_CLUSTERS
from experiments.estimators.estimate import Estimate, NoEstimate, no_variance, varies

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Waves:
    """How many clusters start in which column, and how many columns before a start are its past.

    ``starts`` rise; the last wave starts beyond the panel's columns, so that there is always something to compare with.
    """

    sizes: tuple[int, ...]
    starts: tuple[int, ...]
    past: int

    @property
    def labels(self) -> Ints:
        """The wave of each place, shape (clusters,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)


def _untreated(waves: Waves, wave: int, until: int) -> list[int]:
    """Return the later waves whose clusters are untreated in the column ``until``, given enough of them."""
    later = [v for v in range(wave + 1, len(waves.starts)) if waves.starts[v] > until]
    return later if sum(waves.sizes[v] for v in later) >= 2 else []


def _add(weights: Floats, waves: Waves, wave: int, columns: slice, size: float) -> None:
    """Add ``size`` to every cluster of the wave, spread over the columns; ``wave``'s clusters share it."""
    weights[wave, columns] += size / waves.sizes[wave] / (columns.stop - columns.start)


def _compare(weights: Floats, waves: Waves, wave: int, windows: tuple[slice, slice]) -> bool:
    """Add one difference in differences of ``wave`` (later window − earlier one); return whether it has controls."""
    controls = _untreated(waves, wave, windows[1].stop - 1)
    whole = sum(waves.sizes[v] for v in controls)
    for columns, sign in zip(windows, (-1.0, 1.0), strict=True):
        for member, share in [(wave, 1.0), *((v, -waves.sizes[v] / whole) for v in controls)] if controls else []:
            _add(weights, waves, member, columns, sign * share * waves.sizes[wave])
    return bool(controls)


@lru_cache(maxsize=256)
def effect_weights(waves: Waves, columns: int) -> Floats | None:
    """Return the weight of each wave's clusters in each column, shape (waves, columns); ``None`` without comparisons.

    Every treated cluster and period that has controls counts once; each column's weights sum to zero over clusters.
    """
    weights, counted = np.zeros((len(waves.sizes), columns)), 0
    for wave, start in enumerate(waves.starts):
        before = slice(start - waves.past, start)
        for column in range(start, columns) if before.start >= 0 else []:
            if _compare(weights, waves, wave, (before, slice(column, column + 1))):
                counted += waves.sizes[wave]
    return weights / counted if counted else None


@lru_cache(maxsize=256)
def trend_weights(waves: Waves, columns: int) -> Floats | None:
    """Return the same for a change that cannot be the action's: the later half of each past against the earlier."""
    weights, counted = np.zeros((len(waves.sizes), columns)), 0
    for wave, start in enumerate(waves.starts):
        first, middle = start - waves.past, start - waves.past // 2
        if first < 0 or start > columns or waves.past < 2:
            continue
        if _compare(weights, waves, wave, (slice(first, middle), slice(middle, start))):
            counted += waves.sizes[wave]
    return weights / counted if counted else None


def contrasts(weights: Floats, values: Floats) -> Floats:
    """Return what each cluster would add in each wave's place: shape (waves, clusters)."""
    return np.asarray(weights @ values.T)


def drawn_variance(waves: Waves, contrast: Floats) -> float:
    """Return the variance of Σ contrast over every order in which the clusters could have been drawn into places.

    Source: Hoeffding (1951), *Ann. Math. Stat.* 22(4), eq. 10: Σ d²/(k − 1), d centred by row and column.

    >>> drawn_variance(Waves((1, 1), (0, 1), 0), np.array([[0.5, -0.5], [-0.5, 0.5]]))
    1.0
    """
    places = contrast[waves.labels]
    centred = places - places.mean(axis=0) - places.mean(axis=1)[:, None] + places.mean()
    return float((centred**2).sum()) / (len(places) - 1)


def stacked_difference(values: Floats, order: Ints, waves: Waves) -> Estimate | NoEstimate:
    """Return the stacked difference in differences of a panel ``values`` (clusters, columns) without gaps.

    ``order`` (clusters,) lists the rows wave by wave. The variance is that over all draws of the waves, once the effect
    itself is taken out of the treated cells; the degrees of freedom are clusters − waves.
    """
    refusal = _refused(waves, values.shape[1])
    weights = effect_weights(waves, values.shape[1])
    if refusal is not None or weights is None:
        return refusal or NoEstimate("early", "no wave has been treated for a whole period yet, beside untreated ones")
    panel = values[order]
    starts = np.repeat(waves.starts, waves.sizes)
    treated = np.arange(values.shape[1]) >= starts[:, None]
    places = weights[waves.labels]
    effect = float((places * panel).sum())
    variance = drawn_variance(waves, contrasts(weights, panel - effect * treated))
    if not varies(variance, float(np.abs(panel).max())):
        return no_variance()
    used = treated & (places > 0.0)
    level = float((places * panel)[used].sum() / places[used].sum())
    n = int((starts < values.shape[1]).sum())
    df = float(len(order) - len(waves.sizes))
    return Estimate(effect, variance, df, level - effect, level, len(order) - n, n, counted="clusters")


def _refused(waves: Waves, columns: int) -> NoEstimate | None:
    """Return the reason not to look; clusters of all waves count, because the later ones are the controls."""
    whole = sum(waves.sizes)
    if whole < MIN_CLUSTERS:
        return NoEstimate("early", f"{whole} clusters have mature periods; no look before {MIN_CLUSTERS} clusters")
    if waves.starts[0] >= columns:
        return NoEstimate("early", "no wave has been treated for a whole period yet")
    return None
