"""The words pages use for causes, scopes, metrics and states; plain ones, in one place."""

import re

from web.pages.formats import moment

CAUSES: dict[str, str] = {
    "wait": "waiting",
    "repeated_step": "repeating steps",
    "context_lost": "context lost between channels",
    "channel_unfit": "a channel that does not fit",
    "menu_loop": "looping in menus",
    "paid_line": "a paid line",
    "abandoned": "giving up unresolved",
    "transfer_failed": "a failed transfer",
    "promise_broken": "a broken promise",
    "cold_transfer": "a transfer without warning",
    "wrong_answer": "a wrong answer",
    "incident_not_told": "a known incident not told",
    "late": "lateness against a promise",
    "incident": "an incident of the product or service",
    "repaired": "repaired",
    "said": "said by the customer, not explained by events",
    "earlier": "earlier journeys, still remembered",
    "silence": "time passing with nothing done",
}
UNITS = {"contact": "contacts", "journey": "journeys", "customer": "customers"}
METRICS = {
    "contact_score": "contact score",
    "journey_score": "journey score",
    "customer_score": "customer score",
    "good_contact_rate": "share of good contacts",
    "service_level": "share served within the tolerance",
    "abandonment": "share abandoned",
    "wait": "mean wait",
    "good_contact": "share of good contacts",
    "nps": "NPS",
    "csat": "satisfaction",
    "ces": "ease",
    "contacts": "contacts per customer",
    "complaints": "complaints per customer",
    "rescues": "rescues per customer",
    "purchase": "purchases per customer",
    "renewal": "renewals per customer",
    "departure": "departures per customer",
    "referral": "referrals per customer",
}
LOSS = "loss."
"""How metrics of points lost to a cause begin."""
_UNNAMED = re.compile(r"@(\d{1,14})(?:~(\d+))?", re.ASCII)
"""A journey without a name of its own: when it began, and which of those that began then."""


def cause_words(cause: str) -> str:
    """Return how a page names ``cause``.

    >>> cause_words("context_lost"), cause_words("new_cause")
    ('context lost between channels', 'new cause')
    """
    return CAUSES.get(cause, cause.replace("_", " "))


def metric_words(metric: str) -> str:
    """Return how a page names ``metric``.

    >>> metric_words("service_level"), metric_words("loss.repeated_step")
    ('share served within the tolerance', 'points lost to repeating steps')
    """
    if metric.startswith(LOSS):
        return f"points lost to {cause_words(metric.removeprefix(LOSS))}"
    return METRICS.get(metric, metric.replace("_", " "))


def journey_words(key: str) -> str:
    """Return how a page names the journey ``key``; one that nobody named is called by when it began (UTC).

    >>> journey_words("move-7"), journey_words("@1795482000000"), journey_words("@1795482000000~2")
    ('Journey move-7', 'Journey of 2026-11-24 01:00', 'Journey of 2026-11-24 01:00 (2)')
    >>> journey_words("@home"), journey_words("late:/shop/17")
    ('Journey @home', 'Journey late:/shop/17')
    """
    unnamed = _UNNAMED.fullmatch(key)
    if unnamed is None:
        return f"Journey {key}"
    return f"Journey of {moment(int(unnamed[1]))}" + (f" ({unnamed[2]})" if unnamed[2] else "")


def scope_words(scope: str) -> str:
    """Return how a page names ``scope``.

    >>> scope_words("all"), scope_words("touchpoint:billing|channel:phone"), scope_words("segment:offer=fibre")
    ('everything', 'billing on phone', 'offer: fibre')
    """
    if scope == "all":
        return "everything"
    if "|" in scope:
        touchpoint, channel = (part.split(":", 1)[1] for part in scope.split("|", 1))
        return f"{touchpoint} on {channel}"
    kind, _, value = scope.partition(":")
    if kind == "segment":
        return value.replace("=", ": ")
    return f"{kind} {value}"
