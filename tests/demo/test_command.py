"""The whole demo, lived through once: what is found is what was planted; and what the command refuses."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo import story
from demo.clock import DemoClock
from demo.command import Lived, folder_for
from demo.feed import Scale
from demo.findings import Findings
from demo.loading import collect
from demo.showing import as_json, show
from experiments.states import State
from experiments.verdict import SUCCESSES
from models.errors import InvalidInput
from models.gaps.gap import State as GapState
from models.identifiers import Millis
from streams.bootstrap import opened
from streams.settings import read


@dataclass(frozen=True)
class Demo:
    """A demo that was lived through, its house still open."""

    lived: Lived
    found: Findings


class Told(DemoClock):
    """The same moment for every run, so that a seed gives one company and not another each hour."""

    @staticmethod
    def machine() -> Millis:
        return Millis(1_795_428_000_000)  # 2026-11-23T10:00:00Z


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    clock = Told()
    with opened(read({}, data=tmp_path_factory.mktemp("demo")), clock) as house:
        lived = Lived(house, clock, Scale(seed=4, customers=4_000))
        with house.leading():
            yield Demo(lived, lived.through(quiet=True))


@pytest.mark.slow
def test_every_event_is_scored_and_none_refused(demo: Demo) -> None:
    counters = demo.found.counters
    assert counters.received > 40_000
    assert counters.dead_letters == 0
    assert counters.duplicates == 0
    assert counters.received == counters.scored


@pytest.mark.slow
def test_the_gap_against_its_target_names_the_planted_causes(demo: Demo) -> None:
    (gap,) = [
        one for one in demo.found.gaps if one.gap.scope == "touchpoint:outage_support" and one.gap.kind == "target"
    ]
    assert gap.gap.state is GapState.IN_EXPERIMENT
    found = [line.cause for line in gap.gap.causes[:3]]
    assert set(found[:2]) == set(list(gap.planted)[:2]) == {"wait", "repeated_step"}
    assert found[2] == "context_lost"


@pytest.mark.slow
def test_the_drop_since_the_new_carrier_is_found_with_its_cause_and_its_date(demo: Demo) -> None:
    gaps = [one for one in demo.found.gaps if one.gap.kind == "own_past" and one.gap.scope == "touchpoint:delivery"]
    assert [one.gap.metric for one in gaps if one.gap.metric == "journey_score"] == ["journey_score"]
    for one in gaps:
        if one.gap.metric != "journey_score":
            continue
        grew = max(one.gap.causes, key=lambda line: line.grew or 0)
        assert grew.cause == "late"
        # Journeys count when they begin, and the youngest deliveries are not late yet: never all of what is planted.
        assert 0.6 * one.planted["late"] < (grew.grew or 0) / 100 < 1.25 * one.planted["late"]
        assert one.gap.state is GapState.CONFIRMED


@pytest.mark.slow
def test_the_experiment_waits_for_its_owner_with_a_verdict_that_holds_the_planted_effect(demo: Demo) -> None:
    experiment = demo.found.experiment
    verdict = experiment.verdict
    assert experiment.state is State.EVALUATED
    assert verdict is not None
    assert verdict.kind in SUCCESSES
    assert verdict.worked == "for the stated reason"
    assert verdict.low is not None
    assert verdict.high is not None
    assert verdict.low - 0.5 < demo.found.true_effect < verdict.high + 0.5
    acts = [entry.act for entry in experiment.audit]
    assert acts[0] == "open"
    assert acts[-1] == "conclude"


@pytest.mark.slow
def test_the_story_scores_as_worked_by_hand_and_is_rescued_in_the_chat(demo: Demo) -> None:
    assert [moment.found for moment in demo.found.story] == [moment.score for moment in story.MOMENTS]
    assert [at for at, moment in enumerate(demo.found.story) if moment.rescue] == [story.RESCUED_AT]


@pytest.mark.slow
def test_people_wait_to_be_called(demo: Demo) -> None:
    assert demo.found.calls
    assert all(call.row.act for call in demo.found.calls)


@pytest.mark.slow
def test_the_findings_print_and_are_json(demo: Demo, capsys: pytest.CaptureFixture[str]) -> None:
    show(demo.found)
    printed = capsys.readouterr().out
    assert "Every score is the one worked by hand beforehand." in printed
    assert "inside the interval" in printed
    document = json.loads(json.dumps(as_json(demo.found)))
    assert {"scores", "gaps", "rescues", "experiment", "story", "counters"} == document.keys()


@pytest.mark.slow
def test_live_events_keep_arriving(demo: Demo) -> None:
    house, lived = demo.lived.house, demo.lived
    before = house.store.partitions.counters().received
    later = lived.now + 120_000
    events = list(lived.feed.until(later))
    lived.clock.tell(later)
    collect(house, events)
    house.settle()
    assert house.store.partitions.counters().received == before + len(events) > before


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("data")
    with pytest.raises(InvalidInput, match="holds something already"), folder_for(tmp_path):
        pass
    assert (tmp_path / "mine").read_text() == "data"


def test_without_a_folder_nothing_stays_behind() -> None:
    with folder_for(None) as folder:
        assert folder.is_dir()
    assert not folder.exists()
