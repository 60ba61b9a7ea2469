"""Several primary results at once: how small each p-value must be, so that one false success stays as rare as alone."""

from collections.abc import Sequence


def holm_levels(p_values: Sequence[float], alpha: float = 0.05) -> list[float]:
    """Return the level at which each hypothesis is tested: rejected exactly where its p-value is at most its level.

    The smallest of m is tested at α/m, the next at α/(m − 1), and so on until one is not rejected; that one and all
    after it share its level. An interval at 1 − level then excludes zero exactly where the test rejects.

    Source: Holm (1979), *Scandinavian Journal of Statistics* 6(2).

    >>> [round(level, 4) for level in holm_levels([0.03, 0.01, 0.04])]
    [0.025, 0.0167, 0.025]
    """
    levels = [0.0] * len(p_values)
    step, open_ = 0, True
    for left, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        step = left if open_ else step
        levels[index] = alpha / (len(p_values) - step)
        open_ = p_values[index] <= levels[index]
    return levels


def holm_adjusted(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values: the smallest α at which each would be rejected.

    >>> [round(p, 4) for p in holm_adjusted([0.03, 0.01, 0.04])]
    [0.06, 0.03, 0.06]
    """
    adjusted, worst = [0.0] * len(p_values), 0.0
    for left, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - left) * p_values[index]))
        adjusted[index] = worst
    return adjusted
