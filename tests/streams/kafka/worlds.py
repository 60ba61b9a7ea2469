"""A log on the tests' broker, opened and closed around a test."""

from collections.abc import Iterator
from contextlib import contextmanager

from streams.kafka.clients import Cluster
from streams.kafka.log import KafkaLog
from streams.kafka.sending import Sender
from streams.kafka.topics import Topic


def interactions(name: str, partitions: int) -> Topic:
    return Topic("interactions", name, "", partitions, "delete", 86_400_000, append_time=True)


@contextmanager
def opened(bootstrap: str, topic: str, partitions: int, seconds: float = 10.0) -> Iterator[KafkaLog]:
    """Open the log in ``topic``."""
    cluster = Cluster((bootstrap,), {}, seconds)
    sender = Sender(cluster)
    log = KafkaLog(cluster, interactions(topic, partitions), sender)
    try:
        yield log
    finally:
        sender.close()
        log.close()
