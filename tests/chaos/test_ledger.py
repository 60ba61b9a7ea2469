"""The account itself: it must see what is lost and what is doubled, and take no copy for another event."""

import json

from hypothesis import given
from hypothesis import strategies as st

from models.effects import Counters
from tests.chaos.ledger import Balance, Ledger, identity_of, recounted


def value(number: int) -> bytes:
    return json.dumps({"source": "crm", "id": str(number)}).encode()


def counted(scored: int, dead: int = 0) -> Counters:
    return Counters(received=scored + dead, scored=scored, dead_letters=dead)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9))), st.integers(0, 5))
def test_a_store_that_scored_each_distinct_event_once_balances(sent: list[tuple[int, int]], poison: int) -> None:
    ledger = Ledger()
    for offset, (partition, number) in enumerate(sent):
        ledger.accept(value(number), partition, offset)
    for offset in range(poison):
        ledger.accept(b"\xff", 0, 1_000 + offset)
    has = {p: counted(len({number for at, number in sent if at == p})) for p in range(4)}
    has[0] = counted(has[0].scored, poison)
    assert ledger.balance(has) == Balance()
    assert ledger.records == len(sent) + poison


def test_what_one_partition_lost_is_not_made_up_by_what_another_doubled() -> None:
    ledger = Ledger()
    for number in range(10):
        ledger.accept(value(number), number % 2, number)
    assert ledger.balance({0: counted(3), 1: counted(6)}) == Balance(lost=2, doubled=1)


def test_a_partition_nothing_was_folded_of_is_lost_and_one_nothing_was_sent_to_is_doubled() -> None:
    ledger = Ledger()
    ledger.accept(value(1), 0, 0)
    assert ledger.balance({3: counted(2)}) == Balance(lost=1, doubled=2)


def test_a_dead_letter_too_few_is_lost() -> None:
    ledger = Ledger()
    ledger.accept(b"[]", 0, 7)
    assert ledger.balance({0: counted(0)}) == Balance(lost=1)
    assert ledger.ends() == {0: 8}


def test_a_record_folded_twice_is_doubled_though_the_fold_took_it_for_a_copy() -> None:
    has = {0: Counters(received=7, scored=5, duplicates=2), 1: Counters(received=1, scored=1)}
    assert recounted({0: 5, 1: 4, 2: 1}, has) == Balance(lost=4, doubled=2)
    assert Balance(lost=1, doubled=3).worse(Balance(lost=2)) == Balance(lost=2, doubled=3)


def test_what_is_no_event_has_no_identity() -> None:
    assert [identity_of(bad) for bad in (b"\xff", b"", b"[]", b"3", b'{"id": "1"}')] == [None] * 5
