"""Results go out to their topics: each once it is acknowledged and not before, in order, with nothing of the erased."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from kafka import KafkaAdminClient
from structlog.testing import capture_logs

from models.effects import Counters, Effects, OutboxMessage
from models.identifiers import Millis, Offset
from store.database import Store
from streams.kafka.batches import BatchSender
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.outbox import TopicDeliveries
from streams.kafka.sending import Outgoing
from streams.publishing import LETTER
from streams.ticking import Tick, Ticking
from tests.servers.kafka import Kafka, MakeTopic
from tests.servers.workers import until
from tests.store.samples import T0, home, letter, subject
from tests.streams.kafka.receiving import Received, received
from tests.streams.kafka.worlds import opened

pytestmark = pytest.mark.kafka

NOW = Millis(T0 + 1_000)
NOUNS = ("scores", "rescues", "gaps", "verdicts", "dead-letters", "erased")
WHO = subject(1)
HERE = home(WHO, 1)


class Topics:
    """A topic for each noun, and what is in it."""

    def __init__(self, bootstrap: str, topic: MakeTopic) -> None:
        self._bootstrap = bootstrap
        self.names = {noun: topic(1) for noun in NOUNS}

    def received(self, noun: str) -> list[Received]:
        """Return every record of the topic of ``noun``, in order."""
        return received(self._bootstrap, self.names[noun])


@pytest.fixture
def topics(kafka: Kafka, topic: MakeTopic) -> Topics:
    return Topics(kafka.bootstrap, topic)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "data", partitions=1, clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
def sender(kafka: Kafka) -> Iterator[BatchSender]:
    made = BatchSender(Cluster((kafka.bootstrap,), {}, 10.0), lambda _: 1)
    yield made
    made.close()


@pytest.fixture
def deliveries(store: Store, sender: BatchSender, topics: Topics) -> TopicDeliveries:
    return TopicDeliveries(store.outbox, store.dead_letters, sender, topics.names.__getitem__)


def message(offset: int, noun: str, key: str, payload: bytes, n: int = 0) -> OutboxMessage:
    return OutboxMessage(Offset(offset), n, noun, key, payload)  # type: ignore[arg-type]


def written(store: Store, *messages: OutboxMessage, letters: int = 0) -> None:
    """Write a checkpoint that says these messages, and buries this many records with a message each."""
    at = store.partitions.position(HERE)
    count = len(messages) + letters
    effects = Effects(HERE, at.next_offset, Offset(at.next_offset + count), at.epoch, T0)
    effects.outbox += messages
    for n in range(letters):
        offset = Offset(at.next_offset + n)
        effects.dead_letters.append(letter(offset, WHO))
        effects.outbox.append(OutboxMessage(offset, LETTER, "dead-letters", "", b""))
    effects.counters = Counters(received=letters, dead_letters=letters)
    store.checkpoint(effects)


def test_every_message_goes_to_its_topic_under_its_key_with_its_version(
    store: Store, deliveries: TopicDeliveries, topics: Topics
) -> None:
    written(store, message(0, "scores", f"{WHO}/j", b'{"version":17}'), message(0, "rescues", f"{WHO}/j", b"{}", 1))
    store.outbox.add([message(0, "gaps", "g", b'{"version":3}'), message(0, "verdicts", "x", b'{"version":4}')])
    assert deliveries.tick(NOW) == 4
    assert topics.received("scores") == [
        (
            f"{WHO}/j",
            b'{"version":17}',
            {"content-type": "application/json", "ressenti-message": "0-0-0", "ressenti-version": "17"},
        )
    ]
    assert [(key, value) for key, value, _ in topics.received("rescues")] == [(f"{WHO}/j", b"{}")]
    assert [(key, headers["ressenti-version"]) for key, _, headers in topics.received("gaps")] == [("g", "3")]
    assert [headers["ressenti-message"] for _, _, headers in topics.received("verdicts")] == ["-1-1-0"]
    assert store.outbox.unsent() == []
    assert deliveries.tick(NOW) == 0


def test_what_is_no_more_leaves_a_tombstone(store: Store, deliveries: TopicDeliveries, topics: Topics) -> None:
    written(store, message(5, "scores", f"{WHO}/j", b""))
    assert deliveries.tick(NOW) == 1
    ((key, value, headers),) = topics.received("scores")
    assert (key, value, headers["ressenti-version"]) == (f"{WHO}/j", None, "5")


def test_a_dead_letter_is_told_with_its_bytes_and_nothing_is_told_of_one_that_was_erased(
    store: Store, deliveries: TopicDeliveries, topics: Topics
) -> None:
    written(store, letters=2)
    assert deliveries.tick(NOW) == 2
    told = [(key, json.loads(value or b"")) for key, value, _ in topics.received("dead-letters")]
    assert [key for key, _ in told] == ["0/0", "0/1"]
    assert {(one["code"], one["raw"], one["subject"]) for _, one in told} == {("not_json", "e25vdCBqc29u", WHO)}
    written(store, letters=1)
    store.erase(WHO, "test")
    assert deliveries.tick(NOW) == 1  # the erasure itself
    assert len(topics.received("dead-letters")) == 2
    ((key, value, _),) = topics.received("erased")
    assert (key, json.loads(value or b"")["subject"]) == (WHO, WHO)
    assert store.outbox.unsent() == []


class LeavesAfter:
    """A sender whose brokers go away after so many batches; what it was given by then arrived."""

    def __init__(self, sender: BatchSender, batches: int) -> None:
        self._sender = sender
        self._left = batches

    def send(self, records: list[Outgoing]) -> None:
        self._left -= 1
        if self._left < 0:
            raise BrokerAway("away")
        self._sender.send(records)


def test_what_was_not_acknowledged_is_sent_again_and_order_holds(
    store: Store, sender: BatchSender, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.outbox.BATCH", 4)
    written(store, *(message(n, "scores", "k", b'{"version":%d}' % n) for n in range(10)))
    leaving = LeavesAfter(sender, 1)
    with pytest.raises(BrokerAway):
        TopicDeliveries(store.outbox, store.dead_letters, leaving, topics.names.__getitem__).tick(NOW)  # type: ignore[arg-type]
    assert len(store.outbox.unsent()) == 6
    TopicDeliveries(store.outbox, store.dead_letters, sender, topics.names.__getitem__).tick(NOW)
    assert [value for _, value, _ in topics.received("scores")] == [b'{"version":%d}' % n for n in range(10)]


def test_dying_between_the_acknowledgement_and_the_note_repeats_and_loses_nothing(
    store: Store, deliveries: TopicDeliveries, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(store, *(message(n, "scores", f"k{n}", b"{}") for n in range(3)))

    def die(*_: object) -> None:
        raise SystemExit

    with monkeypatch.context() as broken:
        broken.setattr(store.outbox, "mark_sent", die)
        with pytest.raises(SystemExit):
            deliveries.tick(NOW)
    deliveries.tick(NOW)
    identities = [headers["ressenti-message"] for _, _, headers in topics.received("scores")]
    assert identities == ["0-0-0", "0-1-0", "0-2-0"] * 2


def test_a_long_backlog_is_left_to_the_next_ticks(
    store: Store, deliveries: TopicDeliveries, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.kafka.outbox.BATCH", 5)
    monkeypatch.setattr("streams.kafka.outbox.BATCHES", 2)
    written(store, *(message(n, "scores", "k", b"{}") for n in range(23)))
    assert [deliveries.tick(NOW) for _ in range(4)] == [10, 10, 3, 0]
    assert len(topics.received("scores")) == 23


@pytest.mark.parametrize("known", [False, True])
def test_a_topic_that_is_missing_is_named_in_the_log_with_the_remedy_and_what_waits_is_sent_once_it_is_there(
    kafka: Kafka, topic: MakeTopic, topics: Topics, store: Store, *, known: bool
) -> None:
    scores = topics.names["scores"]
    with opened(kafka.bootstrap, topic(1), 1, seconds=2.0) as log, capture_logs() as lines:
        deliveries = TopicDeliveries(store.outbox, store.dead_letters, log.news, topics.names.__getitem__)
        tick = Tick("outbox", 1.0, deliveries.tick)
        ticking = Ticking([tick], iter(Millis(NOW + n * 60_000) for n in range(10_000)).__next__)

        def sent() -> bool:
            ticking.run(tick)
            return not store.outbox.unsent()

        if known:  # gone while it runs: the first failure may only say that brokers did not take it
            written(store, message(0, "scores", "before", b"{}"))
            until(sent)
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.delete_topics([scores])
            until(lambda: scores not in admin.list_topics())
        lines.clear()
        written(store, message(1, "scores", "k", b"{}"))
        for _ in range(3):
            ticking.run(tick)
        told = [line["reason"] for line in lines if line.get("tick") == "outbox"]
        assert f"topic {scores} does not exist; run: ressenti topics create" in told[-1]
        assert all("ressenti topics" in reason for reason in told)
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.create_topics({scores: {"num_partitions": 1}}, wait_for_metadata=True)
        until(sent)
        assert [key for key, _, _ in topics.received("scores")] == ["k"]
