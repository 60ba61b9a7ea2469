"""The shipped courses: readable, on scopes that exist, without contradictions, in force from the first day."""

from demo import courses, trial
from demo.courses import day
from models.identifiers import DAY
from models.targets_file import load

START = 1_790_640_000_000 // DAY * DAY


def test_the_shipped_file_is_one_the_product_reads_without_warnings() -> None:
    scopes = [f"touchpoint:{name}" for name in courses.scopes().touchpoints]
    loaded = load(courses.text(), scopes)
    assert loaded.warnings == ()
    assert len(loaded.targets) == 4


def test_every_target_applies_from_the_first_day() -> None:
    targets = [target for course in courses.courses(START) for target in course.targets]
    assert {target.start for target in targets} == {day(START)}
    assert all(target.value_on(day(START)) == target.start_value for target in targets)


def test_the_experiment_answers_a_target() -> None:
    targets = [target for course in courses.courses(START) for target in course.targets]
    (its,) = [target for target in targets if (target.scope, target.metric) == (trial.SCOPE, trial.METRIC)]
    assert its.owner == trial.OWNER.name
