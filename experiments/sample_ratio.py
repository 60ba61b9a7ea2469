"""Do the arms receive the share of units they were designed to receive? An e-process that may be watched for ever.

A broken ratio means that units are lost or added on one side: no estimate can be trusted, whatever it says.
Deciding what to do about it is ``evaluation``'s and ``life_cycle``'s.
"""

import math
from collections.abc import Sequence

from scipy.special import gammaln

from experiments.sequential import e_of
from models.errors import InvalidInput

BROKEN = 20.0
"""1/α at α = 5 %, over all looks together."""

CONCENTRATION = 1_000.0
"""How tightly the Dirichlet is centred on the design: about ±1.6 points for two equal arms.

Measured over 200 looks: 2.3 % false alarms; 55/45 is found after a median of about 1,130 units (tests). A looser
prior (50) finds 55/45 after 700 but needs far more units for the 51/49 that lost redirects make.
"""


def sample_ratio_e(counts: Sequence[int], weights: Sequence[float], concentration: float = CONCENTRATION) -> float:
    """Return B(κp + n)/B(κp) / Π pᵢ^nᵢ: the evidence that ``counts`` do not follow ``weights``.

    ``counts`` are all exposed units per arm, mature or not; ``weights`` the design's, in any unit. B is the
    multivariate beta function; with two arms this is ``betaln(κp₁ + n₁, κp₂ + n₂) − betaln(κp₁, κp₂)``.

    Source: Lindon & Malek (2020), *Anytime-valid inference for multinomial count data*, arXiv:2011.03567, eq. 6.

    >>> sample_ratio_e([0, 0], [1, 1]), round(sample_ratio_e([50, 50], [1, 1]), 3)
    (1.0, 0.953)
    >>> sample_ratio_e([1100, 900], [1, 1]) > BROKEN
    True
    """
    if len(counts) != len(weights) or min(weights, default=0.0) <= 0.0:
        raise InvalidInput("weights: every arm needs one positive weight; give as many weights as arms")
    if min(counts) < 0:
        raise InvalidInput(f"counts: {min(counts)} is negative; give how many units each arm has")
    total, units = math.fsum(weights), sum(counts)
    log_e = float(gammaln(concentration) - gammaln(concentration + units))
    for count, weight in zip(counts, weights, strict=True):
        prior = concentration * weight / total
        log_e += float(gammaln(prior + count) - gammaln(prior)) - count * math.log(weight / total)
    return e_of(log_e)
