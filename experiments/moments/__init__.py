"""Moments that merge: one statistic per file, each with ``update``, ``merge`` and ``value``.

Every one keeps n, means and *centred* sums (Welford 1962; Chan, Golub & LeVeque 1979), never Σx²: at an offset of 10⁸
the difference Σx² − n·x̄² of floats gives 1.64 for a variance of 0.97, and at 10⁹ −210. All are immutable: ``update``
and ``merge`` return a new value, and merging in any grouping agrees to rounding. Counts (``Promoters``,
``LogHistogram``) are integers and agree exactly.
"""

from experiments.moments.comoments import Comoments
from experiments.moments.covariance import Covariance
from experiments.moments.log_histogram import LogHistogram
from experiments.moments.mean import Mean
from experiments.moments.promoters import Promoters
from experiments.moments.variance import Variance

__all__ = ["Comoments", "Covariance", "LogHistogram", "Mean", "Promoters", "Variance"]
