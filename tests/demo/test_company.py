"""The simulated company as a stream: the same for the same seed, in order, valid, of any size, in bounded memory."""

from collections import Counter
from collections.abc import Iterator
from itertools import islice, pairwise
from json import loads
from typing import Any

import pytest

from demo.calendar import Plan, RegionalOutage, Trial
from demo.catalogue import CHANNELS, SOURCES, TOUCHPOINTS
from demo.company import Company
from demo.envelopes import Ready
from models.identifiers import DAY, HOUR
from models.interactions import TYPES, validate

START = 1_790_640_000_000 // DAY * DAY


def plan(**changes: Any) -> Plan:  # noqa: ANN401 - a test names any field of the plan
    usual: dict[str, Any] = {"start": START, "customers": 800, "seed": 3, "episodes": 0.05}
    return Plan(**(usual | changes))


def eventful() -> Plan:
    """Everything planted at once, in three weeks."""
    trial = Trial(
        "t", START + DAY, START + 10 * DAY, START + 15 * DAY, lambda who: ("control", "transcript")[ord(who[-1]) % 2]
    )
    return plan(
        customers=2_500,
        outage=RegionalOutage(START + 5 * DAY),
        degraded_at=START + 12 * DAY,
        trial=trial,
        live_from=START + 20 * DAY,
    )


@pytest.fixture(scope="module")
def events() -> list[Ready]:
    return list(Company(eventful()).until(START + 21 * DAY))


def test_same_seed_same_bytes(events: list[Ready]) -> None:
    assert list(Company(eventful()).until(START + 21 * DAY)) == events


def test_another_seed_is_another_company() -> None:
    one, other = (list(islice(Company(plan(seed=seed)).events(), 500)) for seed in (1, 2))
    assert not {event.value for event in one} & {event.value for event in other}


def test_events_come_in_time_order(events: list[Ready]) -> None:
    assert len(events) > 4_000
    assert all(one.time <= two.time for one, two in pairwise(events))
    assert events[0].time >= START
    assert all(event.time < START + 21 * DAY for event in events)


def test_every_event_meets_the_contract(events: list[Ready]) -> None:
    types: set[str] = set()
    for event in events:
        valid = validate(event.value)
        types.add(valid.type)
        assert valid.subject.encode() == event.key
    assert types == set(TYPES)


def test_ids_are_unique_per_source(events: list[Ready]) -> None:
    ids = Counter((loaded["source"], loaded["id"]) for loaded in map(_loaded, events))
    assert max(ids.values()) == 1


def test_names_are_those_of_the_catalogue(events: list[Ready]) -> None:
    data = [loaded["data"] for loaded in map(_loaded, events)]
    assert {part["touchpoint"] for part in data if "touchpoint" in part} == set(TOUCHPOINTS)
    assert {part["channel"] for part in data if "channel" in part} == set(CHANNELS)
    assert {loaded["source"] for loaded in map(_loaded, events)} == set(SOURCES)


def test_only_what_is_older_than_live_is_history(events: list[Ready]) -> None:
    for event in events:
        assert (_loaded(event).get("history") is True) == (event.time < START + 20 * DAY)


def test_the_number_of_episodes_follows_the_number_of_customers() -> None:
    sizes = (500, 5_000)
    counts = [sum(_run(plan(customers=size), 14).tally.episodes.values()) for size in sizes]
    expected = [size * 0.05 * 14 * 0.96 for size in sizes]
    assert counts == pytest.approx(expected, rel=0.15)


def test_memory_holds_only_what_is_under_way() -> None:
    company = Company(plan(customers=2_000))
    stream, held = company.events(), []
    for day in (30, 60, 90):
        for event in stream:
            if event.time >= START + day * DAY:
                break
        held.append(sum(len(hour) for hour in company._hours.values()))
    assert held[2] < 1.5 * held[0]


def test_who_left_begins_nothing_new() -> None:
    company = Company(plan())
    gone: dict[bytes, tuple[str, int]] = {}
    for event in company.until(START + 60 * DAY):
        loaded = _loaded(event)
        episode, kind = loaded["id"].rsplit("-", 1)[0], loaded["type"]
        number = int(episode.split(".")[1], 16)
        if kind == "ressenti.departure":
            gone[event.key] = (episode, number)
    assert gone
    later = [
        loaded
        for event in Company(plan()).until(START + 60 * DAY)
        for loaded in (_loaded(event),)
        if event.key in gone
        and int(loaded["id"].rsplit("-", 1)[0].split(".")[1], 16) > gone[event.key][1]
        and loaded["data"].get("instrument") != "nps"
    ]
    assert later == []


def test_the_regional_outage_brings_a_surge_of_that_region() -> None:
    outage = RegionalOutage(START + 3 * DAY + 8 * HOUR)
    calm, cut = (_incidents(plan(customers=4_000, outage=which)) for which in (None, outage))
    more = Counter(region for region, at in cut if outage.holds(at))
    assert more["bretagne"] > 10 * max(1, sum(outage.holds(at) for region, at in calm if region == "bretagne"))
    assert sum(not outage.holds(at) for _, at in cut) == pytest.approx(
        sum(not outage.holds(at) for _, at in calm), rel=0.2
    )


def test_mondays_are_busier_than_sundays() -> None:
    days = Counter(event.time // DAY for event in Company(plan(customers=3_000)).until(START + 28 * DAY))
    monday = sum(n for day, n in days.items() if (day + 3) % 7 == 0)
    sunday = sum(n for day, n in days.items() if (day + 3) % 7 == 6)
    assert monday > 1.2 * sunday


def test_exposures_come_only_while_the_trial_enrols(events: list[Ready]) -> None:
    exposures = [event for event in events if _loaded(event)["type"] == "ressenti.exposure"]
    assert len(exposures) > 30
    assert min(event.time for event in exposures) >= START + DAY
    assert max(event.time for event in exposures) < START + 10 * DAY
    arms = {event.key: _loaded(event)["data"]["arm"] for event in exposures}
    assert all(arm == ("control", "transcript")[key[-1] % 2] for key, arm in arms.items())


def _run(what: Plan, days: int) -> Company:
    company = Company(what)
    for _ in company.until(START + days * DAY):
        pass
    return company


def _incidents(what: Plan) -> list[tuple[str, int]]:
    return [
        (loaded["data"]["segment"]["region"], event.time)
        for event, loaded in _pairs(what)
        if loaded["type"] == "ressenti.incident" and "restored" not in loaded["data"]
    ]


def _pairs(what: Plan) -> Iterator[tuple[Ready, dict[str, Any]]]:
    return ((event, _loaded(event)) for event in Company(what).until(START + 7 * DAY))


def _loaded(event: Ready) -> dict[str, Any]:
    loaded: dict[str, Any] = loads(event.value)
    return loaded
