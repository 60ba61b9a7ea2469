"""Effect estimators: each turns the moments of two arms into one ``Estimate``, or says why there is none.

One estimator per file. A new one (clusters, switchback, quantiles …) is a function from two arms' moments to
``Estimate | NoEstimate``; nothing downstream (intervals, guardrails, verdict) knows which one was used.
"""

from experiments.estimators.cuped import cuped
from experiments.estimators.cuped_ratio import cuped_ratio
from experiments.estimators.estimate import MIN_UNITS, Estimate, NoEstimate
from experiments.estimators.mean_difference import mean_difference
from experiments.estimators.ratio import ratio_difference

__all__ = ["MIN_UNITS", "Estimate", "NoEstimate", "cuped", "cuped_ratio", "mean_difference", "ratio_difference"]
