"""Sending results, thousands at a time: a batch for each partition, made by aiokafka's compiled builder.

The outbox tells of nearly every event, and kafka-python, which is handed records one by one, takes four times as long
for each. Records for which somebody waits, a few at a time from many threads, go by ``streams.kafka.sending``.

aiokafka lives in an event loop. This one is ours and runs only while something is sent: what would happen in between
(a connection that was closed, new metadata) is seen to when it runs next.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from models.identifiers import Partition
from models.partitions import positive_hashes
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.refusals import said
from streams.kafka.sending import ABANDON_SECONDS, BATCH_BYTES, GRACE_SECONDS, REQUEST_BYTES, Outgoing

_log = structlog.get_logger(__name__)

Place = tuple[str, Partition]
"""Topic and partition."""


class BatchSender:
    """Sends many records and waits until all copies have them; calls are served one after the other.

    ``partitions_of`` tells how many partitions a topic has, and raises ``BrokerAway`` for one that is missing: a
    producer that is asked to write there might have it made, with other settings than ours.
    """

    def __init__(self, cluster: Cluster, partitions_of: Callable[[str], int]) -> None:
        self._cluster = cluster
        self._partitions_of = partitions_of
        self._known: dict[str, int] = {}
        self._turn = threading.Lock()
        self._runner = asyncio.Runner()
        self._producer: AIOKafkaProducer | None = None
        self._closed = False

    def send(self, records: Sequence[Outgoing]) -> None:
        """Return once every one of ``records`` is durable; those of one partition arrive in their order.

        Blocks for little more than the cluster's timeout, longer where a producer must be given up. Raises
        ``BrokerAway``, with any number of them durable.
        """
        with self._turn:
            if self._closed:
                raise BrokerAway("this process is stopping; results that wait are sent by the next one")
            try:
                placed = self._placed(records)
                if placed:
                    self._runner.run(self._within(self._sent(placed), self._cluster.timeout_seconds))
            except (KafkaError, OSError, AssertionError) as error:  # a timeout; a partition that is there no more
                self._let_go()
                why = said(error) or type(error).__name__
                raise BrokerAway(
                    f"Kafka at {self._cluster.where} did not take results ({why}); they are kept and sent again; "
                    "should it last, run: ressenti topics check"
                ) from error
            except BrokerAway:
                self._known.clear()
                raise
            except BaseException:  # nobody knows what it still does
                self._let_go()
                raise

    def close(self) -> None:
        """Send nothing any more; waits for what is under way."""
        with self._turn:
            self._closed = True
            self._let_go()

    def _placed(self, records: Sequence[Outgoing]) -> list[tuple[Place, Outgoing]]:
        """Return where each of ``records`` goes: where it says, else by its key."""
        placed: list[tuple[Place, Outgoing]] = []
        for record, hashed in zip(records, positive_hashes([record.key for record in records]), strict=True):
            here = record.partition
            if here is None:
                here = Partition(hashed % self._count(record.topic))
            placed.append(((record.topic, here), record))
        return placed

    def _count(self, topic: str) -> int:
        count = self._known.get(topic)
        if count is None:
            count = self._known[topic] = self._partitions_of(topic)
        return count

    async def _sent(self, placed: Iterable[tuple[Place, Outgoing]]) -> None:
        producer = await self._connected()
        filling: dict[Place, Any] = {}
        sent: list[asyncio.Future[Any]] = []
        for place, record in placed:
            batch = filling.get(place)
            if batch is None or not _taken(batch, record):
                if batch is not None:  # it is full
                    sent.append(await _handed(producer, place, batch))
                batch = filling[place] = producer.create_batch()
                if not _taken(batch, record):
                    raise KafkaError(f"a result of {len(record.value or b'')} bytes is too large for {record.topic}")
        for place, batch in filling.items():
            sent.append(await _handed(producer, place, batch))
        await asyncio.wait(sent)
        for each in [one.exception() for one in sent]:  # all of them are asked, or asyncio complains
            if each is not None:
                raise each

    async def _connected(self) -> AIOKafkaProducer:
        if self._producer is None:
            # Kept before it is met, so that whoever lets go of it closes what it has opened by then.
            self._producer = made = AIOKafkaProducer(
                bootstrap_servers=list(self._cluster.bootstrap),
                client_id="ressenti-results",
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_batch_size=BATCH_BYTES,
                max_request_size=REQUEST_BYTES,
                request_timeout_ms=self._cluster.milliseconds,
                **self._cluster.security,
            )
            await made.start()
        return self._producer

    def _let_go(self) -> None:
        """Have the next records sent by another producer: after a failure nobody knows what this one still does."""
        self._known.clear()
        producer, self._producer = self._producer, None
        if producer is not None:
            for closing in (producer.stop, producer.client.close):  # the first waits for what may never be acknowledged
                try:
                    self._runner.run(self._within(closing(), ABANDON_SECONDS))
                except (KafkaError, OSError) as error:
                    _log.info("a producer was given up", reason=said(error))
        self._runner.close()  # with whatever still runs there
        self._runner = asyncio.Runner()

    @staticmethod
    async def _within(work: Awaitable[None], seconds: float) -> None:
        async with asyncio.timeout(seconds + GRACE_SECONDS):
            await work


async def _handed(producer: AIOKafkaProducer, place: Place, batch: Any) -> "asyncio.Future[Any]":  # noqa: ANN401 - aiokafka's
    topic, partition = place
    batch.close()
    handed: asyncio.Future[Any] = await producer.send_batch(batch, topic, partition=partition)
    return handed


def _taken(batch: Any, record: Outgoing) -> bool:  # noqa: ANN401 - aiokafka's
    return batch.append(timestamp=None, key=record.key, value=record.value, headers=record.headers) is not None
