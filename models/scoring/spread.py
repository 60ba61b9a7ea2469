"""A scope's score with its interval, from day cells kept in customer groups.

One customer's forty contacts, and one day's thousand, resemble each other: the interval is as wide as the larger of
what customers and what days tell. Evidence against a target, over time, is in ``models.gaps``.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise
from math import sqrt

from scipy.special import stdtrit

from models.cells import GROUPS, MIN_ANSWERS, Counts, ScopeScore, Unit, merged, value_of
from models.identifiers import DAY, FULL, Centi, Millis

MIN_GROUPS = 10
"""Customer groups needed before an interval is given at all."""
R_CLIP = 0.9
"""Day-to-day correlation is believed up to here."""

DayGroup = tuple[Millis, int]
"""(start of the day, customer group), as day cells are keyed."""


def scope_score(cells: Mapping[DayGroup, Counts], unit: Unit) -> ScopeScore:
    """Return the score of ``unit`` over ``cells``, with its 95 % interval once ten customer groups were met.

    >>> def cell(group):
    ...     lost = 1000 - 100 * (group % 3)
    ...     return {"contact.n": 1, "contact.f": 10_000 - lost, "contact.loss.wait": lost}
    >>> days = {(day * DAY, group): cell(group) for day in range(14) for group in range(32)}
    >>> score = scope_score(days, "contact")
    >>> score.value, score.low, score.high
    (9097, 9067, 9127)
    """
    score = value_of(merged(cells.values()), unit)
    spread = variance_of(cells, unit)
    if score.value is None or spread is None:
        return score
    groups = len({group for (_, group), counts in cells.items() if counts.get(f"{unit}.n", 0)})
    half = float(stdtrit(groups - 1, 0.975)) * sqrt(spread)
    low, high = max(0, round(score.value - half)), min(FULL, round(score.value + half))
    return replace(score, low=Centi(low), high=Centi(high))


def variance_of(cells: Mapping[DayGroup, Counts], unit: Unit) -> float | None:
    """Return V, in squared hundredths: the larger of the variance between customer groups and between days.

    V_cust = 32/31 · Σ_g e_g² / N²; V_day the same over days, D/(D−1), × (1+r)/(1−r), r the lag-1 correlation of
    days in [0, .9]. e are residuals f − R·n, and of the correction by answers, linearised. ``None`` under ten groups.
    Source: ratio estimation over clusters, W. Cochran, Sampling Techniques (1977), chapter 6.
    """
    total = merged(cells.values())
    n, answers = total.get(f"{unit}.n", 0), total.get(f"{unit}.said", 0)
    if n <= 0:
        return None
    corrected = answers >= MIN_ANSWERS
    mean = (total.get(f"{unit}.f", 0) - (0 if corrected else total.get(f"{unit}.gap", 0))) / n
    gap = total.get(f"{unit}.gap", 0) / answers if corrected else 0.0
    weight = n / answers if corrected else 1.0
    by_group: dict[int, float] = defaultdict(float)
    by_day: dict[int, float] = defaultdict(float)
    for (day, group), counts in cells.items():
        met = counts.get(f"{unit}.n", 0)
        if met:
            residual = counts.get(f"{unit}.f", 0) - mean * met
            residual -= weight * (counts.get(f"{unit}.gap", 0) - gap * counts.get(f"{unit}.said", 0))
            by_group[group] += residual
            by_day[day] += residual
    if len(by_group) < MIN_GROUPS:
        return None
    between_customers = GROUPS / (GROUPS - 1) * sum(e * e for e in by_group.values())
    return max(between_customers, _between_days(by_day)) / n**2


def _between_days(by_day: Mapping[int, float]) -> float:
    days = sorted(by_day)
    square = sum(e * e for e in by_day.values())
    if len(days) < 2 or not square:
        return 0.0
    following: Iterable[tuple[int, int]] = ((a, b) for a, b in pairwise(days) if b == a + DAY)
    r = min(R_CLIP, max(0.0, sum(by_day[a] * by_day[b] for a, b in following) / square))
    return square * len(days) / (len(days) - 1) * (1 + r) / (1 - r)
