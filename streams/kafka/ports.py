"""What we use of kafka-python, which ships no types: its clients as protocols."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol


class Admin(Protocol):
    """What we use of ``KafkaAdminClient``."""

    def describe_topics(self, topics: Collection[str] | None = None) -> list[dict[str, Any]]:
        """Describe topics by name, missing ones too."""

    def describe_configs(self, config_resources: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401 - kafka-python's
        """Describe what topics are set to."""

    def create_topics(self, new_topics: Mapping[str, Any], **options: Any) -> dict[str, Any]:  # noqa: ANN401 - kafka-python's
        """Create topics."""

    def describe_cluster(self) -> dict[str, Any]:
        """Say which brokers there are."""

    def list_partition_offsets(self, *arguments: Any, **options: Any) -> Mapping[Any, Any]:  # noqa: ANN401 - kafka-python's
        """Say where partitions begin or end."""

    def close(self) -> None:
        """Close its connections."""


class Consumer(Protocol):
    """What we use of ``KafkaConsumer``."""

    def assign(self, partitions: Collection[Any]) -> None:
        """Read these partitions."""

    def seek(self, partition: Any, offset: int) -> None:  # noqa: ANN401 - kafka-python's
        """Read on from there."""

    def position(self, partition: Any, timeout_ms: int | None = None) -> int:  # noqa: ANN401 - kafka-python's
        """Say which offset is read next."""

    def poll(self, timeout_ms: int = 0, max_records: int | None = None) -> Mapping[Any, Sequence[Any]]:
        """Fetch."""

    def close(self, timeout_ms: int | None = None) -> None:
        """Close its connections."""


class Future(Protocol):
    """The promise of an acknowledgement."""

    def get(self, timeout: float | None = None) -> Any:  # noqa: ANN401 - kafka-python's
        """Wait for it."""


class SenderThread(Protocol):
    """The thread inside a producer."""

    def force_close(self) -> None:
        """Ask it to fail what is not acknowledged and to end."""

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""


class Producer(Protocol):
    """What we use of ``KafkaProducer``."""

    _sender: SenderThread

    def send(self, topic: str, value: bytes | None = None, key: bytes | None = None, **options: Any) -> Future:  # noqa: ANN401 - kafka-python's
        """Hand over a record to be sent."""

    def close(self, timeout: float | None = None) -> None:
        """Send what was handed over and close."""
