"""Whoever writes to the log puts a customer's events into the same partition: the clients' hashes against ours."""

import pytest
from aiokafka.partitioner import murmur2 as aiokafka_murmur2
from confluent_kafka import Message
from confluent_kafka import Producer as RdProducer
from hypothesis import example, given
from hypothesis import strategies as st
from kafka import KafkaProducer
from kafka.partitioner.default import murmur2 as kafka_python_murmur2

from models.partitions import murmur2, partition_of, positive_hash, positive_hashes
from tests.servers.kafka import Kafka

VECTORS = {
    b"": 275646681,
    b"21": -973932308,
    b"foobar": -790332482,
    b"a-little-bit-long-string": -985981536,
    b"a-little-bit-longer-string": -1486304829,
    b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
    b"abc": 479470107,
}
"""From Apache Kafka's own ``UtilsTest.testMurmur2`` and the tests of its Java client's ports."""
KEYS = [f"p1_{n:04x}customer{n * 7919}".encode() for n in range(40)]
PARTITIONS = 16


@pytest.mark.parametrize("key", VECTORS)
def test_the_hash_is_kafkas(key: bytes) -> None:
    assert murmur2(key) == VECTORS[key] % 2**32


@given(st.binary(max_size=100))
def test_the_python_clients_hash_alike(key: bytes) -> None:
    assert kafka_python_murmur2(key) % 2**32 == aiokafka_murmur2(key) % 2**32 == murmur2(key)


@given(st.lists(st.binary(max_size=20) | st.binary(max_size=100)))
@example([*VECTORS])
def test_many_hashed_at_once_are_hashed_alike(keys: list[bytes]) -> None:
    assert positive_hashes(keys) == [positive_hash(key) for key in keys]


def told_by_confluent(kafka: Kafka, **options: str) -> list[int | None]:
    """Where confluent-kafka puts each of ``KEYS``."""
    places: dict[bytes | None, int | None] = {}

    def note(_: object, told: Message) -> None:
        places[told.value()] = told.partition()

    producer = RdProducer({"bootstrap.servers": kafka.bootstrap, **options})
    topic = f"keys-of-{options.get('partitioner', 'default')}"
    for key in KEYS:
        producer.produce(topic, key, key=key, on_delivery=note)
    assert producer.flush(20) == 0
    return [places[key] for key in KEYS]


def test_confluent_kafka_agrees_when_it_is_told_to(mock_kafka: Kafka) -> None:
    """The mock's topics have four partitions; by default librdkafka hashes with CRC32."""
    ours = [partition_of(key, 4) for key in KEYS]
    assert told_by_confluent(mock_kafka, partitioner="murmur2_random") == ours
    assert told_by_confluent(mock_kafka) != ours


def test_kafka_python_agrees_by_itself(mock_kafka: Kafka) -> None:
    topic = "keys-of-kafka-python"
    RdProducer({"bootstrap.servers": mock_kafka.bootstrap}).list_topics(topic, timeout=10)  # made by being asked for
    options = {"bootstrap_servers": mock_kafka.bootstrap, "api_version": (2, 3, 0), "enable_idempotence": False}
    with KafkaProducer(**options) as sender:
        places = [sender.send(topic, b"v", key).get(20).partition for key in KEYS]
    assert places == [partition_of(key, 4) for key in KEYS]
