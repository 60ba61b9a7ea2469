"""Switchback: periods in blocks of two, one treated and one not, in an order drawn for each block."""

import numpy as np
import numpy.typing as npt

from experiments.estimators.estimate import Estimate, NoEstimate, no_variance, varies

MIN_BLOCKS = 10
"""No look before 10 blocks: what ten clusters are elsewhere."""

Floats = npt.NDArray[np.float64]


def block_differences(control: Floats, treatment: Floats) -> Estimate | NoEstimate:
    """Return the mean over blocks of (treated period − untreated period), shapes (b,), every block counting once.

    Slow drifts, weekdays and whatever else two neighbouring periods share cancel. Because each block's order was drawn
    by itself, the differences of a treatment that does nothing are independent and symmetric about zero, however much
    periods resemble each other; so V = s²/b holds where counting interactions does not. Blocks of which a period has
    nothing measured (NaN) are left out.

    Source: Bojinov, Simchi-Levi & Zhao (2023), *Design and analysis of switchback experiments*, Manag. Sci. 69(7).

    >>> found = block_differences(np.arange(12.0), np.arange(12.0) + np.tile([1.0, 3.0], 6))
    >>> found.value, found.df
    (2.0, 11.0)
    """
    whole = np.isfinite(control) & np.isfinite(treatment)
    c, t = control[whole], treatment[whole]
    blocks = len(c)
    if not blocks:
        return NoEstimate("empty_arm", "no block has both of its periods measured")
    if blocks < MIN_BLOCKS:
        return NoEstimate("early", f"{blocks} blocks are complete; no look before {MIN_BLOCKS} blocks")
    difference = t - c
    variance = float(difference.var(ddof=1)) / blocks
    if not varies(variance, float(np.abs(c).max()), float(np.abs(t).max())):
        return no_variance()
    return Estimate(
        value=float(difference.mean()),
        variance=variance,
        df=blocks - 1.0,
        control=float(c.mean()),
        treatment=float(t.mean()),
        n_control=blocks,
        n_treatment=blocks,
        counted="blocks",
    )
