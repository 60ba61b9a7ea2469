"""What is known of a gap beside its state: a window's judgement in words, its beginning, causes, reach and impact."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from models.cells import MIN_ANSWERS
from models.gaps.causes import CauseLine, causes_of
from models.gaps.days import date_of, day_from
from models.gaps.evidence import half_width
from models.gaps.gap import Gap, Judgement, Reach
from models.gaps.impact import Assumptions, impact_of
from models.gaps.judging import Judged, Path, judge
from models.gaps.metrics import Metric
from models.gaps.onset import onset
from models.gaps.own_past import Baseline
from models.gaps.rules import DEFAULT, GapRules
from models.gaps.series import DayTable, Series, slice_days
from models.gaps.words import WEAK, amount, counted, not_enough

Dissatisfied = Callable[[str, str, date, date], int | None]
"""Unique dissatisfied customers of (metric, scope) between two days, both included; ``None`` when not counted."""

ONSET_DAYS = 84
"""How far back the beginning of a shortfall is looked for."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What gaps are measured on: each scope's table, and what only customers' rows can tell."""

    tables: Mapping[str, DayTable] = field(repr=False)
    policy: str
    assumptions: Assumptions | None = None
    dissatisfied: Dissatisfied | None = None
    rules: GapRules = DEFAULT

    def table(self, scope: str) -> DayTable:
        """Return the scope's table; an empty one when nothing was observed."""
        return self.tables.get(scope) or DayTable.empty()


def judgement(judged: Judged, day: int, metric: Metric, rules: GapRules = DEFAULT) -> Judgement:
    """Return one row of ``judged`` as it is kept and read: values as people know the metric, and a sentence."""
    row = day - judged.first
    units, days, groups = (int(values[row]) for values in (judged.units, judged.days, judged.groups))
    if not units:
        return _nothing(judged, day, rules, metric)
    short, aimed, variance = (float(values[row]) for values in (judged.shortfall, judged.target, judged.variance))
    half = half_width(variance, metric.worthwhile**2) if np.isfinite(variance) else None
    found = Judgement(
        first=date_of(int(judged.period[row])),
        last=date_of(day),
        value=metric.sign * (aimed - short),
        target=metric.sign * aimed,
        shortfall=short,
        low=None if half is None else short - half,
        high=None if half is None else short + half,
        units=units,
        days=days,
        groups=groups,
        answers=int(judged.answers[row]),
        weak=bool(judged.weak[row]),
        words="",
    )
    return replace(found, words=_words(found, metric, rules))


def _nothing(judged: Judged, day: int, rules: GapRules, metric: Metric) -> Judgement:
    """Return the judgement of days on which nothing happened."""
    words = not_enough(0, 0, 0, rules, metric.unit) or ""
    first = date_of(int(judged.period[day - judged.first]))
    return Judgement(first, date_of(day), 0.0, 0.0, 0.0, None, None, 0, 0, 0, 0, weak=False, words=words)


def _words(found: Judgement, metric: Metric, rules: GapRules) -> str:
    lacking = not_enough(found.days, found.units, found.groups, rules, metric.unit)
    here = f"{amount(found.value, metric)} against {amount(found.target, metric)}"
    if lacking:
        return f"{lacking}; so far {here}"
    short = f"short by {amount(found.shortfall, metric)}"
    if found.shortfall <= 0:
        short = f"ahead by {amount(-found.shortfall, metric)}"
    between = f" ({found.low:.1f} to {found.high:.1f})" if found.low is not None else ""
    from_what = f"from {counted(found.units, metric.unit)} on {counted(found.days, 'day')}"
    return f"{here}: {short}{between}, {from_what}" + (f"; {WEAK}" if found.weak else "")


def lately(series: Series, aim: Path | Baseline, day: int, metric: Metric, rules: GapRules = DEFAULT) -> Judgement:
    """Return the judgement of the last 28 days."""
    length = rules.at_target
    span = (day - length + 1, day)
    return judgement(judge(series, aim, span, replace(rules, restart=length), metric.worthwhile), day, metric, rules)


def began(series: Series, aim: Path | Baseline, day: int) -> date:
    """Return the likely first day, among the last 84, of the shortfall that lasts until ``day``."""
    first = min(day, max(series.since, day - ONSET_DAYS + 1))
    count = day - first + 1
    targets = aim.targets(first, count) if isinstance(aim, Baseline) else aim(first, count)
    usable = np.isfinite(targets)
    cut = slice_days(series, first, day)
    n, f, a, d = (np.where(usable, values.sum(1), 0.0) for values in (cut.n, cut.f, cut.a, cut.d))
    base = aim.correction if isinstance(aim, Baseline) else 0.0
    shorts = np.nan_to_num(targets) * n - f
    if base is not None and a.sum() >= MIN_ANSWERS:
        shorts += d * (n.sum() / a.sum()) - base * n
    return date_of(first + onset(shorts, n))


def measured(gap: Gap, facts: Facts, metric: Metric, day: int) -> Gap:
    """Return the gap with the causes, reach and impact of the days from its beginning to ``day``."""
    causes = _causes(gap, facts, metric, day)
    reach = _reach(gap, facts, metric, day)
    impact = None
    if facts.assumptions is not None and reach.dissatisfied is not None:
        impact = impact_of(reach.dissatisfied, causes, facts.assumptions)
    return replace(gap, causes=causes, reach=reach, impact=impact)


def _causes(gap: Gap, facts: Facts, metric: Metric, day: int) -> tuple[CauseLine, ...]:
    """Return the causes since the beginning, compared with the baseline or else the eight weeks before."""
    table, since = facts.table(gap.scope), day_from(gap.since)
    before = (since - facts.rules.baseline, since - 1)
    if gap.baseline is not None:
        before = (gap.baseline.first, gap.baseline.last)
    return causes_of(table.between(since, day), metric.unit, table.between(*before))


def _reach(gap: Gap, facts: Facts, metric: Metric, day: int) -> Reach:
    since = day_from(gap.since)
    units = facts.table(gap.scope).between(since, day).get(metric.denominator, 0)
    everyone = facts.table("all").between(since, day).get(metric.denominator, 0)
    unhappy = facts.dissatisfied(gap.metric, gap.scope, gap.since, date_of(day)) if facts.dissatisfied else None
    return Reach(units, units / everyone if everyone else 0.0, unhappy)
