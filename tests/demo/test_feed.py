"""A demo's feed: history that ends now, people waiting, the story under way, then events at their own time."""

from itertools import islice, pairwise
from json import loads

import pytest

from demo import story
from demo.envelopes import Ready
from demo.feed import WARM, Feed, Scale, plan_of
from models.identifiers import DAY, HOUR, MINUTE

NOW = 1_795_437_000_000
SCALE = Scale(seed=5, customers=1_500, days=60, per_second=2.0)


def arm_of(who: str) -> str:
    return ("control", "transcript")[ord(who[-1]) % 2]


def feed() -> Feed:
    return Feed(plan_of(NOW, SCALE, arm_of), NOW)


@pytest.fixture(scope="module")
def history() -> list[Ready]:
    return list(feed().until(NOW))


def test_history_taken_in_parts_is_the_whole(history: list[Ready]) -> None:
    parts = feed()
    taken = [event for days in (40, 20, 3, 0) for event in parts.until(NOW - days * DAY)]
    assert taken == history
    assert all(one.time <= two.time for one, two in pairwise(history))


def test_history_begins_when_asked_and_ends_now(history: list[Ready]) -> None:
    assert 0 <= history[0].time - (NOW // DAY - 60) * DAY < DAY
    assert NOW - 2 * MINUTE < history[-1].time < NOW


def test_people_are_waiting_now_and_what_they_live_is_live(history: list[Ready]) -> None:
    phases: dict[str, str] = {}
    for event in history:
        loaded = loads(event.value)
        if loaded["type"] == "ressenti.contact" and not loaded.get("history"):
            phases[loaded["data"]["contact"]] = loaded["data"]["phase"]
    assert sum(phase == "queued" for phase in phases.values()) >= 3
    assert all(loads(e.value).get("history") is True for e in history[:500])


def test_the_story_is_under_way(history: list[Ready]) -> None:
    told = [event for event in history if event.key == story.subject().encode()]
    assert len(told) == len(story.MOMENTS)
    assert NOW - told[-1].time == MINUTE


def test_what_the_demo_shows_fits_into_its_history() -> None:
    plan = plan_of(NOW, Scale(), arm_of)
    trial, outage = plan.trial, plan.outage
    assert trial is not None
    assert outage is not None
    assert plan.start < trial.begins < outage.at < trial.enrols_until < trial.ends < NOW - 7 * DAY
    assert plan.start + 50 * DAY < plan.degraded_at < NOW - 28 * DAY


def test_live_events_come_at_their_time_and_at_about_the_rate_asked() -> None:
    clock, slept = [NOW], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        clock[0] += round(seconds * 1000)

    source = feed()
    for _ in source.until(NOW):
        pass
    arrived = [(clock[0], event) for event in islice(source.live(lambda: clock[0], sleep), 3_000)]
    assert all(0 <= now - event.time <= 1 for now, event in arrived)
    assert all(event.time >= NOW for _, event in arrived)
    assert max(slept) <= 60
    rate = 3_000 / ((clock[0] - NOW) / 1000)
    assert rate == pytest.approx(SCALE.per_second, rel=0.35)


def test_the_warm_up_is_short_enough_to_be_no_surprise() -> None:
    assert 2 * story.LASTS > WARM >= 30 * MINUTE
    assert WARM < HOUR
