from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import Forbidden, InvalidInput
from models.gaps import states
from models.gaps.causes import CauseLine
from models.gaps.days import Day
from models.gaps.gap import Gap, Judgement, Reach, State, from_json, to_json
from models.gaps.impact import Impact, Range
from models.gaps.own_past import Baseline

ON = date(2026, 3, 1)
JUDGED = Judgement(ON, ON, 72.0, 80.0, 8.0, 3.0, 13.0, 400, 20, 32, 50, weak=False, words="short by 8.0 points")
SEEN = Gap("g", "target", "journey_score", "all", State.SEEN, "p", ON, ON, JUDGED, JUDGED)
PAST = Baseline(Day(1), Day(56), (80.0,) * 7, 0.5, 4.0, 0.7)


def confirmed() -> Gap:
    return states.confirm(SEEN, ON, JUDGED, 4.2, None)


def test_a_gap_lives_from_seen_to_closed_and_tells_each_step() -> None:
    gap = states.begin_experiment(confirmed(), "x1", ON)
    gap = states.close(states.adopt(gap, "x1", ON), ON + timedelta(60), "at target")
    assert [step.became for step in gap.steps] == [
        State.CONFIRMED,
        State.IN_EXPERIMENT,
        State.IN_EXPERIMENT,
        State.CLOSED,
    ]
    assert (gap.closed_by, gap.closed, gap.open) == ("x1", ON + timedelta(60), False)


def test_coming_back_marks_the_experiment_that_closed_it() -> None:
    gap = states.close(states.adopt(states.begin_experiment(confirmed(), "x1", ON), "x1", ON), ON, "at target")
    again = states.reopen(gap, ON + timedelta(100), JUDGED, 5.0, None)
    assert again.did_not_hold == ("x1",)
    assert (again.state, again.reopened, again.closed, again.experiment) == (
        State.CONFIRMED,
        (ON + timedelta(100),),
        None,
        None,
    )


def test_a_gap_that_closed_without_an_adopted_experiment_blames_none() -> None:
    gap = states.close(states.begin_experiment(confirmed(), "x1", ON), ON, "at target")
    assert states.reopen(gap, ON, JUDGED, 5.0, None).did_not_hold == ()


@pytest.mark.parametrize(("days", "may"), [(0, True), (180, True), (181, False)])
def test_it_is_the_same_gap_for_180_days(days: int, may: bool) -> None:  # noqa: FBT001 - a case's expectation
    closed = states.close(confirmed(), ON, "at target")
    assert states.may_reopen(closed, ON + timedelta(days)) is may


def test_an_experiment_that_did_not_help_leaves_the_gap_confirmed() -> None:
    gap = states.end_experiment(states.begin_experiment(confirmed(), "x1", ON), ON, "no worthwhile effect")
    assert (gap.state, gap.experiment) == (State.CONFIRMED, None)


def test_an_accepted_gap_still_counts_and_comes_back() -> None:
    accepted = states.accept(confirmed(), "Ada", "new building in June", ON + timedelta(90), on=ON)
    assert accepted.open
    back = states.expire(accepted, ON + timedelta(91))
    assert (back.state, back.accepted) == (State.CONFIRMED, None)


def test_a_gap_confirmed_while_accepted_comes_back_confirmed() -> None:
    accepted = states.accept(SEEN, "Ada", "known", ON + timedelta(10), on=ON)
    gap = states.confirm(accepted, ON + timedelta(5), JUDGED, 4.0, None)
    assert gap.state is State.ACCEPTED
    assert states.expire(gap, ON + timedelta(11)).state is State.CONFIRMED


@pytest.mark.parametrize(
    ("owner", "reason", "days"), [("", "why", 10), ("Ada", " ", 10), ("Ada", "why", 91), ("Ada", "why", 0)]
)
def test_accepting_needs_an_owner_a_reason_and_an_end(owner: str, reason: str, days: int) -> None:
    with pytest.raises(Forbidden, match=r"gap g: accept"):
        states.accept(confirmed(), owner, reason, ON + timedelta(days), on=ON)


def test_only_the_experiment_running_on_it_can_be_adopted() -> None:
    with pytest.raises(Forbidden, match="x2 is not running"):
        states.adopt(states.begin_experiment(confirmed(), "x1", ON), "x2", ON)


def test_no_experiment_begins_on_what_is_not_confirmed() -> None:
    with pytest.raises(Forbidden, match="seen cannot become in_experiment"):
        states.begin_experiment(SEEN, "x1", ON)


@given(st.lists(st.sampled_from(sorted(State)), max_size=8))
def test_no_way_leads_around_the_table(path: list[State]) -> None:
    gap = SEEN
    moves = {
        State.CONFIRMED: lambda g: states.confirm(g, ON, JUDGED, 4.0, None),
        State.IN_EXPERIMENT: lambda g: states.begin_experiment(g, "x", ON),
        State.CLOSED: lambda g: states.close(g, ON, "done"),
        State.FADED: lambda g: states.fade(g, ON, "gone"),
        State.ACCEPTED: lambda g: states.accept(g, "Ada", "why", ON + timedelta(9), on=ON),
    }
    for became in path:
        if became is State.SEEN:
            continue
        before = gap
        try:
            gap = moves[became](gap)
        except Forbidden:
            assert gap is before
        else:
            behind = before.accepted.back_to if before.accepted else before.state
            assert gap.state in states.ALLOWED[behind] | {behind, State.ACCEPTED}
            assert (gap.accepted is not None) == (gap.state is State.ACCEPTED)
            assert gap.confirmed or gap.state in (State.SEEN, State.FADED, State.ACCEPTED)


def test_a_gap_travels_as_json_unchanged() -> None:
    gap = replace(
        confirmed(),
        kind="own_past",
        baseline=PAST,
        causes=(CauseLine("late", 300, 120), CauseLine("repaired", -20, None)),
        reach=Reach(400, 0.2, 31),
        impact=Impact(31, Range(1.0, 2.0, 3.0), Range(10.0, 20.0, 30.0), (("late", 10_000),)),
        did_not_hold=("x1",),
    )
    gap = states.accept(gap, "Ada", "née à Genève", ON + timedelta(9), on=ON)
    assert from_json(to_json(gap)) == gap


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"id": 3}', b"\xff"])
def test_anything_else_is_refused_with_a_remedy(text: str | bytes) -> None:
    with pytest.raises(InvalidInput, match="restore the row"):
        from_json(text)
