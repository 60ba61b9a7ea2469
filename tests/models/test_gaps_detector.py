from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from models.gaps import states
from models.gaps.days import Day, day_from
from models.gaps.detector import Change, Facts, Watch, days_needed, detect, standing, standing_of_past, walk
from models.gaps.gap import Gap, State, from_json, to_json
from models.gaps.impact import Assumptions, Range
from models.gaps.series import DayTable, table_of
from models.targets import Target
from tests.models.gaps_company import Company, table

FIRST = date(2017, 6, 5)
SLUMP, BACK = date(2017, 11, 24), date(2018, 1, 12)
LAST = date(2018, 5, 1)
SPAN = (LAST - FIRST).days + 1
CALM = Company(days=SPAN, customers=2000, per_day=40, customer_spread=5, day_spread=1, r=0.2)
TARGET = Target("keep", "c", "journey_score", "source:shop", 80, 80, FIRST, LAST, "Ada")
BELIEVED = Assumptions(Range(0.15, 0.55, 0.90), 0.03, Range(60.0, 120.0, 240.0))


def shop(seed: int = 1, drop: float = 10.0, back: date = BACK) -> DayTable:
    at, until = (SLUMP - FIRST).days, (back - FIRST).days
    company = replace(CALM, drop=drop, drop_at=at, back_at=until)
    return table(company.series(np.random.default_rng(seed)), day_from(FIRST))


def watch(scope: DayTable, *, targets: Sequence[Target] = (TARGET,), searched: bool = False) -> Watch:
    facts = Facts({"source:shop": scope, "all": scope}, "p1", BELIEVED, lambda *_: 50)
    return Watch(facts, targets, [("journey_score", "source:shop")] if searched else [])


def told(changes: Sequence[Change]) -> list[str]:
    return [change.what for change in changes if change.what not in ("measured", "seen", "faded")]


def the(what: str, changes: Sequence[Change]) -> Change:
    (found,) = [change for change in changes if change.what == what]
    return found


@pytest.mark.parametrize("kind", ["target", "own_past"])
def test_a_slump_of_a_past_november_is_found_dated_and_kept(kind: str) -> None:
    by_target = kind == "target"
    watched = watch(shop(), targets=(TARGET,) if by_target else (), searched=not by_target)
    changes = walk(watched, [], FIRST, LAST)
    assert told(changes) == ["confirmed", "closed"]
    found, closed = the("confirmed", changes), the("closed", changes)
    assert found.gap.kind == kind
    assert abs((found.gap.since - SLUMP).days) <= 2
    assert found.gap.first_seen <= found.on
    assert SLUMP + timedelta(7) <= found.on <= SLUMP + timedelta(56)
    assert found.gap.judged.shortfall > 3
    assert BACK + timedelta(24) <= closed.on <= BACK + timedelta(60)
    assert closed.gap.id == found.gap.id
    assert [step.became for step in closed.gap.steps][-2:] == [State.CONFIRMED, State.CLOSED]


def test_the_walk_knows_no_future() -> None:
    whole = walk(watch(shop(), searched=True), [], FIRST, LAST)
    scope = shop()
    cut_at = SLUMP + timedelta(40)
    count = (cut_at - FIRST).days + 1
    known = {key: values[:count] for key, values in scope.grouped.items()}
    until = DayTable(scope.first, known, scope.names, scope.totals[:count])
    past = walk(watch(until, searched=True), [], FIRST, cut_at)
    early = [c for c in whole if c.on <= cut_at and c.what != "measured"]
    assert [(c.what, c.on, c.gap.id) for c in past if c.what != "measured"] == [(c.what, c.on, c.gap.id) for c in early]


def test_day_by_day_with_stored_gaps_is_the_same_as_one_walk() -> None:
    watched = watch(shop(), searched=True)
    start, end = SLUMP - timedelta(3), BACK + timedelta(50)
    whole = [c for c in walk(watched, [], start, end) if c.what != "measured"]
    kept: dict[str, Gap] = {}
    daily: list[Change] = []
    for i in range((end - start).days + 1):
        for change in detect(watched, [from_json(to_json(gap)) for gap in kept.values()], start + timedelta(i)):
            kept[change.gap.id] = change.gap
            if change.what != "measured":
                daily.append(change)
    assert [(c.what, c.on, c.gap.id) for c in daily] == [(c.what, c.on, c.gap.id) for c in whole]
    assert told(daily)


def test_tables_cut_to_the_days_needed_give_the_same() -> None:
    whole = shop()
    watched = watch(whole, searched=True)
    kept: dict[str, Gap] = {}
    for i in range((BACK - SLUMP).days + 60):
        day = SLUMP + timedelta(i)
        cut = day_from(days_needed(kept.values(), day)) - whole.first
        short = whole.cut(whole.first + cut, whole.last)
        changes = detect(watched, kept.values(), day)
        assert detect(watch(short, searched=True), kept.values(), day) == changes
        kept |= {change.gap.id: change.gap for change in changes}
    assert {gap.state for gap in kept.values()} >= {State.CLOSED}


def test_an_older_history_never_moves_what_is_known_to_before_it_was_seen() -> None:
    watched = watch(shop(drop=0.0, seed=3))
    seen = next(c.gap for c in walk(watched, [], FIRST, LAST) if c.what == "seen")
    changes = walk(watched, [seen], FIRST, LAST)
    assert min(c.on for c in changes if c.gap.id == seen.id) >= seen.first_seen


def test_detecting_again_changes_nothing() -> None:
    watched = watch(shop())
    day = the("confirmed", walk(watched, [], FIRST, LAST)).on
    before = walk(watched, [], FIRST, day - timedelta(1))
    first = detect(watched, [c.gap for c in before if c.what == "measured"], day)
    assert told(first) == ["confirmed"]
    kept = [c.gap for c in first if c.what == "measured"]
    again = detect(watched, kept, day)
    assert [c.what for c in again] == ["measured"]
    assert [c.gap for c in again] == kept


def test_a_slump_that_only_answers_tell_is_dated_too() -> None:
    rng = np.random.default_rng(11)
    cells = []
    for day in range(200):
        worse = 15_00 if 120 <= day < 160 else 0
        for group in range(32):
            n = int(rng.poisson(2))
            unsaid = int(n * (10_00 + worse) + rng.normal(0, 800) * np.sqrt(n))
            cells.append((Day(day_from(FIRST) + day), group, _told_only(n, unsaid)))
    target = replace(TARGET, start_value=87.0, end_value=87.0)
    for watched in (watch(table_of(cells), targets=[target]), watch(table_of(cells), targets=(), searched=True)):
        gap = the("confirmed", walk(watched, [], FIRST, FIRST + timedelta(155))).gap
        assert abs((gap.since - FIRST).days - 120) <= 1
        assert gap.causes[0].cause == "said"


def _told_only(n: int, gap: int) -> dict[str, int]:
    lost = 300 * n
    counts = {"journey.n": n, "journey.f": 10_000 * n - lost, "journey.loss.late": lost}
    return counts | {"journey.said": n, "journey.gap": gap}


def test_a_few_good_contacts_do_not_close_a_gap() -> None:
    series = replace(CALM, drop=10.0, drop_at=60, back_at=100).series(np.random.default_rng(12))
    thin = np.zeros(series.n.shape)
    thin[100:, 0] = 1
    series.f[100:] = 95 * thin[100:]
    series.n[100:] = thin[100:]
    changes = walk(watch(table(series, day_from(FIRST))), [], FIRST, FIRST + timedelta(200))
    assert told(changes) == ["confirmed"]
    assert the("measured", changes).gap.now.value > 80


def test_no_slump_no_gap() -> None:
    assert told(walk(watch(shop(seed=2, drop=0.0), searched=True), [], FIRST, LAST)) == []


def test_a_gap_carries_its_causes_reach_and_impact() -> None:
    gap = the("confirmed", walk(watch(shop()), [], FIRST, LAST)).gap
    (late,) = gap.causes
    assert late.cause == "late"
    assert late.grew is not None
    assert 500 < late.grew <= late.lost
    assert gap.reach is not None
    assert (gap.reach.share, gap.reach.dissatisfied) == (1.0, 50)
    assert gap.impact is not None
    assert gap.impact.leaving.middle == pytest.approx(50 * 0.52)


def test_a_gap_that_comes_back_within_180_days_is_the_old_one() -> None:
    series = replace(CALM, days=320, drop=12.0, drop_at=60, back_at=130).series(np.random.default_rng(4))
    series.f[200:240] -= 12.0 * series.n[200:240]
    watched = watch(table(series, day_from(FIRST)))
    first = walk(watched, [], FIRST, FIRST + timedelta(100))
    gap = next(c.gap for c in first if c.what == "measured" and c.gap.confirmed)
    tried = states.begin_experiment(gap, "x1", FIRST + timedelta(101))
    helped = states.adopt(tried, "x1", FIRST + timedelta(105))
    changes = walk(watched, [helped], FIRST + timedelta(106), FIRST + timedelta(319))
    assert told(changes) == ["closed", "reopened", "closed"]
    assert the("reopened", changes).gap.id == gap.id
    assert the("reopened", changes).gap.did_not_hold == ("x1",)


def test_a_drop_that_never_comes_back_does_not_hide_the_next_one() -> None:
    series = replace(CALM, days=400, drop=10.0, drop_at=80).series(np.random.default_rng(5))
    series.f[250:] -= 10.0 * series.n[250:]
    watched = watch(table(series, day_from(FIRST)), targets=(), searched=True)
    changes = walk(watched, [], FIRST, FIRST + timedelta(399))
    confirmed = [c for c in changes if c.what == "confirmed"]
    began = [(c.gap.since - FIRST).days for c in confirmed]
    assert [abs(day - at) <= 2 for day, at in zip(began, (80, 250), strict=True)] == [True, True]
    assert sum(c.what == "measured" for c in changes) == 2


def test_volume_that_starts_is_not_a_gap() -> None:
    series = CALM.series(np.random.default_rng(6))
    series.n[:30] = 0
    series.f[:30] = 0
    series.f[30:60] += 15 * series.n[30:60]
    scope = table(series, day_from(FIRST))
    watched = watch(scope, targets=(), searched=True)
    assert scope.first == day_from(FIRST) + 30
    assert walk(watched, [], FIRST, FIRST + timedelta(85)) == []
    assert standing_of_past(watched, "journey_score", "source:shop", FIRST + timedelta(40)) == (
        "not judged against its past: 10 of 56 days since its first data"
    )


def test_before_the_floor_it_is_said_how_much_is_missing() -> None:
    watched = watch(shop(drop=0.0))
    assert standing(watched, TARGET, FIRST + timedelta(8)).words.startswith("not enough data: 9 of 14 days; so far")
    assert " journeys on 20 days" in standing(watched, TARGET, FIRST + timedelta(19)).words
    nothing = Watch(Facts({}, "p1"), [TARGET])
    assert standing(nothing, TARGET, FIRST).words == (
        "not enough data: 0 of 14 days, 0 of 30 journeys, 0 of 10 customer groups"
    )


def test_nothing_is_confirmed_before_the_floor() -> None:
    watched = watch(shop(drop=60.0))
    early = walk(watched, [], FIRST, SLUMP + timedelta(200))
    assert the("confirmed", early).on >= SLUMP
    young = replace(TARGET, start=SLUMP)
    changes = walk(watch(shop(drop=60.0), targets=[young]), [], SLUMP, SLUMP + timedelta(30))
    assert the("confirmed", changes).on == SLUMP + timedelta(13)
    assert the("seen", changes).on == SLUMP + timedelta(6)


def test_a_burning_target_is_seen_at_once() -> None:
    young = replace(TARGET, start=SLUMP)
    burning = replace(watch(shop(drop=60.0), targets=[young]), burning=frozenset({"keep"}))
    assert [c.what for c in detect(burning, [], SLUMP)] == ["seen", "measured"]


def test_a_withdrawn_target_closes_its_gap_and_says_so() -> None:
    watched = watch(shop())
    gap = the("confirmed", walk(watched, [], FIRST, LAST)).gap
    (change,) = detect(replace(watched, targets=[]), [gap], LAST)
    assert (change.what, change.gap.steps[-1].why) == ("closed", "the target was withdrawn")


def test_a_changed_target_starts_its_evidence_afresh() -> None:
    found = the("confirmed", walk(watch(shop()), [], FIRST, LAST)).on
    changed = replace(watch(shop()), changed={"keep": found - timedelta(5)})
    later = the("confirmed", walk(changed, [], found - timedelta(5), LAST)).on
    assert later >= found + timedelta(8)


def test_an_acceptance_ends_by_itself() -> None:
    watched = watch(shop())
    gap = the("confirmed", walk(watched, [], FIRST, LAST)).gap
    on = gap.confirmed or FIRST
    accepted = states.accept(gap, "Ada", "known", on + timedelta(5), on=on)
    changes = walk(watched, [accepted], on + timedelta(1), on + timedelta(8))
    assert [(c.what, c.on) for c in changes if c.what != "measured"] == [("expired", on + timedelta(6))]


def test_another_policy_measures_the_past_again() -> None:
    watched = watch(shop(), targets=(), searched=True)
    gap = the("confirmed", walk(watched, [], FIRST, LAST)).gap
    higher = shop()
    raised = {**higher.grouped, "journey.f": higher.grouped["journey.f"] + 300 * higher.grouped["journey.n"]}
    facts = Facts({"source:shop": replace(higher, grouped=raised)}, "p2")
    (change,) = detect(Watch(facts, [], watched.searched), [gap], (gap.confirmed or FIRST) + timedelta(1))
    assert change.gap.policy == "p2"
    assert gap.baseline is not None
    assert change.gap.baseline is not None
    assert change.gap.baseline.weekdays[0] == pytest.approx(gap.baseline.weekdays[0] + 3)


def test_less_is_better_where_the_metric_says_so() -> None:
    rng = np.random.default_rng(7)
    cells = []
    for day in range(120):
        for group in range(32):
            n = int(rng.poisson(3))
            lost = int(rng.binomial(n, 0.05 if day < 60 else 0.25))
            cells.append(
                (Day(day_from(FIRST) + day), group, {"contact.observed.abandoned": n, "contact.abandoned": lost})
            )
    target = replace(TARGET, metric="abandonment", start_value=6.0, end_value=5.0)
    changes = walk(watch(table_of(cells), targets=[target]), [], FIRST, FIRST + timedelta(119))
    gap = the("confirmed", changes).gap
    assert gap.since == FIRST + timedelta(60)
    assert gap.judged.value > gap.judged.target > 0
    assert "against" in gap.judged.words
    assert "%" in gap.judged.words


def test_searching_everywhere_keeps_false_gaps_rare() -> None:
    rng = np.random.default_rng(8)
    calm = replace(CALM, days=190, per_day=15, customer_spread=8, day_spread=2, r=0.3)
    tables = {f"channel:c{i}": table(calm.series(rng), day_from(FIRST)) for i in range(30)}
    fallen = replace(calm, drop=15.0, drop_at=100)
    tables |= {f"channel:d{i}": table(fallen.series(rng), day_from(FIRST)) for i in range(5)}
    watched = Watch(Facts(tables, "p1"), [], [("journey_score", scope) for scope in tables])
    changes = walk(watched, [], FIRST, FIRST + timedelta(189))
    found = Counter(c.gap.scope[:9] for c in changes if c.what == "confirmed")
    assert found["channel:d"] == 5
    assert found["channel:c"] <= 1


def test_scopes_in_any_order_give_the_same_gaps() -> None:
    tables = {"source:shop": shop(), "channel:web": shop(seed=2), "all": shop(seed=3, drop=0.0)}
    searched = [("journey_score", scope) for scope in tables]
    one = walk(Watch(Facts(tables, "p1"), [], searched), [], FIRST, LAST)
    other = walk(Watch(Facts(tables, "p1"), [], searched[::-1]), [], FIRST, LAST)
    assert sorted((c.on, c.what, c.gap.id) for c in one) == sorted((c.on, c.what, c.gap.id) for c in other)
