"""The simulated telecom's courses and targets, as shipped in ``targets.toml``, in force from a demo's first day."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources

from demo.catalogue import CHANNELS, OFFERS, REGIONS, SOURCES, TOUCHPOINTS
from demo.planted import COMPANY
from models.definitions import DeclaredScopes
from models.targets import Course
from models.targets_file import load

REACHED_AFTER = timedelta(days=365)


def text() -> str:
    """Return the shipped file."""
    return resources.files("demo").joinpath("targets.toml").read_text("utf-8")


def courses(start: int) -> tuple[Course, ...]:
    """Return the courses with every target applying from ``start`` (milliseconds UTC), to be reached in a year."""
    first = day(start)
    scopes = [f"touchpoint:{name}" for name in COMPANY]
    return tuple(
        replace(course, targets=tuple(replace(t, start=first, end=first + REACHED_AFTER) for t in course.targets))
        for course in load(text(), scopes).courses
    )


def scopes() -> DeclaredScopes:
    """Return everything the company declares."""
    segments = {("offer", offer) for offer in OFFERS} | {("region", region) for region in REGIONS}
    return DeclaredScopes(frozenset(TOUCHPOINTS), frozenset(CHANNELS), frozenset(SOURCES), frozenset(segments))


def day(at: int) -> date:
    """Return the UTC day of ``at``.

    >>> day(1_795_437_000_000).isoformat()
    '2026-11-23'
    """
    return datetime.fromtimestamp(at / 1000, UTC).date()
