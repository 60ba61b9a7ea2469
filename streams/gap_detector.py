"""Gaps, found: reads the day cells of every declared scope, walks the days not yet walked, keeps what changed.

How a gap is judged is in ``models.gaps``. A history imported later is walked from its first day, each day knowing only
what it could; days already walked are not judged twice. No more days are read than what is judged can depend on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from hashlib import sha256

import msgspec

from models.cells import value_of
from models.definitions import DeclaredScopes, Definitions
from models.gaps.burn_rate import Lost, burn_rate
from models.gaps.days import date_of, day_from
from models.gaps.detector import Change, Facts, Watch, days_needed, walk
from models.gaps.impact import assumptions_of
from models.gaps.metrics import METRICS, SCORES
from models.gaps.series import DayTable
from models.identifiers import DAY, FULL, HOUR, Millis
from models.scoring.scopes import holds_customers
from models.targets import Target
from store.database import Store
from streams.leadership import Leadership

BY = "ressenti"
WALKED = "gaps.walked"
LONG, SHORT = 6 * HOUR, HOUR
"""The two windows that must both burn."""


class Walked(msgspec.Struct, frozen=True):
    """The days already judged, both included, and what they were judged against."""

    first: int
    last: int
    targets: str


class GapDetector:
    """Looks for gaps; ``tick`` is for one thread at a time."""

    def __init__(self, store: Store, leadership: Leadership) -> None:
        self._store = store
        self._leadership = leadership
        self._looked: tuple[object, ...] = ()

    def tick(self, now: Millis) -> int:
        """Judge every day not judged yet, up to today, and keep what changed; return how many gaps changed.

        Cheap when nothing was folded since. Raises ``Fenced`` when another process leads, with nothing written.
        """
        looked = self._state(now)
        if looked == self._looked:
            return 0
        definitions = self._store.definitions.current()
        span = self._store.cells.span(definitions.active.version)
        if span is None:
            return 0
        targets = self._store.courses.targets()
        walked = Walked(span[0] // DAY, min(now, span[1]) // DAY, _digest(targets))
        start = self._start(walked, targets)
        kept = self._store.gaps.all()
        gaps = [each.gap for each in kept]
        first = max(walked.first, day_from(days_needed(gaps, date_of(start))))
        watch = self._watch(definitions, (first, walked.last), now)
        changes = walk(watch, gaps, date_of(start), date_of(walked.last))
        self._keep(changes, {each.gap.id: each.version for each in kept}, walked, now)
        self._looked = looked
        return len({change.gap.id for change in changes if change.what != "measured"})

    def _keep(self, changes: Sequence[Change], versions: dict[str, int], walked: Walked, now: Millis) -> None:
        """Write every gap that changed as it is after its last change, and how far was walked."""
        latest = {change.gap.id: change.gap for change in changes}
        with self._leadership.writing():
            self._store.gaps.save_all([(gap, versions.get(gap.id)) for gap in latest.values()], by=BY, now=now)
            self._store.settings.set(WALKED, msgspec.json.encode(walked).decode(), now)

    def _start(self, now: Walked, targets: Sequence[Target]) -> int:
        """Return the first day to judge: the last one judged; earlier when older days or other targets have come."""
        text = self._store.settings.get(WALKED)
        if text is None:
            return now.first
        before = msgspec.json.decode(text, type=Walked)
        if now.first < before.first:
            return now.first
        begun = [day_from(target.start) for target in targets] if now.targets != before.targets else []
        return min(max(now.first, min(begun, default=before.last)), before.last, now.last)

    def _state(self, now: Millis) -> tuple[object, ...]:
        """Return what must have changed for another look to find anything."""
        counters = self._store.partitions.counters()
        targets = self._store.courses.targets()
        return (counters.received, counters.due, now // DAY, targets, self._store.definitions.current().version)

    def _watch(self, definitions: Definitions, days: tuple[int, int], now: Millis) -> Watch:
        policy = definitions.active
        seen = (scope for scope in self._store.cells.scopes(policy.version) if "|" not in scope)
        scopes = sorted({*seen, *_declared(definitions.scopes)})
        targets = [target for target in self._store.courses.targets() if target.metric in METRICS]
        tables = self._tables(policy.version, {*scopes, *(target.scope for target in targets)}, days)
        return Watch(
            facts=Facts(tables, policy.version, assumptions_of(policy.impact), self._dissatisfied),
            targets=targets,
            changed=self._changed(targets),
            policy_since=self._policy_since(),
            searched=[(metric, scope) for scope in scopes for metric in SCORES if _is_kept(metric, scope)],
            burning=frozenset(target.id for target in targets if self._burns(target, policy.version, now)),
        )

    def _changed(self, targets: Sequence[Target]) -> dict[str, date]:
        """Return when each target's definition came into force, of those that had another before."""
        histories = {target.id: self._store.courses.history(target.id) for target in targets}
        return {name: _date(versions[-1].at) for name, versions in histories.items() if len(versions) > 1}

    def _policy_since(self) -> date | None:
        """Return when the active policy followed another; ``None`` when it was the first."""
        history = self._store.definitions.history()
        active = history[-1].policies[0]
        for earlier, later in zip(reversed(history[:-1]), reversed(history), strict=False):
            if earlier.policies[0] != active:
                return _date(later.at)
        return None

    def _tables(self, policy: str, scopes: Iterable[str], days: tuple[int, int]) -> Mapping[str, DayTable]:
        """Return the tables of ``days``, with the first day ever of each scope; none of scopes that hold nothing."""
        born = self._store.cells.first_days(policy)
        tables = self._store.day_tables.tables(policy, sorted(born.keys() & set(scopes)), days)
        return {scope: replace(table, born=born[scope]) for scope, table in tables.items()}

    def _burns(self, target: Target, policy: str, now: Millis) -> bool:
        aimed = target.value_on(_date(now))
        if aimed is None or target.metric not in SCORES:
            return False
        lost = [self._lost(target, policy, (Millis(now - span), now)) for span in (LONG, SHORT)]
        return burn_rate(aimed, *lost).burning

    def _lost(self, target: Target, policy: str, span: tuple[Millis, Millis]) -> Lost:
        unit = METRICS[target.metric].unit
        for known in ("contact", "journey", "customer"):
            if known == unit:
                score = value_of(self._store.cells.total(policy, target.scope, span), known)
                return Lost(score.n, score.n * (FULL - (score.value or 0)) / 100 if score.value is not None else 0.0)
        return Lost(0, 0.0)

    def _dissatisfied(self, _metric: str, scope: str, first: date, last: date) -> int | None:
        """Return how many customers had a journey there that ended dissatisfied; only where rows can tell."""
        start, end = Millis(day_from(first) * DAY), Millis((day_from(last) + 1) * DAY)
        below = self._store.definitions.current().active.dissatisfied.custom_percent * 100
        return self._store.journeys.dissatisfied(scope, (start, end), below)


def _declared(scopes: DeclaredScopes) -> Iterator[str]:
    """Yield the names of every declared scope, silent ones too: each is a place where a gap is looked for."""
    yield "all"
    for kind in ("touchpoint", "channel", "source"):
        yield from (f"{kind}:{value}" for value in getattr(scopes, f"{kind}s"))
    yield from (f"segment:{name}={value}" for name, value in scopes.segments)


def _is_kept(metric: str, scope: str) -> bool:
    """Tell whether ``scope`` has observations of ``metric`` at all; what cannot be observed is no hypothesis."""
    return METRICS[metric].unit != "customer" or holds_customers(scope)


def _digest(targets: Sequence[Target]) -> str:
    return sha256(msgspec.json.encode(list(targets))).hexdigest()


def _date(at: Millis) -> date:
    return date_of(at // DAY)
