"""Brokers that go away: appends are refused in bounded time, then taken again; nothing acknowledged is lost."""

import threading
import time
from collections import Counter
from contextlib import closing
from typing import Self

import pytest

from deploy.kafka.broker import Broker
from models.errors import LogChanged, Retryable
from models.identifiers import Offset, Partition
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.log import KafkaLog
from streams.kafka.sending import Outgoing, Sender
from tests.servers.kafka import MakeTopic
from tests.streams.kafka.worlds import opened

pytestmark = pytest.mark.kafka

SECONDS = 2.0
"""What the log waits for brokers in these tests."""


class Senders:
    """Threads that append without end, note what was acknowledged, and send again what was not."""

    def __init__(self, log: KafkaLog, threads: int = 4) -> None:
        self._log = log
        self._stop = threading.Event()
        self.acknowledged: Counter[bytes] = Counter()
        self.longest = 0.0
        self.refusals: list[str] = []
        self._threads = [threading.Thread(target=self._work, args=(who,)) for who in range(threads)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _work(self, who: int) -> None:
        n = 0
        while not self._stop.is_set():
            batch = [(f"{who}/{n}/{i}".encode(), b"v") for i in range(5)]
            begun = time.monotonic()
            try:
                self._log.append(batch)
            except BrokerAway as away:
                self.refusals.append(str(away))
                self._stop.wait(0.1)
            else:
                self.acknowledged.update(key for key, _ in batch)
                n += 1
            self.longest = max(self.longest, time.monotonic() - begun)
            self._stop.wait(0.02)

    def until_acknowledged(self, more: int, seconds: float = 60.0) -> None:
        wanted, until = len(self.acknowledged) + more, time.monotonic() + seconds
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < until, f"nothing is acknowledged any more: {self.refusals[-1:]}"
            time.sleep(0.05)


def append_for_ever(log: KafkaLog, seconds: float = 10.0) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        log.append([(b"k", b"v")])
        time.sleep(0.05)


def keys(log: KafkaLog) -> Counter[bytes]:
    found: Counter[bytes] = Counter()
    for partition, end in log.ends().items():
        at = Offset(0)
        while at < end:
            chunk = log.read(partition, at, 5_000)
            found.update(record.key for record in chunk.records)
            at = chunk.end
    return found


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_while_the_broker_is_paused_restarted_and_killed(
    own_kafka: Broker, topic: MakeTopic
) -> None:
    with opened(own_kafka.bootstrap, topic(4), 4, SECONDS) as log:
        with Senders(log) as senders:
            senders.until_acknowledged(100)
            own_kafka.pause()  # shorter than the wait: nobody notices but by the clock
            time.sleep(SECONDS / 3)
            own_kafka.resume()
            senders.until_acknowledged(50)
            assert senders.refusals == []
            for hurt in (own_kafka.pause, own_kafka.stop, own_kafka.kill):
                hurt()
                time.sleep(2 * SECONDS)
                own_kafka.resume() if own_kafka.running else own_kafka.start()
                senders.until_acknowledged(100)
            assert senders.refusals
        assert senders.longest < 2 * SECONDS + 2
        found = keys(log)
        assert senders.acknowledged.keys() <= found.keys()
        assert log.away is None


def test_while_the_broker_is_away_everybody_is_told_at_once_and_then_all_is_well_again(
    own_kafka: Broker, topic: MakeTopic
) -> None:
    with opened(own_kafka.bootstrap, topic(2), 2, SECONDS) as log:
        log.append([(b"k", b"before")])
        own_kafka.stop()
        with pytest.raises(Retryable, match=r"Kafka .*"):
            log.append([(b"k", b"lost to a wait")])
        assert log.away is not None
        begun = time.monotonic()
        for _ in range(20):
            with pytest.raises(BrokerAway):
                log.append([(b"k", b"refused")])
        assert time.monotonic() - begun < 0.5
        with pytest.raises(BrokerAway, match="does not answer"):
            log.ends()
        own_kafka.start()
        until = time.monotonic() + 30
        while log.away is not None and time.monotonic() < until:
            time.sleep(0.05)
        log.append([(b"k", b"after")])
        assert sum(log.ends().values()) >= 2
        assert keys(log)[b"k"] >= 2


def test_a_record_too_large_for_the_topic_is_refused_with_the_remedy_and_stops_nobody_else(
    own_kafka: Broker, topic: MakeTopic
) -> None:
    name = topic(1, max__message__bytes="2000")
    with opened(own_kafka.bootstrap, name, 1, SECONDS) as log:
        log.append([(b"k", b"small")])
        with pytest.raises(BrokerAway, match="ressenti topics check"):
            log.append([(b"k", b"x" * 5_000)])
        log.append([(b"k", b"small too")])
        assert [record.value for record in log.read(Partition(0), Offset(0), 9).records] == [b"small", b"small too"]


def test_a_topic_that_vanishes_is_refused(own_kafka: Broker, topic: MakeTopic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.kafka.log.LOOK_SECONDS", 0.0)
    name = topic(2)
    with opened(own_kafka.bootstrap, name, 2, SECONDS) as log:
        log.append([(b"k", b"v")])
        topic.again(name, 2)
        with pytest.raises(LogChanged, match=rf"topic {name} was made anew"):
            append_for_ever(log)
        with pytest.raises(LogChanged, match=rf"topic {name} was made anew"):
            log.glance()


def test_a_topic_that_is_missing_is_told_as_one_that_may_be(own_kafka: Broker, topic: MakeTopic) -> None:
    name = topic(1)
    with closing(Sender(Cluster((own_kafka.bootstrap,), {}, SECONDS))) as sender:
        sender.send([Outgoing(name, b"k", b"v")])
        with pytest.raises(BrokerAway, match="lacks a topic, or did not answer; run: ressenti topics check"):
            sender.send([Outgoing(f"{name}.nowhere", b"k", b"v")])


def test_a_closed_sender_takes_nothing_and_leaves_no_thread(own_kafka: Broker, topic: MakeTopic) -> None:
    name = topic(1)
    before = threading.active_count()
    sender = Sender(Cluster((own_kafka.bootstrap,), {}, SECONDS))
    assert sender.send([Outgoing(name, b"k", b"v")]) == [(0, 0)]
    sender.close()
    with pytest.raises(BrokerAway, match="stopping"):
        sender.send([Outgoing(name, b"k", b"v")])
    assert threading.active_count() == before
