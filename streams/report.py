"""The report: scores of every scope over a period and week by week, gaps, rescues and experiments, as one document.

Points are floats here, 0 to 100, and moments RFC 3339: this is for programs outside. Pages have views of their own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from experiments.ledger import Experiment
from models.cells import ScopeScore, Unit
from models.gaps.gap import Gap, to_json
from models.gaps.series import DayTable
from models.identifiers import DAY, Millis
from models.instants import render
from models.scoring.spread import scope_scores
from store.database import Store
from streams.calls import calls_now

UNITS: tuple[Unit, ...] = ("journey", "contact", "customer")
WEEK = 7
MONDAY = 4
"""1970-01-05, the first Monday, as a day."""

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` to ``end``, whole UTC days."""

    start: Millis
    end: Millis

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last day, as numbers."""
        return self.start // DAY, (self.end - 1) // DAY


def report(store: Store, now: Millis, period: Period | None = None) -> dict[str, list[Row]]:
    """Return the whole document over ``period``, or over everything kept."""
    policy = store.definitions.current().active
    span = period or kept(store, policy.version)
    scopes = [] if span is None else [scope for scope in store.cells.scopes(policy.version) if "|" not in scope]
    days = (0, -1) if span is None else span.days
    tables = store.day_tables.tables(policy.version, scopes, days)
    return {
        "scores": _scores(tables),
        "weeks": _weeks(tables, days),
        "gaps": [gap_row(each.gap) for each in store.gaps.all()],
        "rescues": [msgspec.to_builtins(call.row) for call in calls_now(store, policy, now)],
        "experiments": [experiment_row(each.experiment) for each in store.experiments.all()],
    }


def kept(store: Store, policy: str) -> Period | None:
    """Return the period from the first to the last day that hold anything; ``None`` when nothing does."""
    days = store.cells.span(policy)
    return None if days is None else Period(days[0], Millis(days[1] + DAY))


def score_row(scope: str, score: ScopeScore) -> Row:
    """Return one score: what it is, of how many, how sure, how much of it said, and why it is not 100."""
    return {
        "metric": score.metric,
        "scope": scope,
        "value": _points(score.value),
        "low": _points(score.low),
        "high": _points(score.high),
        "n": score.n,
        "observed_share": score.observed_share,
        "causes": {cause: lost / 100 for cause, lost in score.causes.items()},
        "good_rate": score.good_rate,
        "unscored": score.unscored,
    }


def gap_row(gap: Gap) -> Row:
    """Return one gap with its causes in points."""
    row: Row = msgspec.json.decode(to_json(gap))
    return row | {"causes": {line.cause: line.lost / 100 for line in gap.causes}}


def experiment_row(experiment: Experiment) -> Row:
    """Return where one experiment stands, and its verdict."""
    expected = experiment.plan.expected
    return {
        "id": experiment.id,
        "title": experiment.title,
        "state": experiment.state,
        "iteration": experiment.iteration,
        "origin": msgspec.to_builtins(experiment.origin),
        "expected": None if expected is None else msgspec.to_builtins(expected),
        "verdict": None if experiment.verdict is None else msgspec.to_builtins(experiment.verdict),
        "decision": None if experiment.decision is None else experiment.decision.choice,
        "learning": None if experiment.learning is None else experiment.learning.text,
    }


def _scores(tables: Mapping[str, DayTable]) -> list[Row]:
    """Return the scores of each scope's table, scope by scope, those of nothing left out."""
    by_unit = [scope_scores(list(tables.values()), unit) for unit in UNITS]
    return [
        score_row(scope, score)
        for scope, scores in zip(tables, zip(*by_unit, strict=True), strict=True)
        for score in scores
        if score.n or score.unscored
    ]


def _weeks(tables: Mapping[str, DayTable], days: tuple[int, int]) -> list[Row]:
    """Return the scores of each week that holds anything, Monday to Sunday, in order, scope by scope."""
    found: dict[object, list[Row]] = {scope: [] for scope in tables}
    for monday in range(days[0] - (days[0] - MONDAY) % WEEK, days[1] + 1, WEEK):
        dates = {"from": render(Millis(monday * DAY)), "to": render(Millis((monday + WEEK) * DAY))}
        for row in _scores({scope: table.cut(monday, monday + WEEK - 1) for scope, table in tables.items()}):
            found[row["scope"]].append(dates | row)
    return [row for rows in found.values() for row in rows]


def _points(value: int | None) -> float | None:
    return None if value is None else value / 100
