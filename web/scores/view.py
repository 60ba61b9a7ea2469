"""What the scores page shows: each scope's score over a period, and how it went from span to span."""

from dataclasses import dataclass
from typing import get_args

from models.cells import Counts, Grain, ScopeScore, Unit, value_of
from models.errors import NotFound
from models.identifiers import DAY, HOUR, Millis
from models.scoring.spread import scope_scores
from store.database import Store
from web.pages.periods import Period

KINDS = ("all", "touchpoint", "channel", "source", "segment")


@dataclass(frozen=True, slots=True)
class Line:
    """One scope's score."""

    scope: str
    score: ScopeScore


@dataclass(frozen=True, slots=True)
class Chart:
    """A score from span to span: seconds since 1970, and points or nothing."""

    times: list[int]
    values: list[float | None]


def unit_named(name: str) -> Unit:
    """Return the unit called ``name``; raises ``NotFound`` naming those there are."""
    units: tuple[Unit, ...] = get_args(Unit)
    for unit in units:
        if unit == name:
            return unit
    raise NotFound(f"unit: {name!r} is not scored; use one of {', '.join(units)}")


def lines_of(store: Store, policy: str, unit: Unit, period: Period) -> dict[str, list[Line]]:
    """Return each kind of scope with its lines: the worst score first, scopes with nothing left out."""
    found: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    scopes = [scope for scope in store.cells.scopes(policy) if "|" not in scope and _kind(scope) in found]
    tables = store.day_tables.tables(policy, scopes, (period.start // DAY, (period.end - 1) // DAY))
    for scope, score in zip(scopes, scope_scores([tables[scope] for scope in scopes], unit), strict=True):
        if score.n or score.unscored:
            found[_kind(scope)].append(Line(scope, score))
    for lines in found.values():
        lines.sort(key=lambda line: (line.score.value is None, line.score.value or 0, line.scope))
    return {kind: lines for kind, lines in found.items() if lines}


def chart_of(store: Store, policy: str, of: tuple[str, Unit], period: Period) -> Chart:
    """Return the score of (scope, unit) by five minutes, hour or day, whichever suits the period's length."""
    scope, unit = of
    grain = _grain(period)
    if grain == "day":
        series = _days(store, policy, scope, period)
    else:
        series = store.cells.series(policy, scope, grain, period.span)
    scores = {at: value_of(counts, unit).value for at, counts in series.items()}
    times = sorted(at for at, value in scores.items() if value is not None)
    return Chart([at // 1000 for at in times], [_points(scores[at]) for at in times])


def _days(store: Store, policy: str, scope: str, period: Period) -> dict[Millis, Counts]:
    """Return the counts of each day that begins in ``period``."""
    first, last = -(-period.start // DAY), (period.end - 1) // DAY
    table = store.day_tables.tables(policy, [scope], (first, last))[scope]
    return {Millis(day * DAY): table.between(day, day) for day in range(first, last + 1)}


def _kind(scope: str) -> str:
    return scope.partition(":")[0]


def _grain(period: Period) -> Grain:
    length = period.end - period.start
    if length <= DAY + HOUR:
        return "hour" if period.past else "5m"
    return "hour" if length <= 14 * DAY else "day"


def _points(value: int | None) -> float | None:
    return None if value is None else value / 100
