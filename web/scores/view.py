"""What the scores page shows: each scope's score over a period, and how it went from span to span."""

from dataclasses import dataclass
from typing import get_args

from models.cells import Grain, ScopeScore, Unit, value_of
from models.errors import NotFound
from models.identifiers import DAY, HOUR, Millis
from models.scoring.spread import scope_score
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
    span = (Millis(period.start // DAY * DAY), period.end)
    for scope in store.cells.scopes(policy):
        kind = scope.partition(":")[0]
        if kind not in found or "|" in scope:
            continue
        score = scope_score(store.cells.by_group(policy, scope, span), unit)
        if score.n or score.unscored:
            found[kind].append(Line(scope, score))
    for lines in found.values():
        lines.sort(key=lambda line: (line.score.value is None, line.score.value or 0, line.scope))
    return {kind: lines for kind, lines in found.items() if lines}


def chart_of(store: Store, policy: str, of: tuple[str, Unit], period: Period) -> Chart:
    """Return the score of (scope, unit) by five minutes, hour or day, whichever suits the period's length."""
    scope, unit = of
    series = store.cells.series(policy, scope, _grain(period), period.span)
    scores = {at: value_of(counts, unit).value for at, counts in series.items()}
    times = sorted(at for at, value in scores.items() if value is not None)
    return Chart([at // 1000 for at in times], [_points(scores[at]) for at in times])


def _grain(period: Period) -> Grain:
    length = period.end - period.start
    if length <= DAY + HOUR:
        return "hour" if period.past else "5m"
    return "hour" if length <= 14 * DAY else "day"


def _points(value: int | None) -> float | None:
    return None if value is None else value / 100
