from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import InvalidInput
from models.gaps.days import Day, day_from
from models.gaps.metrics import METRICS
from models.gaps.series import series_of, table_of
from models.targets import (
    Course,
    Target,
    conflicts,
    course_from_json,
    faults_of,
    target_from_json,
    to_json,
)
from models.targets_file import load, render

SCOPES = ("all", "channel:phone", "channel:chat", "touchpoint:billing")
WAIT = Target("w", "c", "wait", "channel:phone", 120.0, 60.0, date(2026, 1, 1), date(2026, 6, 30), "Ada")
GONE = replace(WAIT, id="a", metric="abandonment", start_value=8.0, end_value=4.0)
FILE = """
[[course]]
id = "heard"
sentence = "I told my story once."
owner = "Claire Martin"

[[course.target]]
id = "phone"
metric = "journey_score"
scope = "channel:phone"
start_value = 70
end_value = 80.5
start = 2026-01-01
end = 2026-06-30
"""


@given(st.integers(0, 400), st.floats(0, 100), st.floats(0, 100))
def test_the_path_is_a_straight_line_that_stays_at_its_end(day: int, start: float, end: float) -> None:
    target = Target("t", "c", "journey_score", "all", start, end, date(2026, 1, 1), date(2026, 7, 20), "Ada")
    value = target.value_on(date(2026, 1, 1) + timedelta(day))
    assert value == pytest.approx(start + min(day / 200, 1.0) * (end - start), abs=1e-9)


def test_a_path_where_less_is_better_is_turned_round() -> None:
    path = WAIT.path(day_from(WAIT.start) - 1, 2)
    assert np.isnan(path[0])
    assert path[1] == -120.0
    assert WAIT.value_on(WAIT.end) == 60.0
    assert WAIT.value_on(WAIT.start - timedelta(1)) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metric": "jurney_scor"}, "t.metric: 'jurney_scor' is not a metric; did you mean 'journey_score'"),
        ({"scope": "channel:fone"}, "t.scope: 'channel:fone' is not a declared scope; did you mean 'channel:phone'"),
        ({"scope": "zz"}, "use one of 'all', 'channel:chat', 'channel:phone', 'touchpoint:billing'"),
        ({"end_value": -1.0}, "t.end_value: -1 is outside 0 to"),
        ({"end": date(2026, 1, 1)}, "t.end: 2026-01-01 is not after the start, 2026-01-01; give a later day"),
    ],
)
def test_each_fault_names_field_fault_and_remedy(change: dict[str, object], message: str) -> None:
    faults = faults_of(replace(WAIT, **change), SCOPES, "t")  # type: ignore[arg-type]
    assert message in str(faults[0])


def test_a_sound_target_has_no_fault() -> None:
    assert [faults_of(replace(WAIT, metric=name, start_value=50, end_value=60), SCOPES) for name in METRICS] == [
        []
    ] * len(METRICS)


def test_a_wait_that_may_grow_while_abandonment_must_fall_is_said() -> None:
    (said, *_) = conflicts([replace(WAIT, end_value=300.0), GONE])
    assert "a asks for a better abandonment while w lets wait get worse" in said


def test_fewer_abandon_than_their_patience_allows_is_said() -> None:
    (said,) = conflicts([WAIT, replace(GONE, end_value=2.0)])
    assert "with a wait of 60 s about 4.0 % abandon" in said
    assert "asks for a wait of 30 s" in said


def test_a_service_level_the_wait_already_assures_is_said() -> None:
    level = replace(WAIT, id="s", metric="service_level", start_value=20.0, end_value=40.0)
    (said,) = conflicts([WAIT, level])
    assert "already serves 50 % within 120 s" in said


def test_two_values_for_one_thing_are_said() -> None:
    (said,) = conflicts([WAIT, replace(WAIT, id="v", end_value=50.0)])
    assert "w wants 60 and v wants 50" in said


def test_targets_that_agree_or_concern_other_queues_say_nothing() -> None:
    assert conflicts([WAIT, GONE, replace(WAIT, id="z", scope="channel:chat", end_value=900.0)]) == []


def test_a_file_is_read_and_the_owner_falls_back_to_the_courses() -> None:
    loaded = load(FILE, SCOPES)
    (target,) = loaded.targets
    assert (target.owner, target.course, target.end_value, target.end) == (
        "Claire Martin",
        "heard",
        80.5,
        date(2026, 6, 30),
    )
    assert loaded.warnings == ()


def test_what_is_written_is_read_back() -> None:
    course = Course("c", 'They said: "at once" — né\\é', "Ada", (WAIT, GONE))
    assert load(render([course]), SCOPES).courses == (course,)


def test_contradictions_in_a_file_are_warned_of_and_kept() -> None:
    course = Course("c", "s", "Ada", (WAIT, replace(GONE, end_value=1.0)))
    loaded = load(render([course]), SCOPES)
    assert len(loaded.targets) == 2
    assert len(loaded.warnings) == 1


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("journey_score", "jurney_score", "course[0].target[0].metric: 'jurney_score' is not a metric; did you mean"),
        ("channel:phone", "channel:phnoe", "course[0].target[0].scope: 'channel:phnoe' is not a declared scope"),
        ("end_value = 80.5", "end_valu = 80.5", "'end_valu' is not a key of this file; did you mean 'end_value'"),
        ("end_value = 80.5", "", "course[0].target[0].end_value: is missing; add it"),
        ("end_value = 80.5", "end_value = nan", "course[0].target[0].end_value: input should be a finite number"),
        ("end_value = 80.5", 'end_value = "80"', "course[0].target[0].end_value: input should be a valid number"),
        ("end = 2026-06-30", 'end = "30/06/2026"', "'30/06/2026' is not a date; write it as 2026-06-30, unquoted"),
        ('id = "phone"', 'id = "The Phone"', "'The Phone' is not an id; use small letters"),
        ('id = "phone"', 'id = "heard"', "course[0].target[0].id: 'heard' is used twice; give each its own id"),
        ('sentence = "I told my story once."', 'sentence = ""', "course[0].sentence"),
        ("[[course.target]]", "[[course.target", "targets: not valid TOML"),
    ],
)
def test_a_wrong_file_changes_nothing_and_says_where(old: str, new: str, message: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        load(FILE.replace(old, new), SCOPES)
    assert message in str(refused.value)


def test_every_fault_of_a_file_is_told_at_once() -> None:
    broken = FILE.replace("journey_score", "x").replace("channel:phone", "y")
    with pytest.raises(InvalidInput) as refused:
        load(broken, SCOPES)
    assert str(refused.value).count(" | ") == 1


def test_courses_and_targets_travel_as_json_unchanged() -> None:
    course = Course("c", "s", "Ada", (WAIT,))
    assert course_from_json(to_json(course)) == course
    assert target_from_json(to_json(WAIT)) == WAIT
    with pytest.raises(InvalidInput, match="set it again"):
        target_from_json("{}")
    with pytest.raises(InvalidInput, match="set it again"):
        course_from_json("no")


def test_contacts_whose_source_tells_no_outcome_are_no_evidence_of_patience() -> None:
    silent = table_of([(Day(1), 0, {"contact.n": 100, "contact.f": 950_000})])
    told = table_of([(Day(1), 0, {"contact.n": 100, "contact.observed.abandoned": 50, "contact.abandoned": 10})])
    assert series_of(silent, METRICS["abandonment"]).n.sum() == 0
    heard = series_of(told, METRICS["abandonment"])
    assert (heard.n.sum(), -heard.f.sum() / heard.n.sum()) == (50, 20)
