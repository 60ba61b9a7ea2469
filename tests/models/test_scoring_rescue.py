"""Rescues: found at the first moment the rule holds, by event or by silence, at most once, never for history."""

import msgspec
from hypothesis import given, settings

from models.customers import CustomerState
from models.facts import AnyFact
from models.identifiers import FULL, HOUR, MINUTE, SECOND, Subject
from models.policy import default
from models.scoring import Journey, journeys_of, next_due, rescue_now, rescue_of, score_journey
from models.scoring.rescue import raised_of
from tests.models.scoring_facts import asof_of, contact, conversations, histories, incident, latenesses, promise

POLICY = default()
WHO = Subject("p1_x")


def in_need(journey: Journey, at: int) -> bool:
    """Judge by the rule as the specification words it, on a whole journey, without any shortcut."""
    score = score_journey(journey, POLICY, at)
    low = score.inferred is not None and score.inferred <= POLICY.rescue_journey
    return any(
        contact.ended is None and contact.live and (low or part.loss >= POLICY.rescue_treatment)
        for contact, part in zip(journey.contacts.values(), score.contacts, strict=True)
    )


def first_need(journey: Journey, asof: int) -> tuple[int, int] | None:
    """Return between which moments (excluded, included) the rule first held, looking at every fact and every minute."""
    walk = Journey(journey.key)
    for i, fact in enumerate(journey.lived):
        walk.take(fact)
        until = asof if i + 1 == len(journey.lived) else journey.lived[i + 1].time - 1
        if in_need(walk, fact.time):
            return fact.time - 1, fact.time
        before = fact.time
        step = max(MINUTE, (until - fact.time) // 200)
        for at in [*range(fact.time + step, until, step), until]:
            if at > before and in_need(walk, at):
                return before, at
            before = max(before, at)
    return None


def agrees(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts, later)
    for journey in journeys_of(facts, POLICY):
        raised = raised_of(journey, POLICY, asof)
        expected = first_need(journey, asof)
        assert (raised is None) == (expected is None)
        if raised is not None and expected is not None:
            assert expected[0] < raised.at <= expected[1]


@settings(max_examples=40, deadline=None)
@given(histories, latenesses)
def test_a_rescue_is_raised_when_the_rule_first_holds(facts: list[AnyFact], later: int) -> None:
    agrees(facts, later)


@settings(max_examples=40, deadline=None)
@given(conversations, latenesses)
def test_a_live_conversation_is_rescued_when_the_rule_first_holds(facts: list[AnyFact], later: int) -> None:
    live: list[AnyFact] = [msgspec.structs.replace(fact, history=False, alone=False) for fact in facts]
    agrees(live, later)


@settings(max_examples=40, deadline=None)
@given(histories, latenesses)
def test_looking_later_does_not_move_a_rescue(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts)
    for journey in journeys_of(facts, POLICY):
        now = rescue_of(WHO, journey, POLICY, asof)
        assert now is None or now == rescue_of(WHO, journey, POLICY, asof + later)


def test_silence_alone_raises_a_rescue_at_the_moment_the_wait_crosses() -> None:
    facts: list[AnyFact] = [contact(0, "answered", cold_transfers=2), contact(MINUTE, "transferred", cold_transfers=2)]
    (journey,) = journeys_of(facts, POLICY)
    assert rescue_of(WHO, journey, POLICY, 13 * MINUTE) is None
    row = rescue_of(WHO, journey, POLICY, 60 * MINUTE)
    assert row is not None
    # two cold transfers cost 12; the queue costs the other 8 after 5 min and 8/15 of the next 15
    assert abs(row.raised_at - 14 * MINUTE) < SECOND  # hundredths of a point are rounded
    assert row.waited == row.raised_at // SECOND - 60
    assert row.causes == {"cold_transfer": 1200, "wait": 800}
    assert row.act == POLICY.rescue_act_on_phone


def test_a_wait_after_an_outage_does_not_ring_by_itself() -> None:
    (journey,) = journeys_of([incident(0, "outage"), contact(0, "queued", channel="chat")], POLICY)
    assert rescue_of(WHO, journey, POLICY, 60 * MINUTE) is None  # 30 + 15 leave 55


def test_an_overdue_promise_can_ring_in_silence() -> None:
    facts: list[AnyFact] = [incident(0), promise(1, 10 * HOUR), contact(2, "answered", context_lost=True)]
    facts.append(contact(3, "progress", steps_repeated=1))
    (journey,) = journeys_of(facts, POLICY)
    assert rescue_of(WHO, journey, POLICY, 10 * HOUR) is None
    row = rescue_of(WHO, journey, POLICY, 100 * 24 * HOUR)
    assert row is not None
    assert row.raised_at > 10 * HOUR
    assert row.score <= POLICY.rescue_journey


def test_the_list_now_drops_the_resolved_and_the_old() -> None:
    facts: list[AnyFact] = [contact(0, "queued", channel="chat"), contact(20 * MINUTE, "answered", channel="chat")]
    facts.append(contact(21 * MINUTE, "progress", channel="chat", steps_repeated=1))
    state = CustomerState(facts=facts)
    assert rescue_now(WHO, state, POLICY, 20 * MINUTE) == []
    (row,) = rescue_now(WHO, state, POLICY, 30 * MINUTE)
    assert row.raised_at == 21 * MINUTE
    assert row.left_at is None
    assert rescue_now(WHO, state, POLICY, 25 * HOUR) == []
    left = contact(40 * MINUTE, "ended", outcome="abandoned", channel="chat")
    (row,) = rescue_now(WHO, CustomerState(facts=[*facts, left]), POLICY, HOUR)
    assert (row.left_at, row.left_why) == (40 * MINUTE, "abandoned")
    solved = contact(50 * MINUTE, "ended", outcome="resolved", contact="d")
    assert rescue_now(WHO, CustomerState(facts=[*facts, left, solved]), POLICY, HOUR) == []


def test_a_journey_is_rescued_once() -> None:
    facts: list[AnyFact] = [contact(0, "answered", contact="d", context_lost=True, menu_loops=2)]
    facts += [contact(MINUTE, "ended", contact="d"), contact(HOUR, "answered", steps_repeated=3, paid_line=True)]
    (journey,) = journeys_of(facts, POLICY)
    row = rescue_of(WHO, journey, POLICY, HOUR)
    assert row is not None
    assert (row.contact, row.raised_at) == ("d", 0)


def test_a_wait_is_looked_at_every_half_tolerance_up_to_four() -> None:
    (journey,) = journeys_of([contact(0, "queued", channel="chat")], POLICY)
    dues, at = [], 0
    while (due := next_due([journey], POLICY, at)) is not None:
        dues.append(due // MINUTE)
        at = due
    assert dues == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_promise_is_looked_at_when_due_and_each_day_of_the_week_after() -> None:
    (journey,) = journeys_of([promise(0, 24 * HOUR)], POLICY)
    dues, at = [], 0
    while (due := next_due([journey], POLICY, at)) is not None:
        dues.append(due)
        at = due
    assert dues == [24 * HOUR + 1, *(24 * HOUR * (n + 2) for n in range(7))]
    scores = [score_journey(journey, POLICY, due).inferred for due in dues]
    assert scores[0] == FULL - 1200
    assert scores[-1] == FULL - 2000
