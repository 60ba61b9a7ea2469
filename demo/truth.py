"""The truth as data: what the planted rates must show once enough has happened, computed, never simulated.

Waits are exponential, so the points they cost are known in closed form; the other causes are a rate times their
points. Losses beyond the treatment budget are too rare here to matter (under 0.1 point).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from math import exp

from demo.calendar import WAITS, WEEK, Plan
from demo.catalogue import TALKS, VISIBLE
from demo.contacts import SPARED
from demo.felt import LATE_AT_MOST, LATE_GROWS_DAYS, POINTS, TOLERATED
from demo.planted import (
    ANSWERED,
    ASKED,
    COMPANY,
    COMPLAINED,
    DEGRADED,
    FOLLOWED,
    POSTED,
    PROMISES,
    STEPS,
    UNSEEN_POINTS,
    Lateness,
    Rates,
    Turn,
)
from models.causes import Cause

TURNS: tuple[Turn, Turn] = ("first", "again")


def channels(touchpoint: str, turn: Turn) -> dict[str, float]:
    """Return the share of each channel among the contacts of ``turn``.

    >>> channels("outage_support", "first"), channels("outage_support", "again")
    ({'chat': 0.6, 'phone': 0.4}, {'phone': 1.0})
    """
    planted = COMPANY[touchpoint]
    if turn == "again":
        return {planted.next_channel: 1.0}
    counts = Counter(planted.channels)
    return {channel: count / len(planted.channels) for channel, count in counts.items()}


def happens(rates: Rates, channel: str, cause: Cause, *, treated: bool = False) -> float:
    """Return how often ``cause`` happens in one contact (for repeated steps: how many times), 0 where it cannot.

    >>> happens(COMPANY["outage_support"].first, "chat", Cause.REPEATED_STEP)
    1.35
    """
    if cause not in VISIBLE[channel]:
        return 0.0
    spared = SPARED if treated else 1.0
    return {
        Cause.REPEATED_STEP: STEPS * rates.step * spared,
        Cause.CONTEXT_LOST: rates.context_lost * spared,
        Cause.CHANNEL_UNFIT: rates.channel_unfit,
        Cause.MENU_LOOP: rates.menu_loop,
        Cause.PAID_LINE: rates.paid_line,
        Cause.ABANDONED: rates.abandoned,
        Cause.COLD_TRANSFER: rates.transfer * rates.cold,
        Cause.TRANSFER_FAILED: rates.transfer * rates.failed,
        Cause.WRONG_ANSWER: rates.wrong_answer,
        Cause.INCIDENT_NOT_TOLD: rates.incident_not_told,
    }.get(cause, 0.0)


def wait_points(channel: str, mean: float) -> float:
    """Return the points one exponential wait of ``mean`` seconds costs on average.

    E[clip((W − T)/3T, 0, 1)] = μ/3T · (e^(−T/μ) − e^(−4T/μ)).

    >>> round(wait_points("chat", 420.0), 3), wait_points("email", 0.0)
    (7.57, 0.0)
    """
    if channel not in TALKS or not mean:
        return 0.0
    tolerated = TOLERATED[channel]
    return POINTS[Cause.WAIT] * mean / (3 * tolerated) * (exp(-tolerated / mean) - exp(-4 * tolerated / mean))


def late_points(lateness: Lateness) -> float:
    """Return the points one promise costs on average: what is late is late by an hour and an exponential time.

    >>> round(late_points(Lateness(late=0.0, mean_days=2.0)), 3)
    0.0
    """
    mean, hour = lateness.mean_days, 1 / 24
    grown = (hour + mean * (1 - exp(-(LATE_GROWS_DAYS - hour) / mean))) / LATE_GROWS_DAYS
    return lateness.late * (POINTS[Cause.LATE] + (LATE_AT_MOST - POINTS[Cause.LATE]) * grown)


def again(touchpoint: str) -> float:
    """Return how many second contacts there are for one first.

    >>> round(again("outage_support"), 4)
    0.36
    """
    rates, total = COMPANY[touchpoint].first, 0.0
    for channel, share in channels(touchpoint, "first").items():
        abandoned = rates.abandoned if channel in TALKS else 0.0
        unresolved = (1 - abandoned) * rates.unresolved
        total += share * (abandoned * FOLLOWED["abandoned"] + unresolved * FOLLOWED["unresolved"])
    return total


def loss(touchpoint: str, turn: Turn, *, treated: bool = False) -> dict[Cause, float]:
    """Return the points one contact of ``turn`` loses on average, by cause."""
    planted = COMPANY[touchpoint]
    rates, lost = planted.rates(turn), dict.fromkeys(Cause, 0.0)
    for channel, share in channels(touchpoint, turn).items():
        lost[Cause.WAIT] += share * _waits(channel, planted.wait(channel), rates)
        for cause in VISIBLE[channel] - {Cause.WAIT}:
            lost[cause] += share * POINTS[cause] * happens(rates, channel, cause, treated=treated)
    return {cause: points for cause, points in lost.items() if points}


def contact_loss(touchpoint: str, *, treated: bool = False) -> dict[Cause, float]:
    """Return the points a contact of ``touchpoint`` loses on average, by cause, largest first."""
    seconds = again(touchpoint)
    first, second = (loss(touchpoint, turn, treated=treated) for turn in TURNS)
    mixed = {
        cause: (first.get(cause, 0.0) + seconds * second.get(cause, 0.0)) / (1 + seconds) for cause in first | second
    }
    return dict(sorted(mixed.items(), key=lambda item: -item[1]))


def effect() -> float:
    """Return what showing the transcript gains, in points of contact score in ``outage_support``."""
    return sum(contact_loss("outage_support").values()) - sum(contact_loss("outage_support", treated=True).values())


def silent() -> float:
    """Return the share of dissatisfied customers who say nothing to anyone we hear.

    >>> round(silent(), 3)
    0.889
    """
    return (1 - ASKED * ANSWERED.bad) * (1 - COMPLAINED.bad) * (1 - POSTED.bad)


def truth(plan: Plan) -> dict[str, object]:
    """Return the whole truth of ``plan`` as JSON-ready data; times in milliseconds UTC."""
    return {
        "seed": plan.seed,
        "customers": plan.customers,
        "touchpoints": {name: _touchpoint(name) for name in COMPANY},
        "promises": {name: _promise(lateness) for name, lateness in PROMISES.items()},
        "degraded": {"at": plan.degraded_at, **{name: _promise(lateness) for name, lateness in DEGRADED.items()}},
        "season": {"weekdays": list(WEEK), "waits": list(WAITS)},
        "regional_outage": asdict(plan.outage) if plan.outage else None,
        "silent_share_of_dissatisfied": silent(),
        "experiment": None if plan.trial is None else _experiment(plan),
    }


def _experiment(plan: Plan) -> dict[str, object]:
    trial = plan.trial
    if trial is None:
        return {}
    times = {"begins": trial.begins, "enrols_until": trial.enrols_until, "ends": trial.ends}
    return {"id": trial.experiment, "treated": trial.treated, **times, "effect_points": effect()}


def _touchpoint(name: str) -> dict[str, object]:
    planted = COMPANY[name]
    return {
        "rates": {turn: asdict(planted.rates(turn)) for turn in TURNS},
        "again": again(name),
        "contact_loss": {cause.value: points for cause, points in contact_loss(name).items()},
        "contact_score": 100 - sum(contact_loss(name).values()),
        "unseen_loss": planted.unseen * UNSEEN_POINTS,
    }


def _promise(lateness: Lateness) -> Mapping[str, float]:
    return {**asdict(lateness), "late_points": late_points(lateness)}


def _waits(channel: str, mean: float, rates: Rates) -> float:
    """Return what the queues of one contact cost, over the weekdays as they come."""
    total = sum(WEEK)
    return sum(
        weight / total * (wait_points(channel, mean * slow) + rates.transfer * wait_points(channel, mean * slow / 2))
        for weight, slow in zip(WEEK, WAITS, strict=True)
    )
