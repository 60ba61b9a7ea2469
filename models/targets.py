"""Courses and targets: what customers should remember, and the values, dates and owners that say whether they do.

A course is a sentence; a target sets a metric of a scope on a straight path from a start value to an end value. Here
are the path, what may be set on what, and which targets pull against each other. The file is read in
``models.targets_file``; whether a target is met is judged in ``models.gaps``.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from math import isclose

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.errors import Fault, InvalidInput
from models.gaps.days import day_from
from models.gaps.metrics import METRICS, QUEUE, Metric, unknown

TOLERATED = 0.05
"""Relative room left to the queue's arithmetic before two targets are said to contradict."""


@dataclass(frozen=True, slots=True)
class Target:
    """``metric`` of ``scope`` is to go from ``start_value`` to ``end_value`` in a straight line between two days.

    Values are in the metric's unit (scores and shares 0–100, waits in seconds). Before ``start`` it does not apply;
    after ``end`` the end value stays.
    """

    id: str
    course: str
    metric: str
    scope: str
    start_value: float
    end_value: float
    start: date
    end: date
    owner: str

    @property
    def measure(self) -> Metric:
        """The metric's definition."""
        return METRICS[self.metric]

    def value_on(self, day: date) -> float | None:
        """Return what is aimed at on that day, ``None`` before the target applies.

        >>> t = Target("t", "c", "journey_score", "all", 70, 80, date(2026, 1, 1), date(2026, 1, 11), "Ada")
        >>> t.value_on(date(2026, 1, 6)), t.value_on(date(2027, 1, 1)), t.value_on(date(2025, 1, 1))
        (75.0, 80.0, None)
        """
        value = float(self.path(day_from(day), 1)[0]) * self.measure.sign
        return None if np.isnan(value) else value

    def path(self, first: int, count: int) -> NDArray[np.float64]:
        """Return the aims of ``count`` days from ``first``, oriented so that more is better; NaN before the start."""
        days = np.arange(first, first + count)
        start, end = day_from(self.start), day_from(self.end)
        way = np.clip((days - start) / max(1, end - start), 0.0, 1.0)
        values = self.start_value + way * (self.end_value - self.start_value)
        return np.asarray(np.where(days < start, np.nan, self.measure.sign * values), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Course:
    """What customers should remember, in one sentence, who answers for it, and how one will know."""

    id: str
    sentence: str
    owner: str
    targets: tuple[Target, ...]


def to_json(record: Course | Target) -> str:
    """Return a course (with its targets) or a target as one JSON object."""
    return msgspec.json.encode(record).decode()


def target_from_json(text: str | bytes) -> Target:
    """Return the target that ``to_json`` wrote; raises ``InvalidInput`` on anything else."""
    try:
        return msgspec.json.decode(text, type=Target)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"target: not a stored target ({error}); set it again") from error


def course_from_json(text: str | bytes) -> Course:
    """Return the course that ``to_json`` wrote; raises ``InvalidInput`` on anything else."""
    try:
        return msgspec.json.decode(text, type=Course)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"course: not a stored course ({error}); set it again") from error


def faults_of(target: Target, scopes: Iterable[str], where: str = "target") -> list[Fault]:
    """Return everything wrong with a target: unknown metric or scope, values out of range, dates in the wrong order.

    >>> t = Target("t", "c", "journey_score", "chanel:phone", 70, 180, date(2026, 1, 9), date(2026, 1, 1), "Ada")
    >>> for fault in faults_of(t, ["all", "channel:phone"]): print(fault)
    target.scope: 'chanel:phone' is not a declared scope; did you mean 'channel:phone'?
    target.end_value: 180 is outside 0 to 100; give a value in that range
    target.end: 2026-01-01 is not after the start, 2026-01-09; give a later day
    """
    faults = []
    known = sorted(set(scopes))
    metric = METRICS.get(target.metric)
    if metric is None:
        faults.append(unknown(f"{where}.metric", target.metric, "a metric", list(METRICS)))
    if target.scope not in known:
        faults.append(unknown(f"{where}.scope", target.scope, "a declared scope", known))
    for name, value in (("start_value", target.start_value), ("end_value", target.end_value)):
        if metric is not None and not metric.low <= value <= metric.high:
            fault = f"{value:g} is outside {metric.low:g} to {metric.high:g}"
            faults.append(Fault("out_of_range", f"{where}.{name}", fault, "give a value in that range"))
    if target.end <= target.start:
        fault = f"{target.end} is not after the start, {target.start}"
        faults.append(Fault("out_of_order", f"{where}.end", fault, "give a later day"))
    return faults


def conflicts(targets: Sequence[Target]) -> list[str]:
    """Return, in words, which targets contradict each other; they are kept, and someone must choose.

    Two targets on one metric of one scope that want different values on one day; and, of one queue, a wait, a service
    level and an abandonment that cannot hold together (``_pull_apart``, ``_patience``).
    """
    found = []
    for i, one in enumerate(targets):
        for other in targets[i + 1 :]:
            if one.scope == other.scope:
                found += [text for check in _CHECKS if (text := check(one, other))]
    return found


def _same_metric(one: Target, other: Target) -> str | None:
    """Two values for one thing on one day."""
    if one.metric != other.metric:
        return None
    for day in sorted({one.start, other.start, one.end, other.end}):
        a, b = one.value_on(day), other.value_on(day)
        if a is not None and b is not None and not isclose(a, b):
            both = f"{one.id} wants {a:g} and {other.id} wants {b:g} on {day}"
            return f"{one.metric} of {one.scope}: {both}; keep one of them"
    return None


def _pull_apart(one: Target, other: Target) -> str | None:
    """One measure of a queue may get worse while another must get better."""
    if one.metric == other.metric or not {one.metric, other.metric} <= QUEUE:
        return None
    better = [t.measure.sign * (t.end_value - t.start_value) for t in (one, other)]
    if better[0] * better[1] >= 0:
        return None
    up, down = (one, other) if better[0] > 0 else (other, one)
    return (
        f"queue {one.scope}: {up.id} asks for a better {up.metric} while {down.id} lets {down.metric} get worse, "
        "and they move together; set both in one direction"
    )


def _patience(one: Target, other: Target) -> str | None:
    """Abandonment is the mean wait × the rate at which patience ends: P(abandon) = θ·E[wait].

    θ comes from the start values; exact for exponential patience (Garnett, Mandelbaum & Reiman 2002, M/M/n+M).
    """
    by = {t.metric: t for t in (one, other)}
    if by.keys() != {"wait", "abandonment"}:
        return None
    wait, gone = by["wait"], by["abandonment"]
    if wait.start_value <= 0 or gone.start_value <= 0:
        return None
    implied = gone.start_value / wait.start_value * wait.end_value
    if gone.end_value >= implied * (1 - TOLERATED):
        return None
    needed = wait.start_value * gone.end_value / gone.start_value
    return (
        f"queue {one.scope}: with a wait of {wait.end_value:g} s about {implied:.1f} % abandon, so {gone.id}'s "
        f"{gone.end_value:g} % asks for a wait of {needed:.0f} s; lower the wait's target or raise the other"
    )


def _service_level(one: Target, other: Target) -> str | None:
    """Find a service level below what the wait's own target already guarantees (Markov's inequality).

    Who waits E[wait] on average waits longer than T in at most E[wait]/T of the contacts.
    """
    by = {t.metric: t for t in (one, other)}
    if by.keys() != {"wait", "service_level"}:
        return None
    wait, level = by["wait"], by["service_level"]
    assured = 100 * (1 - wait.end_value / _TOLERANCE_S)
    if level.end_value >= assured:
        return None
    return (
        f"queue {one.scope}: a wait of {wait.end_value:g} s already serves {assured:.0f} % within {_TOLERANCE_S} s, so "
        f"{level.id}'s {level.end_value:g} % can never bind; raise it or drop it"
    )


_TOLERANCE_S = 120
"""The shortest tolerance of the shipped policy (chat), in seconds: what holds for it holds for longer ones."""

_CHECKS: tuple[Callable[[Target, Target], str | None], ...] = (_same_metric, _pull_apart, _patience, _service_level)
