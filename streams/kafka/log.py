"""The log in Kafka: one topic, whose id is the log's identity and whose partitions are the log's.

Time is the brokers' (``LogAppendTime``). What a topic must be is in ``topics``; how records are sent and read in
``sending`` and ``reading``.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TypeVar

import structlog
from kafka import IsolationLevel, OffsetSpec, TopicPartition
from kafka.errors import KafkaError

from models.chunks import Chunk
from models.errors import LogChanged, RefusedToStart
from models.identifiers import Offset, Partition
from models.partitions import other_count, partition_of
from streams.glancing import Glance
from streams.kafka.batches import BatchSender
from streams.kafka.clients import BrokerAway, Cluster, cluster_of
from streams.kafka.ports import Admin
from streams.kafka.reading import Reader
from streams.kafka.sending import Outgoing, Sender
from streams.kafka.topic_admin import found
from streams.kafka.topics import Topic, faults, grave_faults, topics_of
from streams.settings import Settings

LOOK_SECONDS = 10.0
"""How often it is looked whether the topic is still the one that was opened."""

PATIENCE_SECONDS = 2.0
"""Longer than a client that was refused waits before it tries again (``clients``)."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class KafkaLog:
    """``streams.chunks.Log`` over a topic; safe to use from many threads.

    Meets the brokers when it is made: raises ``RefusedToStart`` with one sentence when they are not there, do not let
    us in, or the topic is missing or not what it must be.
    """

    def __init__(self, cluster: Cluster, topic: Topic, sender: Sender, replication: int = 1) -> None:
        self._cluster = cluster
        self._topic = topic.name
        self._sender = sender
        self._news = BatchSender(cluster, self._partitions_of)
        self._reader = Reader(cluster, topic.name)
        self._admin: Admin = cluster.admin()
        try:
            self._identity, self._partitions = self._examined(topic, replication)
        except BaseException:
            self._admin.close()
            raise
        self._known_ends: dict[Partition, Offset] = {}
        self._changed: str | None = None
        self._clock = time.monotonic
        self._look_at = self._clock() + LOOK_SECONDS
        self._glance = Glance(f"Kafka at {cluster.where}", self._glanced)

    @property
    def name(self) -> str:
        """The topic's name."""
        return self._topic

    @property
    def identity(self) -> str:
        """The topic's id, which a topic made anew under the same name does not have."""
        return self._identity

    @property
    def partitions(self) -> int:
        """How many partitions."""
        return self._partitions

    def append(self, records: Sequence[tuple[bytes, bytes]]) -> Sequence[tuple[Partition, Offset]]:
        """Append (key, value) records, each to its key's partition; all copies have them when this returns.

        Blocks as ``Sender.send`` does. Raises ``BrokerAway``: any number of them may have been, or
        may still be, appended; append all of them again later, the fold drops what it has seen. Raises ``LogChanged``
        for good, once it was noticed that the topic is another one.
        """
        self._look_again()
        return self._sender.send(
            Outgoing(self._topic, key, value, partition_of(key, self._partitions)) for key, value in records
        )

    def read(self, partition: Partition, start: Offset, limit: int) -> Chunk:
        """Return up to ``limit`` committed records from ``start``; an empty chunk when there are none yet.

        Raises ``BrokerAway``, and ``LogChanged`` for a start beyond the end.
        """
        if start >= self._known_ends.get(partition, Offset(0)):
            end = self.end(partition)
            if start > end:
                raise LogChanged(
                    f"partition {partition} of topic {self._topic} ends at {end}, so there is no offset {start}; "
                    "records are missing: bring the right topic back"
                )
            if start == end:
                return Chunk(partition, start, start, [])
        return self._reader.read(partition, start, limit)

    def end(self, partition: Partition) -> Offset:
        """Return the offset the next record of ``partition`` will get; raises ``BrokerAway``."""
        return self._offsets([partition], OffsetSpec.LATEST)[partition]

    def ends(self) -> dict[Partition, Offset]:
        """Return every partition's end at about one moment; raises ``BrokerAway``."""
        return self._offsets(self._all(), OffsetSpec.LATEST)

    def starts(self) -> dict[Partition, Offset]:
        """Return the first offset that retention has left of every partition; raises ``BrokerAway``."""
        return self._offsets(self._all(), OffsetSpec.EARLIEST)

    def glance(self) -> dict[Partition, Offset]:
        """Return ``ends``, for whoever must not hang with the brokers: within two seconds.

        Raises ``BrokerAway`` or another ``Retryable``, and ``LogChanged`` for good, as ``append`` does.
        """
        return self._glance.answer()

    def check(self) -> None:
        """Raise ``LogChanged`` if the topic is gone or was made anew since this was opened; or ``BrokerAway``."""
        has = self._asked(lambda: found(self._admin, self._topic))
        if has is None or has.id != self._identity:
            raise LogChanged(
                f"topic {self._topic} {'is gone' if has is None else 'was made anew'}: positions in it mean other "
                "records now; bring the right topic back, or begin with a new, empty database"
            )
        if has.partitions != self._partitions:
            grown = other_count(has.partitions, self._partitions)
            raise LogChanged(f"topic {self._topic} has grown: {grown}")

    @property
    def news(self) -> BatchSender:
        """What results are sent with, thousands at a time: apart from the records, for which somebody waits."""
        return self._news

    @property
    def away(self) -> str | None:
        """Why nothing can be appended now; ``None`` when, as far as is known, it can."""
        return self._sender.away

    def close(self) -> None:
        """Close the connections; the records' sender is its owner's."""
        self._news.close()
        self._reader.close()
        self._admin.close()

    def _look_again(self) -> None:
        """Have it looked, aside, whether the topic was made anew meanwhile; refuse to append once it was."""
        if self._changed is not None:
            raise LogChanged(self._changed)
        if self._look_is_due():
            threading.Thread(target=self._look, name="kafka-look", daemon=True).start()

    def _look(self) -> None:
        try:
            self._check_for_good()
        except LogChanged:
            return  # it is told and kept: whoever appends next is refused with it
        except BrokerAway as away:
            _log.info("nobody says whether the topic is still the same", reason=str(away))

    def _glanced(self) -> dict[Partition, Offset]:
        if self._changed is not None:
            raise LogChanged(self._changed)
        if self._look_is_due():
            self._check_for_good()
        return self.ends()

    def _look_is_due(self) -> bool:
        due = self._clock() >= self._look_at
        if due:
            self._look_at = self._clock() + LOOK_SECONDS
        return due

    def _check_for_good(self) -> None:
        """Check, and remember what was found: no topic becomes again what it was."""
        try:
            self.check()
        except LogChanged as changed:
            self._changed = str(changed)
            _log.error("nothing is appended any more, until this process is started anew", reason=self._changed)
            raise

    def _all(self) -> list[Partition]:
        return [Partition(number) for number in range(self._partitions)]

    def _offsets(self, partitions: Sequence[Partition], which: OffsetSpec) -> dict[Partition, Offset]:
        wanted = {TopicPartition(self._topic, partition): which for partition in partitions}
        answer = self._asked(
            lambda: self._admin.list_partition_offsets(wanted, isolation_level=IsolationLevel.READ_COMMITTED)
        )
        offsets = {Partition(here.partition): Offset(at.offset) for here, at in answer.items()}
        if which is OffsetSpec.LATEST:
            self._known_ends |= offsets
        return offsets

    def _examined(self, topic: Topic, replication: int) -> tuple[str, int]:
        """Return the topic's id and its partitions; refuses what would give wrong answers, logs what else is wrong."""
        try:
            has = found(self._admin, topic.name)
        except KafkaError as error:
            raise RefusedToStart(
                f"topic {topic.name} cannot be examined: {error}; mend that and start again"
            ) from error
        if grave := grave_faults(topic, has):
            raise RefusedToStart(grave[0])
        assert has is not None  # noqa: S101 - its absence is a grave fault
        for fault in faults(topic, has, replication):
            _log.warning("a topic is not what it must be", fault=fault)
        return has.id, has.partitions

    def _partitions_of(self, name: str) -> int:
        has = self._asked(lambda: found(self._admin, name))
        if has is None:
            raise BrokerAway(f"topic {name} does not exist; run: ressenti topics create")
        return has.partitions

    def _asked(self, ask: Callable[[], T]) -> T:
        """Return what ``ask`` does; for a moment after brokers were away the client waits before it goes to them."""
        until = self._clock() + PATIENCE_SECONDS
        while True:
            try:
                return ask()
            except KafkaError as error:
                if not error.retriable or self._clock() > until:
                    raise self._cluster.away("does not answer", error) from error
                time.sleep(PATIENCE_SECONDS / 20)


@contextmanager
def opened_log(settings: Settings) -> Iterator[KafkaLog]:
    """Open the log that ``settings`` name, and close it after the block."""
    cluster = cluster_of(settings)
    (topic,) = (one for one in topics_of(settings) if one.noun == "interactions")
    with (
        closing(Sender(cluster)) as sender,
        closing(KafkaLog(cluster, topic, sender, settings.kafka_replication)) as log,
    ):
        yield log
