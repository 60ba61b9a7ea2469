"""Gaps and verdicts are told of whoever changed them: every writing once, or the last of several, and by the leader."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from experiments.verdict import Kind
from models.errors import Fenced
from models.identifiers import Millis
from store.database import Store
from streams.announcing import Announcing
from streams.leadership import Leadership
from tests.experiments.test_verdict import verdict
from tests.store.test_decisions import GAP, experiment

NOW = Millis(1_700_000_000_000)
BOTH = frozenset({"gaps", "verdicts"})


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=2) as opened:
        yield opened


@pytest.fixture
def leadership(store: Store) -> Leadership:
    made = Leadership(store)
    made.claim(NOW)
    return made


def told(store: Store) -> list[tuple[str, str, int]]:
    """Return topic, key and version of every message in the outbox."""
    messages = [unsent.message for unsent in store.outbox.unsent()]
    return [(message.topic, message.key, json.loads(message.payload)["version"]) for message in messages]


def test_a_gap_is_told_of_at_each_writing_and_then_no_more(store: Store, leadership: Leadership) -> None:
    announcing = Announcing(store, leadership, BOTH)
    assert announcing.tick(NOW) == 0
    store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    assert [announcing.tick(NOW), announcing.tick(NOW)] == [1, 0]
    store.gaps.save(GAP, based_on=1, by="Ada", now=NOW)
    store.gaps.save(GAP, based_on=2, by="Ada", now=NOW)
    assert [announcing.tick(NOW), announcing.tick(NOW)] == [1, 0]
    assert told(store) == [("gaps", "g", 1), ("gaps", "g", 3)]


def test_an_experiment_is_told_of_from_its_first_verdict_on(store: Store, leadership: Leadership) -> None:
    announcing = Announcing(store, leadership, BOTH)
    store.experiments.add(experiment(), NOW)
    assert announcing.tick(NOW) == 0
    store.experiments.save(replace(experiment(), verdict=verdict(Kind.NOT_YET)), 1, NOW)
    assert announcing.tick(NOW) == 1
    store.experiments.save(replace(experiment(), verdict=verdict(Kind.AS_EXPECTED)), 2, NOW)
    assert announcing.tick(NOW) == 1
    assert told(store) == [("verdicts", "x", 2), ("verdicts", "x", 3)]
    (_, last) = store.outbox.unsent()
    payload = json.loads(last.message.payload)
    assert (payload["type"], payload["gap"], payload["verdict"]["kind"]) == ("ressenti.verdict", "g", "as expected")


def test_another_process_goes_on_where_this_one_was(store: Store, leadership: Leadership) -> None:
    store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    Announcing(store, leadership, BOTH).tick(NOW)
    after = Leadership(store)
    after.claim(NOW)
    assert Announcing(store, after, BOTH).tick(NOW) == 0


def test_who_does_not_lead_tells_nothing_and_spoils_nothing(store: Store, leadership: Leadership) -> None:
    store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    with pytest.raises(Fenced):
        Announcing(store, Leadership(store, "another"), BOTH).tick(NOW)
    assert told(store) == []
    assert Announcing(store, leadership, BOTH).tick(NOW) == 1


@pytest.mark.parametrize(("topics", "kinds"), [(frozenset({"gaps"}), {"gaps"}), (frozenset[str](), set())])
def test_only_what_somebody_hears_is_told(
    store: Store, leadership: Leadership, topics: frozenset[str], kinds: set[str]
) -> None:
    store.gaps.save(GAP, based_on=None, by="ressenti", now=NOW)
    store.experiments.add(replace(experiment(), verdict=verdict(Kind.AS_EXPECTED)), NOW)
    Announcing(store, leadership, topics).tick(NOW)
    assert {topic for topic, _, _ in told(store)} == kinds
