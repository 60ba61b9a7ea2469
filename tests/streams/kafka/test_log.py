"""The log in Kafka keeps the promises of every log: order, positions, durable appends, its identity."""

import threading
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from confluent_kafka import Producer as RdProducer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kafka import KafkaAdminClient, TopicPartition

from models.chunks import Chunk
from models.errors import LogChanged, RefusedToStart
from models.identifiers import Offset, Partition
from models.partitions import partition_of
from streams.chunks import Log
from streams.kafka.log import KafkaLog
from tests.servers.kafka import Kafka, MakeTopic
from tests.streams.kafka.worlds import opened

pytestmark = pytest.mark.kafka


@pytest.fixture
def shared(kafka: Kafka, topic: MakeTopic) -> Iterator[KafkaLog]:
    with opened(kafka.bootstrap, topic(4), 4) as log:
        yield log


FOUR = [(f"k{n}".encode(), f"v{n}".encode()) for n in range(40)]


def contents(log: Log, start: int = 0, limit: int = 1_000) -> list[tuple[bytes, bytes]]:
    """Everything in ``log``, read chunk by chunk until the ends, checking that chunks continue each other."""
    found = []
    for partition, end in log.ends().items():
        at = Offset(start)
        while at < end:
            chunk = log.read(partition, at, limit)
            assert chunk.start == at
            assert chunk.end > at
            found += [(record.key, record.value) for record in chunk.records]
            at = chunk.end
    return found


def test_what_is_appended_is_read_at_the_places_that_were_told(kafka: Kafka, topic: MakeTopic) -> None:
    with opened(kafka.bootstrap, topic(4), 4) as log:
        places = log.append(FOUR)
        assert [partition for partition, _ in places] == [partition_of(key, 4) for key, _ in FOUR]
        read = {
            (partition, record.offset): (record.key, record.value)
            for partition in log.ends()
            for record in log.read(partition, Offset(0), 100).records
        }
        assert read == dict(zip(places, FOUR, strict=True))


def test_an_end_is_where_the_next_record_goes_and_reading_there_gives_nothing_yet(
    kafka: Kafka, topic: MakeTopic
) -> None:
    with opened(kafka.bootstrap, topic(2), 2) as log:
        assert log.ends() == {Partition(0): 0, Partition(1): 0}
        assert log.read(Partition(1), Offset(0), 10) == Chunk(Partition(1), Offset(0), Offset(0), [])
        ((partition, offset),) = log.append([(b"k", b"1")])
        assert (offset, log.end(partition)) == (0, 1)
        assert log.read(partition, Offset(1), 10).records == []
        assert log.append([(b"k", b"2")]) == [(partition, 1)]
        assert [record.value for record in log.read(partition, Offset(1), 10).records] == [b"2"]


@pytest.mark.parametrize("limit", [1, 7, 1_000])
def test_chunks_of_any_size_cover_everything_once(kafka: Kafka, topic: MakeTopic, limit: int) -> None:
    with opened(kafka.bootstrap, topic(3), 3) as log:
        log.append(FOUR)
        assert sorted(contents(log, limit=limit)) == sorted(FOUR)


def test_many_threads_append_at_once_and_each_keeps_its_order(kafka: Kafka, topic: MakeTopic) -> None:
    with opened(kafka.bootstrap, topic(1), 1) as log:

        def append(who: int) -> None:
            for n in range(20):
                log.append([(b"k", f"{who}/{n}".encode()), (b"k", f"{who}/{n}+".encode())])

        threads = [threading.Thread(target=append, args=(who,)) for who in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        values = [value.decode() for _, value in contents(log)]
        assert len(values) == 8 * 20 * 2
        for who in range(8):
            own = [value.partition("/")[2] for value in values if value.startswith(f"{who}/")]
            assert own == [f"{n}{sign}" for n in range(20) for sign in ("", "+")]


def test_log_time_is_the_brokers_not_the_senders(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1)
    sender = RdProducer({"bootstrap.servers": kafka.bootstrap})
    before = time.time_ns() // 1_000_000
    sender.produce(name, b"v", key=b"k", timestamp=1_000_000_000_000)
    assert sender.flush(10) == 0
    with opened(kafka.bootstrap, name, 1) as log:
        (record,) = log.read(Partition(0), Offset(0), 10).records
    assert before - 1_000 <= record.log_time <= time.time_ns() // 1_000_000 + 1_000


def test_binary_mode_is_read_as_the_event_it_says(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1)
    sender = RdProducer({"bootstrap.servers": kafka.bootstrap})
    sender.produce(name, b'{"due":1}', key=b"k", headers=[("ce_id", b"7"), ("ce_specversion", b"1.0")])
    assert sender.flush(10) == 0
    with opened(kafka.bootstrap, name, 1) as log:
        (record,) = log.read(Partition(0), Offset(0), 10).records
    assert record.value == b'{"id":"7","specversion":"1.0","data":{"due":1}}'


def test_records_of_aborted_transactions_are_holes(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1)
    sender = RdProducer({"bootstrap.servers": kafka.bootstrap, "transactional.id": f"t-{name}"})
    sender.init_transactions(30)
    for value, kept in [(b"aborted", False), (b"kept", True), (b"aborted too", False)]:
        sender.begin_transaction()
        sender.produce(name, value, key=b"k")
        sender.flush(10)
        (sender.commit_transaction if kept else sender.abort_transaction)(30)
    with opened(kafka.bootstrap, name, 1) as log:
        assert log.end(Partition(0)) == 6  # three records, three markers
        assert contents(log) == [(b"k", b"kept")]
        assert contents(log, limit=1) == [(b"k", b"kept")]
        last = log.read(Partition(0), Offset(4), 10)
        assert (last.records, last.end) == ([], 6)


def test_an_open_transaction_is_not_there_yet(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1)
    sender = RdProducer({"bootstrap.servers": kafka.bootstrap, "transactional.id": f"t-{name}"})
    sender.init_transactions(30)
    sender.begin_transaction()
    sender.produce(name, b"perhaps", key=b"k")
    sender.flush(10)
    with opened(kafka.bootstrap, name, 1) as log:
        assert log.end(Partition(0)) == 0
        assert log.read(Partition(0), Offset(0), 10).records == []
        sender.commit_transaction(30)
        until = time.monotonic() + 10
        while log.end(Partition(0)) < 2 and time.monotonic() < until:  # the record, then the marker, a little later
            time.sleep(0.02)
        assert contents(log) == [(b"k", b"perhaps")]


def test_what_retention_took_is_a_hole_at_the_beginning(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1)
    with opened(kafka.bootstrap, name, 1) as log:
        log.append([(b"k", b"old")] * 5 + [(b"k", b"young")])
        with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
            admin.delete_records({TopicPartition(name, 0): 5})
        assert log.starts() == {Partition(0): 5}
        chunk = log.read(Partition(0), Offset(0), 10)
        assert (chunk.start, chunk.end, [record.value for record in chunk.records]) == (0, 6, [b"young"])


def test_a_start_beyond_the_end_is_refused(kafka: Kafka, topic: MakeTopic) -> None:
    with opened(kafka.bootstrap, topic(1), 1) as log:
        log.append([(b"k", b"v")])
        with pytest.raises(LogChanged, match=r"ends at 1, so there is no offset 2.*bring the right topic back"):
            log.read(Partition(0), Offset(2), 10)


def test_a_topic_made_anew_is_another_log(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(2)
    with opened(kafka.bootstrap, name, 2) as log:
        log.check()
        identity = log.identity
        topic.again(name, 2)
        with pytest.raises(LogChanged, match=rf"topic {name} was made anew.*bring the right topic back"):
            log.check()
    with opened(kafka.bootstrap, name, 2) as log:
        assert log.identity != identity


def test_a_topic_that_is_missing_is_refused(kafka: Kafka) -> None:
    with (
        pytest.raises(RefusedToStart, match=r"topic nowhere does not exist; run: ressenti topics create"),
        opened(kafka.bootstrap, "nowhere", 4),
    ):
        pass


def test_too_few_partitions_are_refused(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(3)
    with (
        pytest.raises(RefusedToStart, match=rf"topic {name} has 3 partitions, RESSENTI_PARTITIONS says 16; name the"),
        opened(kafka.bootstrap, name, 16),
    ):
        pass


def test_a_topic_with_the_senders_times_is_refused(kafka: Kafka, topic: MakeTopic) -> None:
    name = topic(1, message__timestamp__type="CreateTime")
    with (
        pytest.raises(RefusedToStart, match=r"takes its times from senders.*message\.timestamp\.type=LogAppendTime"),
        opened(kafka.bootstrap, name, 1),
    ):
        pass


@given(keys=st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=30), values=st.binary(max_size=200))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_come_back_as_they_went(shared: KafkaLog, keys: list[bytes], values: bytes) -> None:
    records = [(key, values + bytes([n])) for n, key in enumerate(keys)]
    places = shared.append(records)
    back = [shared.read(partition, offset, 1).records[0] for partition, offset in places]
    assert Counter((record.key, record.value) for record in back) == Counter(records)
