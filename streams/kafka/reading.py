"""Reading a stretch of one partition, committed records only; for imports, verification and everything but the worker.

The worker's own reading is in ``streams.worker``: it is pushed chunks and must survive rebalances. Here somebody asks
for ``[start, …)`` and gets it, from one consumer outside any group.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kafka import TopicPartition
from kafka.errors import KafkaError

from models.chunks import Chunk, Record
from models.errors import RefusedToStart
from models.identifiers import Millis, Offset, Partition
from models.interactions.binary import structured
from streams.kafka.clients import BrokerAway, Cluster
from streams.kafka.ports import Consumer

POLL_MS = 200
FETCH_BYTES = 8 * 1024 * 1024


class Reader:
    """Reads one topic; made without meeting a broker, safe to use from threads, which wait for each other."""

    def __init__(self, cluster: Cluster, topic: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._cluster = cluster
        self._topic = topic
        self._clock = clock
        self._turn = threading.Lock()
        self._consumer: Consumer | None = None
        self._at: tuple[Partition, Offset] | None = None
        """Which partition is assigned, and from where it goes on without a seek."""

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        """Return up to ``limit`` records from ``start``, which must lie before the partition's end.

        The chunk covers what it says: markers, aborted records and what retention took are holes in it. Blocks for at
        most the cluster's timeout; raises ``BrokerAway``.
        """
        with self._turn, self._going_on():
            consumer, here = self._positioned(partition, start)
            until = self._clock() + self._cluster.timeout_seconds
            while self._clock() < until:
                polled = consumer.poll(timeout_ms=POLL_MS, max_records=limit).get(here, ())
                end = Offset(consumer.position(here, timeout_ms=self._cluster.milliseconds))
                if end > start:
                    self._at = (partition, end)
                    return Chunk(partition, start, end, [_record(one) for one in polled])
            raise BrokerAway(f"Kafka at {self._cluster.where} sent nothing of {self._topic} in time; try again later")

    def close(self) -> None:
        """Close the connections."""
        with self._turn:
            self._drop()

    def _positioned(self, partition: Partition, start: Offset) -> tuple[Consumer, Any]:
        """Return the consumer, about to read ``partition`` from ``start``."""
        if self._consumer is None:
            self._consumer = self._cluster.consumer(
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=FETCH_BYTES,
                fetch_max_wait_ms=POLL_MS,
                metrics_enabled=False,
            )
        here = TopicPartition(self._topic, partition)
        if self._at is None or self._at[0] != partition:
            self._consumer.assign([here])
        if self._at != (partition, start):
            self._consumer.seek(here, start)
        self._at = None
        return self._consumer, here

    @contextmanager
    def _going_on(self) -> Iterator[None]:
        """Begin with a new consumer next time when anything went wrong with this one."""
        try:
            yield
        except (KafkaError, RefusedToStart) as error:
            self._drop()
            raise self._cluster.away("cannot be read", error) from error
        except BaseException:
            self._drop()
            raise

    def _drop(self) -> None:
        consumer, self._consumer, self._at = self._consumer, None, None
        if consumer is not None:
            consumer.close(timeout_ms=0)


def _record(one: Any) -> Record:  # noqa: ANN401 - kafka-python's
    value = structured(one.value or b"", one.headers)
    return Record(Offset(one.offset), Millis(one.timestamp), one.key or b"", value)
