"""What was planted is what the raw events show, what the truth computes is what the real scorer finds."""

from collections import Counter, defaultdict
from functools import cache
from json import dumps, loads
from math import sqrt
from statistics import mean, stdev
from typing import Any

import pytest

from demo.calendar import Plan, Trial
from demo.catalogue import TALKS
from demo.company import Company, Tally
from demo.planted import ANSWERED, ASKED, COMPANY, DEGRADED, FOLLOWED, PROMISES, STEPS, Rates, Turn
from demo.truth import again, contact_loss, effect, late_points, silent, truth
from models import instants
from models.causes import Cause
from models.facts import ContactFact
from models.identifiers import DAY
from models.interactions.decoding import Decoded, decode
from models.policy import default
from models.scoring import Contact, score_contact

START = 1_790_640_000_000 // DAY * DAY
DAYS = 42
DEGRADED_AT = START + 14 * DAY
PLAN = Plan(start=START, customers=3_500, seed=11, degraded_at=DEGRADED_AT)
CARRIED = ("steps_repeated", "context_lost", "channel_unfit", "menu_loops", "paid_line", "wrong_answers")


@cache
def run(arm: str | None = None) -> tuple[tuple[dict[str, Any], ...], Tally]:
    """Return six weeks of events, with everybody in ``arm`` of a trial when one is named."""
    trial = Trial("t", START, START + DAYS * DAY, START + DAYS * DAY, lambda _: arm or "") if arm else None
    company = Company(Plan(START, seed=11, customers=3_500, degraded_at=DEGRADED_AT, trial=trial))
    return tuple(loads(event.value) for event in company.until(START + DAYS * DAY)), company.tally


@cache
def ends() -> dict[tuple[str, Turn], list[dict[str, Any]]]:
    """Return how contacts ended, by touchpoint and turn; of touchpoints whose episode is one line of contacts."""
    episodes: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in run()[0]:
        if event["type"] == "ressenti.contact" and event["data"]["phase"] == "ended":
            episodes[event["id"].rsplit("-", 1)[0]].append(event["data"])
    found: defaultdict[tuple[str, Turn], list[dict[str, Any]]] = defaultdict(list)
    for contacts in episodes.values():
        for turn, contact in zip(("first", "again"), contacts, strict=False):
            found[contact["touchpoint"], turn].append(contact)  # type: ignore[index]
    found.pop(("installation", "first"), None)
    found.pop(("installation", "again"), None)
    return dict(found)


def within(hits: int, trials: int, rate: float) -> bool:
    """Whether ``hits`` of ``trials`` agrees with ``rate``: 4 standard errors, 6 in 100,000 by chance (and ±1 hit)."""
    return abs(hits - trials * rate) <= 4 * sqrt(trials * rate * (1 - rate)) + 1


@pytest.mark.parametrize("touchpoint", sorted(COMPANY.keys() - {"installation"}))
@pytest.mark.parametrize("turn", ["first", "again"])
def test_planted_rates_are_in_the_events(touchpoint: str, turn: Turn) -> None:
    contacts = ends()[touchpoint, turn]
    rates = COMPANY[touchpoint].rates(turn)
    planted = {
        "steps_repeated": (STEPS, rates.step),
        "context_lost": (1, rates.context_lost),
        "channel_unfit": (1, rates.channel_unfit),
        "menu_loops": (1, rates.menu_loop),
        "paid_line": (1, rates.paid_line),
        "wrong_answers": (1, rates.wrong_answer),
        "incident_not_told": (1, rates.incident_not_told),
        "cold_transfers": (1, rates.transfer * rates.cold),
        "transfers_failed": (1, rates.transfer * rates.failed),
        "thanked": (1, rates.thanked),
    }
    for field, (times, rate) in planted.items():
        seen = [int(contact[field]) for contact in contacts if field in contact]
        assert within(sum(seen), times * len(seen), rate), (field, sum(seen), len(seen), rate)


@pytest.mark.parametrize("touchpoint", sorted(COMPANY.keys() - {"installation"}))
def test_outcomes_and_following_contacts_are_as_planted(touchpoint: str) -> None:
    first, rates = ends()[touchpoint, "first"], COMPANY[touchpoint].first
    talks = [contact for contact in first if contact["channel"] in TALKS]
    abandoned = sum(contact["outcome"] == "abandoned" for contact in talks)
    assert within(abandoned, len(talks), rates.abandoned)
    others = [contact for contact in first if contact["outcome"] != "abandoned"]
    unresolved = sum(contact["outcome"] == "unresolved" for contact in others)
    assert within(unresolved, len(others), rates.unresolved)
    expected = abandoned * FOLLOWED["abandoned"] + unresolved * FOLLOWED["unresolved"]
    followed = len(ends().get((touchpoint, "again"), []))
    assert followed == pytest.approx(expected, abs=4 * sqrt(expected) + 2)
    assert within(followed, len(first), again(touchpoint))


@pytest.mark.parametrize("late", [False, True])
def test_promises_come_late_as_often_as_planted(late: bool) -> None:  # noqa: FBT001 - a parameter of the test
    made: dict[str, int] = {}
    kept: dict[str, tuple[str, int]] = {}
    for event in run()[0]:
        data = event["data"]
        if event["type"] != "ressenti.promise" or (instants.parse(data["due"]) >= DEGRADED_AT) is not late:
            continue
        made[data["promise"]] = instants.parse(data["due"])
        if "done" in data:
            kept[data["promise"]] = (data["touchpoint"], instants.parse(data["done"]))
    horizon = START + DAYS * DAY - 20 * DAY  # what is due later may be late without our knowing yet
    for touchpoint in ("delivery", "installation"):
        rates = (DEGRADED if late else PROMISES).get(touchpoint, PROMISES[touchpoint])
        delays = [at - made[p] for p, (where, at) in kept.items() if where == touchpoint and made[p] < horizon]
        assert within(sum(delay > 0 for delay in delays), len(delays), rates.late / (1 - rates.broken))
        overdue = [delay / DAY for delay in delays if delay > 0]
        error = stdev(overdue) / sqrt(len(overdue))
        assert mean(overdue) == pytest.approx(rates.mean_days + 1 / 24, abs=4 * error)


def test_the_unhappy_answer_less_and_mostly_say_nothing() -> None:
    _, tally = run()
    bad, quiet = sum(tally.dissatisfied.values()), sum(tally.silent.values())
    assert bad > 70
    assert within(quiet, bad, silent())
    events = [event for event in run()[0] if event["data"].get("instrument") in {"csat", "ces"}]
    kinds = Counter(event["type"] for event in events)
    assert within(kinds["ressenti.asked"], sum(tally.episodes.values()), ASKED)
    low = sum(
        event["data"]["value"] <= (2 if event["data"]["instrument"] == "csat" else 3)
        for event in events
        if "value" in event["data"]
    )
    assert within(low, bad, ASKED * ANSWERED.bad)


@pytest.mark.parametrize("touchpoint", ["outage_support", "billing", "cancellation", "shop"])
def test_expected_losses_are_what_the_scorer_finds(touchpoint: str) -> None:
    found = _lost(None)[touchpoint]
    expected = contact_loss(touchpoint)
    for cause in Cause:
        points = [lost.get(cause.value, 0) / 100 for lost in found]
        error = stdev(points) / sqrt(len(points))
        # 0.12 points: what the treatment budget cuts off, and weekdays that are not quite the planted ones
        assert mean(points) == pytest.approx(expected.get(cause, 0.0), abs=4 * error + 0.12), cause


def test_the_effect_is_what_the_scorer_finds_between_two_worlds() -> None:
    control, treated = (
        mean(100 - sum(lost.values()) / 100 for lost in _lost(arm)["outage_support"])
        for arm in ("control", "transcript")
    )
    assert treated - control == pytest.approx(effect(), abs=0.8)
    assert effect() > 3.5


def test_the_two_worlds_differ_only_where_the_treatment_acts() -> None:
    control, treated = (
        {lost_in: len(found) for lost_in, found in _lost(arm).items() if lost_in != "outage_support"}
        for arm in ("control", "transcript")
    )
    assert treated == pytest.approx(control, rel=0.02)  # who leaves, because of what they lived, calls no more


def test_planted_causes_lead_where_they_were_planted() -> None:
    leading = {touchpoint: list(contact_loss(touchpoint))[:2] for touchpoint in COMPANY}
    assert set(leading["outage_support"]) == {Cause.WAIT, Cause.REPEATED_STEP}
    assert leading["billing"][0] is Cause.CONTEXT_LOST
    assert leading["cancellation"][0] is Cause.MENU_LOOP
    assert late_points(DEGRADED["delivery"]) > 5 * late_points(PROMISES["delivery"])


def test_rates_that_a_channel_cannot_have_never_show() -> None:
    for (touchpoint, turn), contacts in ends().items():
        for contact in contacts:
            unseen = Rates() if contact["channel"] in TALKS else None
            if unseen is None:
                assert "waits_s" not in contact, (touchpoint, turn)
                assert "context_lost" not in contact


def test_the_truth_is_data() -> None:
    told = truth(PLAN)
    assert loads(dumps(told)) == told
    assert told["degraded"]["delivery"]["late"] == 0.75  # type: ignore[index]


@cache
def _lost(arm: str | None) -> dict[str, list[dict[str, int]]]:
    """Return what each ended contact lost, by touchpoint, as the real scorer says."""
    contacts: dict[str, Contact] = {}
    company = run(arm)[0]
    for event in company:
        if event["type"] == "ressenti.contact":
            value = dumps(event).encode()
            decoded = decode(value, event["subject"].encode())
            assert isinstance(decoded, Decoded)
            assert isinstance(decoded.fact, ContactFact)
            contact = contacts.get(decoded.fact.contact)
            if contact is None:
                contacts[decoded.fact.contact] = Contact(decoded.fact)
            else:
                contact.take(decoded.fact)
    found: defaultdict[str, list[dict[str, int]]] = defaultdict(list)
    for contact in contacts.values():
        if contact.ended is not None:
            found[contact.first.touchpoint].append(score_contact(contact, default(), contact.ended).lost)
    return found
