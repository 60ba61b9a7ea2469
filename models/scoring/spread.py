"""Scopes' scores with their intervals, from tables of day cells kept in customer groups; many scopes at once.

One customer's forty contacts, and one day's thousand, resemble each other: the interval is as wide as the larger of
what customers and what days tell, the V of ``models.gaps.variance``. Evidence against a target, over time, is in
``models.gaps``.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from models.cells import GROUPS, MIN_ANSWERS, ScopeScore, Unit, value_of
from models.gaps.series import DayTable
from models.gaps.variance import Window, prefixes
from models.identifiers import FULL, Centi

Floats = NDArray[np.float64]

MIN_GROUPS = 10
"""Customer groups needed before an interval is given at all."""
SURE = 0.975
"""An interval of 95 % leaves as much on either side."""


def scope_score(table: DayTable, unit: Unit) -> ScopeScore:
    """Return the score of ``unit`` over a whole table, with its 95 % interval once ten customer groups were met.

    >>> from models.gaps.days import Day
    >>> from models.gaps.series import table_of
    >>> def cell(group):
    ...     lost = 1000 - 100 * (group % 3)
    ...     return {"contact.n": 1, "contact.f": 10_000 - lost, "contact.loss.wait": lost}
    >>> table = table_of((Day(day), group, cell(group)) for day in range(14) for group in range(32))
    >>> score = scope_score(table, "contact")
    >>> score.value, score.low, score.high
    (9097, 9067, 9127)
    """
    return scope_scores([table], unit)[0]


def scope_scores(tables: Sequence[DayTable], unit: Unit) -> list[ScopeScore]:
    """Return the score of ``unit`` over each of ``tables``, whole, in their order, with 95 % intervals as above."""
    scores = [value_of(table.between(table.first, table.last), unit) for table in tables]
    variances, groups = _variances(tables, unit)
    with np.errstate(invalid="ignore"):
        halves = stdtrit(groups - 1, SURE) * np.sqrt(variances)
    return [_between(score, float(half)) for score, half in zip(scores, halves, strict=True)]


def variance_of(table: DayTable, unit: Unit) -> float | None:
    """Return V of the score of ``unit``, in squared hundredths; ``None`` under ten groups.

    V_cust = 32/31 · Σ_g e_g² / N²; V_day the same over days, D/(D−1), × (1+r)/(1−r), r the lag-1 correlation of
    days in [0, .9]. e are residuals f − R·n, and of the correction by answers, linearised; answers too few to correct
    others' scores replace their own.
    Source: ratio estimation over clusters, W. Cochran, Sampling Techniques (1977), chapter 6.
    """
    found = float(_variances([table], unit)[0][0])
    return found if np.isfinite(found) else None


def _between(score: ScopeScore, half: float) -> ScopeScore:
    if score.value is None or not np.isfinite(half):
        return score
    low, high = max(0, round(score.value - half)), min(FULL, round(score.value + half))
    return replace(score, low=Centi(low), high=Centi(high))


def _variances(tables: Sequence[DayTable], unit: Unit) -> tuple[Floats, Floats]:
    """Return V of each table, NaN where no interval is given, and how many customer groups were met."""
    days = max((len(table.totals) for table in tables), default=0)
    if not days:
        return np.full(len(tables), np.nan), np.zeros(len(tables))
    n, f, said, gap = (_stacked(tables, f"{unit}.{name}", days) for name in ("n", "f", "said", "gap"))
    corrected = said.sum((1, 2)) >= MIN_ANSWERS
    few = ~corrected[:, None, None]
    window = Window(
        n=n,
        f=np.where(few, f - gap, f),
        a=np.where(few, 0.0, said),
        d=np.where(few, 0.0, gap),
        target=np.zeros(n.shape[:2]),
        may_correct=corrected,
        least=0.0,
    )
    found = prefixes(window, only_whole=True)
    groups = found.groups[:, 0]
    return np.where(groups >= MIN_GROUPS, found.variance[:, 0], np.nan), groups


def _stacked(tables: Sequence[DayTable], key: str, days: int) -> Floats:
    """Return one count of all tables, (tables, days, 32); tables of fewer days end in zeros, which say nothing."""
    out = np.zeros((len(tables), days, GROUPS))
    for place, table in enumerate(tables):
        values = table.grouped.get(key)
        if values is not None:
            out[place, : len(values)] = values
    return out
