"""A customer's ledgers add up, whatever they lived."""

from hypothesis import given, settings

from models.customers import FrozenJourney
from models.facts import AnyFact
from models.identifiers import DAY, FULL, Millis
from models.policy import default
from models.scoring import customer_ledger, journeys_of
from tests.models.scoring_facts import START, answer, asof_of, contact, histories, latenesses

POLICY = default()
OLD = [FrozenJourney("old", Millis(START - 90 * DAY), {POLICY.version: 2000}, said=True)]


@settings(max_examples=40, deadline=None)
@given(histories, latenesses)
def test_every_ledger_of_a_customer_adds_up(facts: list[AnyFact], later: int) -> None:
    for frozen in ([], OLD):
        ledger = customer_ledger(journeys_of(facts, POLICY), frozen, POLICY, asof_of(facts, later))
        score = FULL if ledger.score is None else ledger.score
        assert FULL + sum(line.delta for line in ledger.by_event) == score
        assert FULL - sum(share.lost for share in ledger.by_journey) == score
        assert FULL - sum(ledger.by_cause.values()) == score
        if ledger.by_journey:
            assert abs(sum(share.weight for share in ledger.by_journey) - 1) < 1e-9


def test_what_a_frozen_journey_took_is_named_earlier() -> None:
    journeys = journeys_of([contact(START, "ended", outcome="resolved")], POLICY)
    ledger = customer_ledger(journeys, OLD, POLICY, START)
    assert set(ledger.by_cause) == {"earlier"}
    assert ledger.by_event[0].after == 2000
    assert [share.frozen for share in ledger.by_journey] == [True, False]


def test_an_answer_moves_the_customer_and_is_named_as_said() -> None:
    facts: list[AnyFact] = [contact(START, "ended", outcome="resolved"), answer(START + DAY, 1)]
    ledger = customer_ledger(journeys_of(facts, POLICY), [], POLICY, START + DAY)
    assert ledger.score == 0
    assert ledger.by_cause == {"said": FULL}
    assert [line.delta for line in ledger.by_event] == [0, -FULL]
