"""The chunk transport on a real broker: what is read, from where, and what a chunk claims to cover."""

import socket
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from faust.transport.consumer import RecordMap
from faust.types import TP, ConsumerMessage
from kafka import KafkaAdminClient, KafkaConsumer, TopicPartition

from deploy.kafka.broker import Broker
from models.errors import LogChanged
from models.identifiers import Epoch, Offset, Partition
from streams.worker import ending
from streams.worker.consumer_thread import ChunkThread
from streams.worker.liveness import Stalled, Watching
from streams.worker.parts import Fetched
from streams.worker.pump import Pump
from streams.worker.transport import ChunkConsumer, Unread
from streams.worker.worker import ConsumerFailed, Job, Worker
from tests.servers.kafka import Kafka, MakeTopic
from tests.streams.worker.inside import PACE, append, inside, reading, transaction
from tests.streams.worker.shelf import Shelf
from tests.streams.worker.waiting import until

pytestmark = pytest.mark.kafka
P0 = Partition(0)


def offsets(shelf: Shelf, partition: int = 0) -> list[int]:
    """Return the offsets of all records folded, in their order: each left a dead letter."""
    return [
        letter.offset
        for effects in shelf.written
        for one in effects
        if one.partition == partition
        for letter in one.dead_letters
    ]


def ranges(shelf: Shelf, partition: int = 0) -> list[tuple[int, int]]:
    return [(one.start, one.end) for effects in shelf.written for one in effects if one.partition == partition]


def chained(shelf: Shelf, partition: int = 0) -> bool:
    found = ranges(shelf, partition)
    return all(before[1] == after[0] for before, after in pairwise(found))


def test_every_record_of_every_partition_is_folded_once(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(4), Shelf(4)
    for partition in range(4):
        append(kafka.bootstrap, name, [b"%d" % n for n in range(3_000)], partition)
    with inside(reading(kafka.bootstrap, name, records=700), shelf) as running:
        until(lambda: all(running.at(p) == 3_000 for p in range(4)))
    for partition in range(4):
        assert offsets(shelf, partition) == list(range(3_000))
        assert chained(shelf, partition)
    assert running.error is None


def test_the_store_says_where_to_begin_and_kafka_does_not(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 50)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 50)  # and 50 is committed as a hint
    shelf.places[P0].next_offset = Offset(20)  # as if restored from a backup
    shelf.written.clear()
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 50)
    assert offsets(shelf) == list(range(20, 50))


def test_hints_show_how_far_the_store_is(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 50)
    with (
        inside(reading(kafka.bootstrap, name), shelf) as running,
        KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin,
    ):
        until(lambda: running.at() == 50)

        def committed() -> int:
            group = f"group-of-{name}"
            found = admin.list_group_offsets({group: None})[group]
            return found[TopicPartition(name, 0)].offset if found else -1

        until(lambda: committed() == 50)


def test_aborted_transactions_are_not_counted_and_the_store_reaches_the_end(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    for n in range(6):
        with transaction(kafka.bootstrap, name, commit=n % 2 == 0) as send:
            send([b"%d" % n] * 10)
    end = 6 * 11  # ten records and a marker each; the last marker, of an abort, is the end of the log
    with inside(reading(kafka.bootstrap, name, records=7), shelf) as running:
        until(lambda: running.at() == end)
    assert offsets(shelf) == [*range(10), *range(22, 32), *range(44, 54)]
    assert chained(shelf)
    assert running.worker.lost_on_the_way == 0


def test_an_open_transaction_holds_back_what_comes_after_it(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        with transaction(kafka.bootstrap, name, commit=True) as send:
            send([b"a"] * 5)
            append(kafka.bootstrap, name, [b"b"] * 5)
            until(lambda: running.worker.wanted.get(P0) == 0)
            assert running.at() == 0
        until(lambda: running.at() == 11)
    assert offsets(shelf) == list(range(10))


def test_what_retention_took_is_a_counted_hole_inside_a_chunk(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 100)
    with KafkaAdminClient(bootstrap_servers=kafka.bootstrap) as admin:
        admin.delete_records({TopicPartition(name, 0): 60})
    shelf.places[P0].next_offset = Offset(10)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 100)
        assert running.worker.expired == 50
    assert offsets(shelf) == list(range(60, 100))
    assert ranges(shelf)[0][0] == 10
    assert sum(one.counters.skipped for effects in shelf.written for one in effects) == 50


@pytest.mark.slow
def test_what_compaction_took_is_a_hole_inside_a_chunk(kafka: Kafka, topic: MakeTopic) -> None:
    configs = {"cleanup__policy": "compact", "segment__ms": "100", "min__cleanable__dirty__ratio": "0.01"}
    name, shelf = topic(1, **configs), Shelf(1)
    for _ in range(3):  # all under one key: but for the last segment, one record is left of each
        append(kafka.bootstrap, name, [b"x"] * 50)
        time.sleep(0.2)
    append(kafka.bootstrap, name, [b"last"])

    def left() -> int:
        consumer, here, found = KafkaConsumer(bootstrap_servers=kafka.bootstrap), TopicPartition(name, 0), 0
        consumer.assign([here])
        consumer.seek(here, 0)
        while consumer.position(here) < 151:
            found += sum(len(records) for records in consumer.poll(timeout_ms=500).values())
        consumer.close()
        return found

    until(lambda: left() < 100, seconds=60)  # the cleaner looks every fifteen seconds
    with inside(reading(kafka.bootstrap, name, records=20), shelf) as running:
        until(lambda: running.at() == 151)
    assert offsets(shelf)[-1] == 150
    assert len(offsets(shelf)) < 101
    assert ranges(shelf)[0][0] == 0
    assert chained(shelf)
    assert running.worker.expired == 0


def test_a_store_that_stands_beyond_the_log_ends_the_worker(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 10)
    shelf.places[P0].next_offset = Offset(11)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.error is not None)
    assert isinstance(running.error, LogChanged)
    assert "offset 11, but the log ends at 10" in str(running.error)
    assert not shelf.written


def test_another_writer_in_between_is_a_fence_and_the_reading_goes_on(kafka: Kafka, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 100)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 100)
        shelf.places[P0].epoch = Epoch(7)  # an erasure
        append(kafka.bootstrap, name, [b"x"] * 100)
        until(lambda: running.at() == 200)
        shelf.places[P0].next_offset = Offset(150)  # a store brought back
        append(kafka.bootstrap, name, [b"x"] * 100)
        until(lambda: running.at() == 300)
        assert running.worker._app is not None
        assert isinstance(running.worker._app.chunks._read_offset, Unread), "Faust would drop chunks read again as old"
    assert offsets(shelf) == [*range(200), *range(150, 300)]


def test_an_event_in_binary_mode_is_made_whole_from_its_headers(kafka: Kafka, topic: MakeTopic) -> None:
    from confluent_kafka import Producer

    name, shelf = topic(1), Shelf(1)
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(name, value=b'{"a": 1}', key=b"k", headers=[("ce_id", b"7"), ("ce_type", b"t")])
    producer.produce(name, value=None, key=None)
    producer.flush(10)
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 2)
    letters: list[bytes] = [letter.raw for effects in shelf.written for one in effects for letter in one.dead_letters]
    assert letters == [b'{"id":"7","type":"t","data":{"a": 1}}', b""]


def test_two_workers_share_the_partitions_and_one_takes_over_at_once_from_the_other(
    kafka: Kafka, topic: MakeTopic
) -> None:
    name, shelf = topic(4), Shelf(4)
    with inside(reading(kafka.bootstrap, name), shelf) as one:
        until(lambda: len(one.worker.wanted) == 4)
        with inside(reading(kafka.bootstrap, name), shelf) as other:
            until(lambda: len(one.worker.wanted) == len(other.worker.wanted) == 2)
            assert one.worker.wanted.keys().isdisjoint(other.worker.wanted.keys())
            for partition in range(4):
                append(kafka.bootstrap, name, [b"x"] * 500, partition)
            until(lambda: all(one.at(p) == 500 for p in range(4)))
        until(lambda: len(one.worker.wanted) == 4)
        for partition in range(4):
            append(kafka.bootstrap, name, [b"x"] * 500, partition)
        until(lambda: all(one.at(p) == 1_000 for p in range(4)))
    for partition in range(4):
        assert offsets(shelf, partition) == list(range(1_000))


def test_a_worker_that_is_left_without_partitions_lets_go_of_all(
    kafka: Kafka, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Faust asks nobody where to read who has nothing; a release that was given up would be made good by nobody."""
    told: list[Pump] = []

    async def hold(pump: Pump, partitions: Collection[Partition]) -> Mapping[Partition, Offset]:
        if not partitions:
            told.append(pump)
        return await holding(pump, partitions)

    holding = Pump.hold
    monkeypatch.setattr(Pump, "hold", hold)
    name, shelf = topic(1), Shelf(1)
    append(kafka.bootstrap, name, [b"x"] * 10)
    with inside(reading(kafka.bootstrap, name), shelf) as one, inside(reading(kafka.bootstrap, name), shelf) as other:
        until(lambda: told)
        until(lambda: len(one.worker.wanted) + len(other.worker.wanted) == 1)
        (idle,) = (each for each in (one, other) if each.worker._pump is told[-1])
        assert not idle.worker.wanted
        until(lambda: one.at() == 10)
    assert (one.error, other.error) == (None, None)


def test_each_fetch_is_one_message_whatever_partitions_it_brought(
    kafka: Kafka, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, shelf = topic(2), Shelf(2)
    fetches: list[int] = []
    messages: list[int] = []
    chunks, to_message = ChunkThread._chunks, ChunkConsumer._to_message

    def fetched(thread: ChunkThread, *arguments: Any) -> RecordMap:  # noqa: ANN401 - passed on as they are
        found = chunks(thread, *arguments)
        fetches.extend(len(one) for brought in found.values() for one in brought)
        return found

    def made(consumer: ChunkConsumer, tp: TP, record: Fetched) -> ConsumerMessage:
        messages.append(len(record))
        return to_message(consumer, tp, record)

    monkeypatch.setattr(ChunkThread, "_chunks", fetched)
    monkeypatch.setattr(ChunkConsumer, "_to_message", made)
    for partition in range(2):
        append(kafka.bootstrap, name, [b"x"] * 10, partition)  # before anybody reads: both are in the first answer
    with inside(reading(kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at(0) == running.at(1) == 10)
        append(kafka.bootstrap, name, [b"x"] * 10)
        until(lambda: running.at(0) == 20)
    assert (fetches[0], messages) == (2, fetches)
    assert running.worker.progress.seeks == 0, "the pump took both, and nothing had to be read again"
    assert (offsets(shelf), offsets(shelf, 1)) == (list(range(20)), list(range(10)))


@pytest.mark.slow
def test_a_broker_that_goes_away_is_waited_for(own_kafka: Broker, topic: MakeTopic) -> None:
    name, shelf = topic(2), Shelf(2)
    append(own_kafka.bootstrap, name, [b"x"] * 100)
    with inside(reading(own_kafka.bootstrap, name), shelf) as running:
        until(lambda: running.at() == 100)
        own_kafka.kill()
        time.sleep(6)  # longer than the session
        own_kafka.start()
        append(own_kafka.bootstrap, name, [b"x"] * 100)
        append(own_kafka.bootstrap, name, [b"x"] * 100, 1)
        until(lambda: (running.at(), running.at(1)) == (200, 100), seconds=60)
    assert running.error is None
    assert offsets(shelf) == list(range(200))


@pytest.mark.slow
def test_a_broker_that_is_frozen_is_waited_for(own_kafka: Broker, topic: MakeTopic) -> None:
    name, shelf = topic(1), Shelf(1)
    with inside(reading(own_kafka.bootstrap, name), shelf) as running:
        append(own_kafka.bootstrap, name, [b"x"] * 100)
        until(lambda: running.at() == 100)
        own_kafka.pause()
        time.sleep(6)
        own_kafka.resume()
        append(own_kafka.bootstrap, name, [b"x"] * 100)
        until(lambda: running.at() == 200, seconds=60)
    assert running.error is None
    assert offsets(shelf) == list(range(200))


def test_it_can_be_stopped_while_it_still_looks_for_a_broker() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        worker = Worker(Job(reading(address, "t"), Shelf(1).folding(), dict), PACE, lambda _: 1)
        thread = threading.Thread(target=worker.run)
        thread.start()
        time.sleep(0.5)
        worker.ask_to_stop()
        thread.join(15)
        assert not thread.is_alive()


def test_no_broker_at_all_is_told_as_something_to_try_again() -> None:
    worker = Worker(Job(reading("127.0.0.1:9", "t"), Shelf(1).folding(), dict), PACE, lambda _: 1)
    with pytest.raises(ConsumerFailed, match="the consumer failed"):
        worker.run()


def test_a_fold_that_hangs_ends_the_process_to_be_started_anew(
    kafka: Kafka, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    codes: list[int] = []
    monkeypatch.setattr(ending, "end_process", codes.append)
    monkeypatch.setattr("streams.worker.worker.LEAVE_SECONDS", 1.0)
    name, shelf = topic(1), Shelf(1, ends={P0: Offset(10)})
    append(kafka.bootstrap, name, [b"x"] * 10)
    shelf.gate.clear()
    pace = replace(PACE, watching=Watching(0.1, 1.0), stop_seconds=0.5)
    with inside(reading(kafka.bootstrap, name), shelf, pace) as running:
        until(lambda: running.error is not None)
        until(lambda: codes)  # what hangs cannot be ended otherwise, and in a thread of a test it is not
        shelf.gate.set()
    assert codes == [1]
    assert isinstance(running.error, Stalled)
    assert running.worker.failure is running.error
