"""What each thing that goes wrong costs the simulated customers, in points: they feel as the shipped policy supposes.

A copy on purpose, and a test holds it to the shipped policy: a simulated world must not change its truth
because someone tries another policy on it.
"""

from types import MappingProxyType

from models.causes import Cause

POINTS: MappingProxyType[Cause, float] = MappingProxyType(
    {
        Cause.WAIT: 15.0,
        Cause.REPEATED_STEP: 5.0,
        Cause.CONTEXT_LOST: 8.0,
        Cause.CHANNEL_UNFIT: 6.0,
        Cause.MENU_LOOP: 6.0,
        Cause.PAID_LINE: 6.0,
        Cause.ABANDONED: 12.0,
        Cause.TRANSFER_FAILED: 12.0,
        Cause.PROMISE_BROKEN: 12.0,
        Cause.COLD_TRANSFER: 6.0,
        Cause.WRONG_ANSWER: 6.0,
        Cause.INCIDENT_NOT_TOLD: 6.0,
        Cause.LATE: 12.0,
    }
)
INCIDENT: MappingProxyType[str, float] = MappingProxyType({"minor": 5.0, "major": 15.0, "outage": 30.0})
LATE_AT_MOST = 20.0
LATE_GROWS_DAYS = 7.0
TOLERATED: MappingProxyType[str, float] = MappingProxyType({"chat": 120.0, "phone": 300.0})
"""Seconds of waiting that cost nothing; the full points are lost at four times as many."""


def wait_loss(channel: str, seconds: float) -> float:
    """Return what waiting ``seconds`` in one queue costs.

    >>> wait_loss("chat", 120), wait_loss("chat", 300), wait_loss("phone", 1200)
    (0.0, 7.5, 15.0)
    """
    tolerated = TOLERATED[channel]
    return POINTS[Cause.WAIT] * min(max((seconds - tolerated) / (3 * tolerated), 0.0), 1.0)


def late_loss(days: float) -> float:
    """Return what a promise kept ``days`` late costs.

    >>> late_loss(0.0), late_loss(3.5), late_loss(30.0)
    (0.0, 16.0, 20.0)
    """
    if days <= 0:
        return 0.0
    return POINTS[Cause.LATE] + (LATE_AT_MOST - POINTS[Cause.LATE]) * min(days / LATE_GROWS_DAYS, 1.0)


def incident_loss(severity: str, hours: float) -> float:
    """Return what a failure restored after ``hours`` costs.

    >>> incident_loss("outage", 2.0), incident_loss("outage", 12.0), incident_loss("outage", 90.0)
    (10.0, 15.0, 30.0)
    """
    return INCIDENT[severity] * min(max(hours / 24.0, 1.0 / 3.0), 1.0)


def journey_loss(losses: list[float]) -> float:
    """Return what the interactions of one journey cost together: the worst, and a fifth of the others.

    >>> journey_loss([]), journey_loss([43.0, 61.0])
    (0.0, 69.6)
    """
    if not losses:
        return 0.0
    worst = max(losses)
    return worst + 0.2 * (sum(losses) - worst)
