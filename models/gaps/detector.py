"""The walk through the days that finds gaps: pure, the same for imported history (day by day) and for today.

``detect`` gives the changes of one day, ``walk`` those of many; ``standing`` says where one target is. Two families are
watched: declared targets, and every declared scope × metric against its own past. Reading cells and keeping gaps is for
``store``, the ticks for ``streams``.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from models.gaps import states
from models.gaps.days import date_of, day_from
from models.gaps.family import Change, Family
from models.gaps.gap import Gap, Judgement, Kind, State
from models.gaps.judging import judge
from models.gaps.measuring import ONSET_DAYS, Facts, judgement
from models.gaps.metrics import METRICS
from models.gaps.own_past import baseline_before
from models.gaps.rules import DEFAULT, GapRules
from models.gaps.series import series_of
from models.gaps.tracking import Track
from models.targets import Target

__all__ = ["Change", "Facts", "Watch", "days_needed", "detect", "standing", "standing_of_past", "walk"]


@dataclass(frozen=True, slots=True)
class Watch:
    """Everything gaps are looked for with. ``searched`` is every declared (metric, scope), with data or without."""

    facts: Facts
    targets: Sequence[Target] = ()
    searched: Sequence[tuple[str, str]] = ()
    changed: Mapping[str, date] = field(default_factory=dict)
    """By target id, the day its present definition came into force, when it had another before."""
    policy_since: date | None = None
    """The day the policy became the active one, when it followed another: evidence starts afresh."""
    burning: frozenset[str] = frozenset()
    """Ids of targets whose burn rate is too high now (``burn_rate``): seen even before there is a variance."""


def detect(watch: Watch, gaps: Iterable[Gap], today: date) -> list[Change]:
    """Return what changed by the evening of ``today`` (or by now, when the day is not over).

    Calling it again with the gaps it returned changes nothing more, so it may run every minute.
    """
    return walk(watch, gaps, today, today)


def walk(watch: Watch, gaps: Iterable[Gap], first: date, last: date) -> list[Change]:
    """Return, in order of days, what changed from ``first`` to ``last``, each day knowing only what it could.

    ``gaps`` are those already known, open or closed. For the last day each open gap is given again, ``measured``.
    """
    span = (day_from(first), day_from(last))
    known = list(gaps)
    tracks = _tracks(watch, span)
    changes = _withdrawn(known, tracks, first)
    gone = {change.gap.id for change in changes}
    _resume(watch, tracks, [gap for gap in known if gap.id not in gone])
    rules = watch.facts.rules
    declared = Family([t for t in tracks if t.kind == "target"], rules.declared_alpha, watch.facts)
    searched = Family([t for t in tracks if t.kind == "own_past"], rules.searched_alpha, watch.facts)
    for day in range(span[0], span[1] + 1):
        burning = watch.burning if day == span[1] else frozenset()
        changes += declared.evening(day, burning)
        changes += searched.evening(day, frozenset())
    return changes + declared.refreshed(span[1]) + searched.refreshed(span[1])


def days_needed(gaps: Iterable[Gap], first: date, rules: GapRules = DEFAULT) -> date:
    """Return the first day that tables must hold for a walk from ``first``, when they give ``born`` for what is older.

    The period of evidence that holds ``first`` and the eight weeks before it; of each open gap, the eight weeks
    before it began and the past it was measured against.
    """
    day = day_from(first) - max(rules.restart + rules.baseline, ONSET_DAYS + rules.baseline)
    for gap in gaps:
        if gap.open:
            day = min(day, day_from(gap.since) - rules.baseline, gap.baseline.first if gap.baseline else day)
    return date_of(day)


def standing(watch: Watch, target: Target, today: date) -> Judgement:
    """Return where a target stands: its value, interval and a sentence ("not enough data: 9 of 14 days")."""
    rules, metric = watch.facts.rules, METRICS[target.metric]
    series = series_of(watch.facts.table(target.scope), metric)
    day, anchor = day_from(today), _target_anchor(watch, target, series.since)
    begun = max(0, (day - anchor) // rules.stagger - (rules.abreast - 1))
    first = min(day, anchor + begun * rules.stagger)
    return judgement(judge(series, target.path, (first, day), rules, metric.worthwhile), day, metric, rules)


def standing_of_past(watch: Watch, metric: str, scope: str, today: date) -> str | None:
    """Return in words why a scope is not judged against its own past today, or ``None`` when it is."""
    series = series_of(watch.facts.table(scope), METRICS[metric])
    past = baseline_before(series, day_from(today), watch.facts.rules)
    return past if isinstance(past, str) else None


def _tracks(watch: Watch, span: tuple[int, int]) -> list[Track]:
    facts = watch.facts
    wanted: list[tuple[Kind, str, str, Target | None]] = [("target", t.metric, t.scope, t) for t in watch.targets]
    wanted += [("own_past", metric, scope, None) for metric, scope in watch.searched]
    return [
        Track(
            kind=kind,
            metric=METRICS[metric],
            scope=scope,
            table=facts.table(scope),
            path=target.path if target else None,
            target=target.id if target else None,
            owner=target.owner if target else None,
            span=span,
            rules=facts.rules,
        )
        for kind, metric, scope, target in wanted
    ]


def _resume(watch: Watch, tracks: Sequence[Track], gaps: Sequence[Gap]) -> None:
    """Give each track the gaps known of it, and start its evidence where it was."""
    by_id = {target.id: target for target in watch.targets}
    for track in tracks:
        mine = [gap for gap in gaps if _concerns(gap, track)]
        closed = [gap for gap in mine if gap.state is State.CLOSED]
        track.closed = max(closed, key=lambda gap: gap.closed or gap.first_seen, default=None)
        track.seen = next((gap for gap in mine if gap.open and gap.confirmed is None), None)
        changed = max(_day(watch.changed.get(track.target or "")), _day(watch.policy_since))
        confirmed = [gap for gap in mine if gap.open and gap.confirmed is not None]
        for gap in sorted(confirmed, key=lambda gap: gap.confirmed or gap.first_seen):
            track.hold(_carried(gap, track, watch.facts), max(_day(gap.adopted or gap.confirmed) + 1, changed))
        if track.target is not None:
            anchor = _target_anchor(watch, by_id[track.target], track.table.since)
        else:
            anchor = max(track.table.since + track.rules.baseline, changed, track.held_until + 1)
        track.start(max(anchor, _day(track.closed.closed) + 1 if track.closed else anchor))
        if track.seen is not None:
            track.forget_before(day_from(track.seen.first_seen))


def _carried(gap: Gap, track: Track, facts: Facts) -> Gap:
    """Return the gap under the policy in force: its past is measured again, from the same days."""
    if gap.policy == facts.policy:
        return gap
    past = baseline_before(track.series, gap.baseline.last + 1, track.rules) if gap.baseline else None
    return replace(gap, policy=facts.policy, baseline=gap.baseline if isinstance(past, str) else past)


def _concerns(gap: Gap, track: Track) -> bool:
    return (gap.kind, gap.metric, gap.scope, gap.target) == (track.kind, track.metric.name, track.scope, track.target)


def _target_anchor(watch: Watch, target: Target, data_from: int) -> int:
    """Return the first day whose evidence counts: the target's start, or the last change of target or policy."""
    return max(day_from(target.start), data_from, _day(watch.changed.get(target.id)), _day(watch.policy_since))


def _day(day: date | None) -> int:
    return day_from(day) if day is not None else 0


def _withdrawn(gaps: Sequence[Gap], tracks: Sequence[Track], on: date) -> list[Change]:
    """Return the closing of open gaps that nobody watches any more: their target or their scope is gone."""
    changes = []
    for gap in gaps:
        if not gap.open or any(_concerns(gap, track) for track in tracks):
            continue
        why = "the target was withdrawn" if gap.kind == "target" else "the scope is no longer declared"
        if gap.confirmed is None:
            changes.append(Change("faded", on, states.fade(gap, on, why)))
        else:
            changes.append(Change("closed", on, states.close(gap, on, why)))
    return changes
