"""What many scopes may claim together: the e-BH procedure, valid under any dependence between them."""

import numpy as np
from numpy.typing import NDArray


def rejected(ln_e: NDArray[np.float64], alpha: float, hypotheses: int | None = None) -> NDArray[np.bool_]:
    """Return which hypotheses are confirmed: the largest k with e_(k) ≥ K/(kα).

    ``hypotheses`` is K, all that are under watch, also those with too little data to speak (NaN counts as e = 0); at
    least ``len(ln_e)``. Keeps the share of false gaps among the confirmed at or under ``alpha`` (Wang & Ramdas 2022).

    >>> rejected(np.log([200.0, 45.0, 3.0]), 0.05)
    array([ True,  True, False])
    >>> rejected(np.log([200.0, 45.0, 3.0]), 0.05, hypotheses=600)
    array([False, False, False])
    """
    total = max(len(ln_e), hypotheses or 0)
    if not len(ln_e):
        return np.zeros(0, dtype=np.bool_)
    values = np.where(np.isnan(ln_e), -np.inf, ln_e)
    ranked = np.sort(values)[::-1]
    bars = np.log(total / (np.arange(1, len(ranked) + 1) * alpha))
    passed = np.flatnonzero(ranked >= bars)
    if not len(passed):
        return np.zeros(len(values), dtype=np.bool_)
    return np.asarray(values >= bars[passed[-1]], dtype=np.bool_)
