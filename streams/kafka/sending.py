"""Sending to Kafka so that a return means durable: one producer that all threads share, and a bounded wait.

What is sent at once by many goes out in few requests: a partition has one request under way at a time, and whatever
comes meanwhile is the next one. Each record names its partition, so that the broker's and our partitions cannot part.

When nothing at all is acknowledged any more, brokers are taken to be away: everybody is told so at once instead of
waiting in line, while a thread of ours tries a new producer until one is met. A record whose wait ended may still
arrive later; whoever sent it sends it again, and the fold drops what it has seen.
"""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import structlog
from kafka.errors import BrokerResponseError, KafkaError

from models.errors import RefusedToStart
from models.identifiers import Offset, Partition
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.ports import Future, Producer
from streams.kafka.refusals import said

_log = structlog.get_logger(__name__)

BATCH_BYTES = 512 * 1024
REQUEST_BYTES = 8 * 1024 * 1024
LINGER_MS = 5
"""A request waits so long for more records; without it a thousand records go out in batches of ten, half as fast."""
AGAIN_SECONDS = 1.0
"""How often brokers that are away are looked for."""

ABANDON_SECONDS = 5.0
GRACE_SECONDS = 1.0
"""What the producer may take longer than it promises; batches whose state it lost never end by themselves."""

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One record to be sent."""

    topic: str
    key: bytes
    value: bytes | None
    partition: Partition | None = None
    """Where it must go; by its key (murmur2, over the partitions the topic has) when not given."""
    headers: Headers = field(default_factory=list)


class Sender:
    """Sends records and waits until all copies have them; made without meeting a broker, safe to use from threads."""

    def __init__(self, cluster: Cluster, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._clock = clock
        self._turn = threading.Lock()
        self._producer: Producer | None = None
        self._away: str | None = None
        self._acknowledged_at = 0.0
        self._closed = threading.Event()
        self._aside: list[threading.Thread] = []

    @property
    def away(self) -> str | None:
        """Why nothing can be sent now, ``None`` when, as far as is known, it can."""
        return self._away

    def send(self, records: Iterable[Outgoing]) -> list[tuple[Partition, Offset]]:
        """Return where each record was put; every one of them is durable then.

        Blocks for little more than the cluster's timeout, twice that while brokers are met anew. Raises ``BrokerAway``,
        with any number of them durable.
        """
        if self._away is not None:
            raise BrokerAway(self._away)
        begun, producer = self._clock(), None
        try:
            producer = self._connected()
            handed = [_handed(producer, record) for record in records]
            return self._acknowledged(handed, begun)
        except (KafkaError, RefusedToStart) as error:
            reason = self._reason(error)
            silent = self._acknowledged_at < begun and not _answered(error)
            self._let_go(producer, reason if silent else None)
            raise BrokerAway(reason) from error

    def close(self) -> None:
        """Send nothing any more; waits for what is under way."""
        self._closed.set()
        self._let_go(self._producer, None)
        for thread in list(self._aside):
            thread.join(2 * self._cluster.timeout_seconds + ABANDON_SECONDS)

    def _acknowledged(self, futures: Sequence[Future], begun: float) -> list[tuple[Partition, Offset]]:
        until = begun + self._cluster.timeout_seconds + GRACE_SECONDS
        places = []
        for future in futures:
            placed = future.get(max(0.0, until - self._clock()))
            places.append((Partition(placed.partition), Offset(placed.offset)))
            self._acknowledged_at = self._clock()
        return places

    def _connected(self) -> Producer:
        producer = self._producer
        if producer is not None:
            return producer
        with self._turn:
            if self._closed.is_set():
                raise BrokerAway("this process is stopping; send it again to the next one")
            if self._away is not None:  # whoever had the turn before us has found nobody
                raise BrokerAway(self._away)
            if self._producer is None:
                try:
                    self._producer = self._made()
                except RefusedToStart as refused:
                    self._lose(str(refused))
                    raise
            return self._producer

    def _made(self) -> Producer:
        return self._cluster.producer(
            delivery_timeout_ms=self._cluster.milliseconds,
            request_timeout_ms=self._cluster.milliseconds // 2,
            retry_backoff_ms=50,
            linger_ms=LINGER_MS,
            batch_size=BATCH_BYTES,
            max_request_size=REQUEST_BYTES,
            metrics_enabled=False,
        )

    def _let_go(self, producer: Producer | None, away: str | None) -> None:
        """Have the next records sent by another producer: after a failure nobody knows what this one still does.

        With ``away``, the reason why nobody answers, that is looked for first, and everybody is refused meanwhile.
        """
        with self._turn:
            if producer is not None and self._producer is producer:
                self._producer = None
                self._beside(finish, producer, self._cluster.timeout_seconds)
            if away is not None:
                self._lose(away)

    def _lose(self, reason: str) -> None:
        """Refuse everybody from here on, and look for brokers; to be called in one's turn."""
        if self._away is None and not self._closed.is_set():
            self._away = reason
            self._beside(self._seek)
            _log.warning("Kafka is away; events are refused until it is back", reason=reason)

    def _beside(self, work: Callable[..., None], *given: object) -> None:
        self._aside = [thread for thread in self._aside if thread.is_alive()]
        self._aside.append(threading.Thread(target=work, args=given, name="kafka-aside", daemon=True))
        self._aside[-1].start()

    def _seek(self) -> None:
        """Look for brokers until they are met, and let everybody send again."""
        while not self._closed.wait(AGAIN_SECONDS):
            try:
                made = self._made()
            except RefusedToStart as refused:
                self._away = str(refused)
                continue
            with self._turn:
                self._producer, self._away = made, None
            _log.info("Kafka is back")
            return

    def _reason(self, error: BaseException) -> str:
        if isinstance(error, RefusedToStart):
            return str(error)
        if _answered(error):
            return f"Kafka does not take events ({said(error)}); run: ressenti topics check"
        if "update metadata" in str(error):
            return f"Kafka at {self._cluster.where} lacks a topic, or did not answer; run: ressenti topics check"
        return f"Kafka at {self._cluster.where} did not acknowledge in time ({said(error)}); send it again later"


def _handed(producer: Producer, record: Outgoing) -> Future:
    return producer.send(record.topic, record.value, record.key, headers=record.headers, partition=record.partition)


def _answered(error: BaseException) -> bool:
    """Say whether brokers are there and do not want this record, now or ever."""
    return isinstance(error, BrokerResponseError) and not error.retriable


def finish(producer: Producer, seconds: float) -> None:
    """Close ``producer`` once what it holds is acknowledged, or after ``seconds`` without waiting for the rest.

    ``close`` alone leaves its thread running for ever where a batch is stuck.
    """
    try:
        producer.close(timeout=seconds)
    except KafkaError as error:
        _log.info("a producer was given up", reason=said(error))
        producer._sender.force_close()  # noqa: SLF001 - tests/streams/kafka/test_contract.py holds it
        producer._sender.join(ABANDON_SECONDS)  # noqa: SLF001 - the same
        producer.close(timeout=0)
