"""How fast points are lost compared with what the target allows: the live signal before enough data confirms.

A target of 80 allows 20 points lost per unit; losing 40 burns at 2. As in site reliability work a short and a long
window must both burn, so that neither a single bad call nor an evening long over keeps the alarm on (Google, The Site
Reliability Workbook 2018, chapter 5). Their 14.4 and 6 suit an error budget of 0.1 %; a score's budget is far larger,
so ours is 1.5.
"""

from dataclasses import dataclass

THRESHOLD = 1.5
"""Our assumption: losing points half as fast again as the target allows."""

LEAST_UNITS = 10
"""In the long window; fewer say nothing."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Units seen in one window and the points they lost in all (100 − score each)."""

    units: int
    points: float


@dataclass(frozen=True, slots=True)
class BurnRate:
    """How many times faster than allowed points are lost in a long and a short window; ``None``: nothing seen."""

    long: float | None
    short: float | None
    burning: bool


def burn_rate(target: float, long: Lost, short: Lost) -> BurnRate:
    """Return the burn rate against ``target`` (0–100).

    >>> burn_rate(80.0, Lost(40, 1600.0), Lost(5, 150.0))
    BurnRate(long=2.0, short=1.5, burning=True)
    >>> burn_rate(80.0, Lost(3, 120.0), Lost(3, 120.0)).burning
    False
    """
    slow, fast = _rate(target, long), _rate(target, short)
    burning = (
        slow is not None and fast is not None and long.units >= LEAST_UNITS and slow >= THRESHOLD and fast >= THRESHOLD
    )
    return BurnRate(slow, fast, burning)


def _rate(target: float, lost: Lost) -> float | None:
    """Return points lost per unit over points allowed; a target of 100 allows a hundredth of a point."""
    if lost.units <= 0:
        return None
    return lost.points / lost.units / max(100.0 - target, 0.01)
