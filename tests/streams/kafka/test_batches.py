"""Thousands of results at a time on a real broker: whole, in order, where they belong, and again after an outage."""

import inspect
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.producer.message_accumulator import BatchBuilder
from kafka import KafkaAdminClient

from deploy.kafka.broker import Broker, free_port
from models.identifiers import Partition
from models.partitions import partition_of
from streams.kafka.batches import BatchSender
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.sending import BATCH_BYTES, Outgoing
from tests.servers.kafka import Kafka, MakeTopic
from tests.streams.kafka.receiving import received, received_in

pytestmark = pytest.mark.kafka
SECONDS = 3.0
"""How long brokers that do not answer are waited for."""
PATIENT = 15.0
"""How long those that do, on a machine that is busy with other things."""


def sender(bootstrap: str, partitions: int = 4, seconds: float = PATIENT) -> BatchSender:
    return BatchSender(Cluster((bootstrap,), {}, seconds), lambda _: partitions)


@pytest.fixture
def batches(kafka: Kafka) -> Iterator[BatchSender]:
    with closing(sender(kafka.bootstrap)) as made:
        yield made


def test_everything_arrives_once_in_the_order_of_its_key_in_the_keys_own_partition(
    kafka: Kafka, topic: MakeTopic, batches: BatchSender
) -> None:
    name = topic(4)
    keys = [f"p1_{n}/journey".encode() for n in range(50)]
    sent = [Outgoing(name, keys[n % 50], b"%d" % n, headers=[("n", b"%d" % n)]) for n in range(5_000)]
    batches.send(sent[:3_000])
    batches.send(sent[3_000:])
    here: dict[str, list[int]] = defaultdict(list)
    for partition in range(4):
        for key, value, headers in received_in(kafka.bootstrap, name, partition):
            assert partition_of(key.encode(), 4) == partition
            assert headers["n"] == (value or b"").decode()
            here[key].append(int(value or b""))
    assert here == {key.decode(): list(range(n, 5_000, 50)) for n, key in enumerate(keys)}


def test_more_than_one_batch_of_a_partition_keeps_its_order(
    kafka: Kafka, topic: MakeTopic, batches: BatchSender
) -> None:
    name = topic(4)
    large = bytes(BATCH_BYTES // 3)
    batches.send([Outgoing(name, b"k", b"%02d" % n + large) for n in range(10)])
    found = received_in(kafka.bootstrap, name, partition_of(b"k", 4))
    assert [value[:2] for _, value, _ in found if value] == [b"%02d" % n for n in range(10)]


def test_a_tombstone_is_sent_and_a_partition_that_is_named_is_used(
    kafka: Kafka, topic: MakeTopic, batches: BatchSender
) -> None:
    name = topic(4)
    batches.send([Outgoing(name, b"k", None, partition=Partition(3))])
    assert received_in(kafka.bootstrap, name, 3) == [("k", None, {})]


def test_to_send_nothing_nobody_is_met() -> None:
    with closing(sender(f"127.0.0.1:{free_port()}", seconds=SECONDS)) as batches:
        batches.send([])
        assert batches._producer is None


def test_a_topic_that_is_missing_is_neither_written_nor_made(kafka: Kafka) -> None:
    def missing(name: str) -> int:
        raise BrokerAway(f"topic {name} does not exist")

    sender = BatchSender(Cluster((kafka.bootstrap,), {}, SECONDS), missing)
    with closing(sender), pytest.raises(BrokerAway, match="topic nobody-made-it does not exist"):
        sender.send([Outgoing("nobody-made-it", b"k", b"v")])
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        assert "nobody-made-it" not in admin.list_topics()


def test_a_result_that_no_batch_holds_says_so(topic: MakeTopic, batches: BatchSender) -> None:
    name = topic(4)
    with pytest.raises(BrokerAway, match="run: ressenti topics check"):
        batches.send([Outgoing(name, b"k", bytes(20 << 20))])
    batches.send([Outgoing(name, b"k", b"v")])


def test_a_topic_that_has_fewer_partitions_than_before_is_asked_for_anew(kafka: Kafka, topic: MakeTopic) -> None:
    name, counts = topic(1), iter([9, 1])
    with closing(BatchSender(Cluster((kafka.bootstrap,), {}, PATIENT), lambda _: next(counts))) as batches:
        keys = [b"key %d" % n for n in range(50)]  # some of them in a partition that is not there
        with pytest.raises(BrokerAway, match="run: ressenti topics check"):
            batches.send([Outgoing(name, key, b"v") for key in keys])
        batches.send([Outgoing(name, key, b"v") for key in keys])
    assert {key.encode() for key, _, _ in received_in(kafka.bootstrap, name, 0)} == set(keys)


def test_after_the_end_nothing_is_sent(topic: MakeTopic, kafka: Kafka) -> None:
    batches = sender(kafka.bootstrap)
    batches.close()
    with pytest.raises(BrokerAway, match="stopping"):
        batches.send([Outgoing(topic(4), b"k", b"v")])


def test_brokers_that_are_nowhere_are_told_in_one_sentence() -> None:
    with closing(sender(f"127.0.0.1:{free_port()}", seconds=SECONDS)) as batches, pytest.raises(BrokerAway) as told:
        batches.send([Outgoing("t", b"k", b"v")])
    assert "did not take results" in str(told.value)
    assert "\n" not in str(told.value)


def test_a_broker_that_goes_and_comes_back_gets_what_it_had_not_taken(own_kafka: Broker) -> None:
    with KafkaAdminClient(bootstrap_servers=own_kafka.bootstrap) as admin:
        admin.create_topics({"results": {"num_partitions": 1, "replication_factor": 1}})
    with closing(sender(own_kafka.bootstrap, 1, 8.0)) as batches:
        batches.send([Outgoing("results", b"k", b"before")])
        own_kafka.kill()
        with pytest.raises(BrokerAway):
            batches.send([Outgoing("results", b"k", b"meanwhile")])
        own_kafka.start()
        batches.send([Outgoing("results", b"k", b"meanwhile"), Outgoing("results", b"k", b"after")])
        values = [value for _, value, _ in received(own_kafka.bootstrap, "results")]
        assert values == [b"before", b"meanwhile", b"after"]


def test_what_we_use_of_aiokafka_is_there() -> None:
    """Without these, results are not sent, or a producer that was given up keeps its connections."""
    assert list(inspect.signature(AIOKafkaProducer.send_batch).parameters) == ["self", "batch", "topic", "partition"]
    assert list(inspect.signature(BatchBuilder.append).parameters) == ["self", "timestamp", "key", "value", "headers"]
    assert "self.client = AIOKafkaClient(" in inspect.getsource(AIOKafkaProducer.__init__)
    assert "returns None" in (inspect.getdoc(BatchBuilder.append) or "").replace("\n", " ")
