"""The laws every score obeys, over arbitrary histories."""

import random
from itertools import pairwise

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from models.cells import Counts, add
from models.customers import CustomerState, FrozenJourney
from models.definitions import DeclaredScopes
from models.facts import AnyFact
from models.identifiers import DAY, FULL, Millis
from models.policy import default
from models.scoring import (
    Journey,
    contributions,
    journeys_of,
    ledger_by_cause,
    ledger_by_event,
    next_due,
    rate,
    score_customer,
    score_journey,
)
from models.scoring.contributions import lines_of
from models.scoring.memory import weight
from tests.models.scoring_facts import asof_of, contact, conversations, histories, incident, latenesses

POLICY = default()
DECLARED = DeclaredScopes(
    touchpoints=frozenset({"help"}), channels=frozenset({"chat", "phone"}), sources=frozenset({"crm"})
)
LAW = settings(max_examples=25, deadline=None)


def everything(facts: list[AnyFact], asof: int) -> object:
    journeys = journeys_of(facts, POLICY)
    return contributions(journeys, [], POLICY, DECLARED, asof)


@LAW
@given(histories, st.randoms(use_true_random=False), latenesses)
def test_the_order_of_arrival_changes_nothing(facts: list[AnyFact], chance: random.Random, later: int) -> None:
    shuffled = list(facts)
    chance.shuffle(shuffled)
    shuffled.sort(key=lambda fact: fact.order)
    asof = asof_of(facts, later)
    assert everything(shuffled, asof) == everything(facts, asof)


@LAW
@given(histories, latenesses)
def test_every_fact_that_is_lived_or_answered_is_in_exactly_one_journey(facts: list[AnyFact], later: int) -> None:
    assert later >= 0
    kinds = {"exposure", "inside", "asked"}
    expected = sorted(
        fact.identity
        for fact in facts
        if fact.__struct_config__.tag not in kinds and getattr(fact, "instrument", None) != "nps"
    )
    journeys = journeys_of(facts, POLICY)
    assert sorted(fact.identity for journey in journeys for fact in journey.facts) == expected
    assert len({journey.key for journey in journeys}) == len(journeys)
    for journey in journeys:
        assert all(before.order < after.order for before, after in pairwise(journey.facts))


@LAW
@given(histories, latenesses)
def test_scores_stay_on_the_scale_and_losses_in_their_budgets(facts: list[AnyFact], later: int) -> None:
    for journey in journeys_of(facts, POLICY):
        score = score_journey(journey, POLICY, asof_of(facts, later))
        assert 0 <= score.treatment <= POLICY.treatment_budget
        assert 0 <= score.product <= POLICY.product_budget
        assert all(points > 0 for points in score.lost.values())
        if score.inferred is not None:
            assert 0 <= score.inferred <= FULL
            assert score.inferred == FULL - sum(score.lost.values()) + score.repaired
            assert sum(score.lost.values()) == score.treatment + score.product
        for part in score.contacts:
            assert part.inferred is None or part.inferred == FULL - sum(part.lost.values()) >= 0


@LAW
@given(histories, latenesses)
def test_both_ledgers_add_up_to_the_score(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts, later)
    for journey in journeys_of(facts, POLICY):
        shown = score_journey(journey, POLICY, asof).shown
        by_event = ledger_by_event(journey, POLICY, asof)
        by_cause = ledger_by_cause(journey, POLICY, asof)
        assert FULL + sum(line.delta for line in by_event) == (FULL if shown is None else shown)
        assert all(line.delta == -sum(line.moved.values()) for line in by_event)
        assert by_cause.score == shown
        assert FULL - sum(line.points for line in by_cause.lines) == (FULL if shown is None else shown)
        moved: Counts = {}
        for line in by_event:
            add(moved, line.moved)
        assert moved == {line.cause: line.points for line in by_cause.lines}


@LAW
@given(histories, latenesses)
def test_every_lost_point_names_a_rule_and_an_event(facts: list[AnyFact], later: int) -> None:
    for journey in journeys_of(facts, POLICY):
        known = {fact.identity for fact in journey.facts}
        for line in ledger_by_cause(journey, POLICY, asof_of(facts, later)).lines:
            assert line.rule
            assert line.events
            assert set(line.events) <= known


@LAW
@given(histories, latenesses)
def test_contributions_keep_the_identity_of_losses(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts, later)
    frozen = [FrozenJourney("old", Millis(facts[0].time - 90 * DAY), {POLICY.version: 2000})] if facts else []
    found = contributions(journeys_of(facts, POLICY), frozen, POLICY, DECLARED, asof)
    for part in (part for parts in found.values() for part in parts):
        assert len(set(part.scopes)) == len(part.scopes)
        for unit in ("contact", "journey", "customer"):
            counts = part.counts
            lost = sum(points for key, points in counts.items() if key.startswith(f"{unit}.loss."))
            more = counts.get(f"{unit}.unexplained", 0) + counts.get(f"{unit}.earlier", 0)
            n, f = counts.get(f"{unit}.n", 0), counts.get(f"{unit}.f", 0)
            assert n * FULL - f == lost - counts.get(f"{unit}.repaired", 0) + more
            shown, gap = counts.get(f"{unit}.shown", 0), counts.get(f"{unit}.gap", 0)
            assert f - gap == shown


@LAW
@given(histories, latenesses)
def test_the_customer_at_the_last_journey_is_the_customer(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts, later)
    journeys = journeys_of(facts, POLICY)
    found = contributions(journeys, [], POLICY, DECLARED, asof)
    rated = rate(CustomerState(facts=facts), POLICY, asof)
    scored = [j for j in journeys if score_journey(j, POLICY, asof).shown is not None]
    if not scored:
        assert rated.score is None
        return
    last = max(scored, key=lambda journey: (journey.ended, journey.key))
    assert found[last.key][-1].counts["customer.f"] == rated.score


@LAW
@given(histories, st.sampled_from(["queued", "answered", "progress"]), latenesses)
def test_opening_a_new_contact_never_raises_a_journey(facts: list[AnyFact], phase: str, later: int) -> None:
    for journey in journeys_of(facts, POLICY):
        if not journey.lived:
            continue
        at = max(asof_of(facts), journey.ended) + later
        before = score_journey(journey, POLICY, at).inferred
        opened = Journey(journey.key)
        for fact in journey.lived:
            opened.take(fact)
        opened.take(contact(at, phase, contact="new"))
        after = score_journey(opened, POLICY, at).inferred
        assert before is None or (after is not None and after <= before)


@LAW
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, FULL)), min_size=1, max_size=8), st.data())
def test_improving_a_journey_never_lowers_the_customer(lived: list[tuple[int, int]], data: st.DataObject) -> None:
    journeys = [(day * DAY, score) for day, score in lived]
    which = data.draw(st.integers(0, len(journeys) - 1))
    ended, score = journeys[which]
    better = data.draw(st.integers(score, FULL))
    improved = [*journeys[:which], (ended, better), *journeys[which + 1 :]]
    before, after = score_customer(journeys, POLICY), score_customer(improved, POLICY)
    assert before is not None
    assert after is not None
    assert before <= after
    assert min(score for _, score in journeys) <= before <= max(score for _, score in journeys)


@LAW
@given(conversations)
def test_a_recovered_journey_stays_below_one_without_failure(facts: list[AnyFact]) -> None:
    for journey in journeys_of(facts, POLICY):
        score = score_journey(journey, POLICY, asof_of(facts))
        if score.lost and score.inferred is not None:
            assert score.inferred < FULL
            assert score.repaired <= score.treatment * POLICY.repair_most // 100


@LAW
@given(conversations)
def test_what_was_not_observed_has_no_score(facts: list[AnyFact]) -> None:
    unseen = dict.fromkeys(["waits", "steps_repeated", "context_lost", "menu_loops", "channel_unfit", "paid_line"])
    more = ["cold_transfers", "transfers_failed", "wrong_answers", "incident_not_told", "outcome"]
    unseen |= dict.fromkeys(more) | {"phase": "progress"}
    blank: list[AnyFact] = [msgspec.structs.replace(fact, **unseen) for fact in facts]
    for journey in journeys_of(blank, POLICY):
        score = score_journey(journey, POLICY, asof_of(blank, 30 * DAY))
        assert score.shown is None
        assert all(part.shown is None for part in score.contacts)


@LAW
@given(histories, histories)
def test_cells_merge_and_retract_to_the_same_bits(one: list[AnyFact], other: list[AnyFact]) -> None:
    def counts_of(facts: list[AnyFact]) -> list[Counts]:
        found = contributions(journeys_of(facts, POLICY), [], POLICY, DECLARED, asof_of(facts))
        return [part.counts for parts in found.values() for part in parts]

    left, right = counts_of(one), counts_of(other)
    forward: Counts = {}
    backward: Counts = {}
    for counts in [*left, *right]:
        add(forward, counts)
    for counts in reversed([*left, *right]):
        add(backward, counts)
    assert forward == backward
    for counts in right:
        add(forward, counts, -1)
    alone: Counts = {}
    for counts in left:
        add(alone, counts)
    assert forward == alone
    for counts in left:
        add(forward, counts, -1)
    assert forward == {}


@LAW
@given(histories, latenesses)
def test_nothing_changes_before_it_is_due(facts: list[AnyFact], later: int) -> None:
    asof = asof_of(facts, later)
    for journey in journeys_of(facts, POLICY):
        due = next_due([journey], POLICY, asof)
        assert due is None or due > asof
        if due is None:
            far = asof + 400 * DAY
            assert score_journey(journey, POLICY, asof) == score_journey(journey, POLICY, far)
        elif all(c.waiting is None for c in journey.contacts.values()):
            whole = score_journey(journey, POLICY, asof).inferred
            until = score_journey(journey, POLICY, min(due - 1, asof + 60_000)).inferred
            assert whole is None or until is None or abs(whole - until) <= 2


@given(st.integers(0, 100 * 365 * DAY), st.integers(0, DAY))
def test_a_weight_halves_with_each_half_life_and_never_falls_with_time(ended: int, later: int) -> None:
    assert weight(ended + 365 * DAY, 365 * DAY) == 2 * weight(ended, 365 * DAY)
    assert weight(ended + later, 365 * DAY) >= weight(ended, 365 * DAY)
    exact = 2 ** (ended % (365 * DAY) / (365 * DAY)) * 2 ** (ended // (365 * DAY)) * 2**40
    assert abs(weight(ended, 365 * DAY) / exact - 1) < 4e-9


def test_a_bad_past_is_remembered_three_times_as_much_and_never_by_a_step() -> None:
    worse = score_customer([(0, 2000), (0, 5900)], POLICY)
    better = score_customer([(0, 2000), (0, 6100)], POLICY)
    assert worse is not None
    assert better is not None
    assert worse <= better


def test_the_customer_of_the_specification_scores_forty() -> None:
    lived = [(0, 9500), (200 * DAY, 9000), (270 * DAY, 8800), (300 * DAY, 40)]
    score = score_customer(lived, POLICY)
    assert score is not None
    assert round(score / 100, 1) == 40.0


def test_an_incident_alone_is_paid_by_the_product_budget() -> None:
    (journey,) = journeys_of([incident(0)], POLICY)
    score = score_journey(journey, POLICY, 0)
    assert (score.inferred, score.treatment, score.product) == (7000, 0, 3000)
    assert lines_of(score) == {"incident": 3000}
