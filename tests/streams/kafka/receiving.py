"""Everything that is in a topic of one partition, or of several, as a reader outside any group finds it."""

import uuid

from confluent_kafka import Consumer, TopicPartition

Received = tuple[str, bytes | None, dict[str, str]]
"""Key, value and headers."""


def received(bootstrap: str, topic: str, partitions: int = 1) -> list[Received]:
    """Return every record of ``topic``, each partition's in its order."""
    return [one for partition in range(partitions) for one in received_in(bootstrap, topic, partition)]


def received_in(bootstrap: str, topic: str, partition: int) -> list[Received]:
    """Return every record of one partition in its order."""
    options = {"bootstrap.servers": bootstrap, "group.id": f"read-{uuid.uuid4()}", "enable.partition.eof": True}
    consumer = Consumer(options)
    found: list[Received] = []
    try:
        consumer.assign([TopicPartition(topic, partition, 0)])
        while (message := consumer.poll(20)) is not None and message.error() is None:
            headers = dict(message.headers() or [])
            texts = {str(name): bytes(value).decode() for name, value in headers.items() if isinstance(value, bytes)}
            found.append(((message.key() or b"").decode(), message.value(), texts))
    finally:
        consumer.close()
    return found
