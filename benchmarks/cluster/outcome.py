"""What one part of the benchmark found: a figure for people, and the same under plain keys for programs."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from benchmarks.figures import Figure


@dataclass(frozen=True, slots=True)
class Outcome:
    """One part's figure, and its named values."""

    figure: Figure
    named: dict[str, Any]


def joined(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """Return the named values of all ``outcomes`` as one object; no two parts may use the same key.

    >>> figure = Figure("rates", "?", {})
    >>> joined([Outcome(figure, {"events": 1}), Outcome(figure, {"ratios": {}})])
    {'events': 1, 'ratios': {}}
    """
    found: dict[str, Any] = {}
    for outcome in outcomes:
        if twice := found.keys() & outcome.named.keys():
            raise ValueError(f"two parts name {', '.join(sorted(twice))}; rename one")
        found |= outcome.named
    return found


def rounded(value: float) -> float:
    """Return ``value`` to four significant digits, as many as a measurement bears.

    >>> rounded(12345.678), rounded(0.0123456)
    (12350.0, 0.01235)
    """
    return float(f"{value:.4g}")
