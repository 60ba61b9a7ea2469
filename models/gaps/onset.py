"""When a shortfall seems to have begun: the most likely day of change, given what was aimed at."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def onset(shortfalls: Floats, units: Floats) -> int:
    """Return the index of the first day of the shortfall that lasts to the end of the arrays.

    Among all runs of days that reach the end, the one whose summed shortfall S (target·n − Σ value) over N units
    maximises S²/N with S > 0: the likelihood ratio of a change of mean from the target at that day (Page 1954;
    Hinkley 1970). The last day when no run falls short.

    >>> onset(np.array([1.0, -2.0, 0.0, 30.0, 28.0, 33.0]), np.full(6, 5.0))
    3
    """
    total = np.cumsum(shortfalls[::-1])[::-1]
    count = np.cumsum(units[::-1])[::-1]
    with np.errstate(divide="ignore", invalid="ignore"):
        likely = np.where((total > 0) & (count > 0), total**2 / count, -1.0)
    return int(np.argmax(likely)) if likely.max(initial=-1.0) >= 0 else len(shortfalls) - 1
