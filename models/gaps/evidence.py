"""How strongly observations speak for a shortfall: the one-sided mixture e-value, safe under continuous peeking.

An e-value of 20 has probability at most 1/20 when there is no shortfall, however often one looks (Ville 1939).
The variance that goes in is from ``variance``; what many scopes may claim together is in ``ebh``.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import erfcx, log_ndtr

Floats = NDArray[np.float64]

CLOSING_LN_E = float(np.log(20.0))
"""ln 20: the evidence asked for before a gap may close."""


def ln_e_plus(shortfall: Floats | float, variance: Floats | float, tau: float) -> Floats:
    """Return ln e⁺ for H₀ "no shortfall", elementwise; NaN where the variance is not positive.

    With d the shortfall, V its variance, z = d/√V and τ = δ²: e⁺ = 2Φ(z√(τ/(V+τ)))·√(V/(V+τ))·exp(z²τ/(2(V+τ))), the
    likelihood ratio mixed over a half-normal prior of scale δ on the true shortfall (docs/method.md §3; Robbins 1970).
    Computed as ln of ``erfcx`` left of zero, where Φ and exp would cancel, so no z overflows.

    >>> round(float(np.exp(ln_e_plus(0.0, 1.0, 25.0))), 4), round(float(np.sqrt(1 / 26)), 4)
    (0.1961, 0.1961)
    >>> float(ln_e_plus(10.0, 1.0, 25.0)) > 40 and float(ln_e_plus(-1e6, 1.0, 25.0)) < -10
    True
    """
    v = np.asarray(variance, dtype=np.float64)
    v = np.where(v > 0, v, np.nan)
    x = np.asarray(shortfall, dtype=np.float64) / np.sqrt(v) * np.sqrt(tau / (v + tau))
    left = np.log(erfcx(-np.minimum(x, 0.0) / np.sqrt(2.0)))
    right = np.log(2.0) + log_ndtr(np.maximum(x, 0.0)) + np.maximum(x, 0.0) ** 2 / 2
    return np.asarray(0.5 * np.log(v / (v + tau)) + np.where(x < 0, left, right), dtype=np.float64)


def half_width(variance: float, tau: float, alpha: float = 0.05) -> float:
    """Return the half-width of the always-valid (1 − α) interval around an estimate of that variance.

    √(V(V+τ)/τ·(ln((V+τ)/V) − 2 ln α)) (docs/method.md §4; Robbins 1970, Howard et al. 2021).

    >>> round(half_width(1.0, 25.0), 3)
    3.102
    """
    v = variance
    return float(np.sqrt(v * (v + tau) / tau * (np.log1p(tau / v) - 2 * np.log(alpha))))
