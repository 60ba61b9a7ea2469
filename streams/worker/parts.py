"""What the transport reaches through Faust's application, which makes its parts itself and hands nothing down."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from models.chunks import Chunk
from streams.worker.pump import Pump


class Fetched(tuple[Chunk, ...]):
    """What one fetch brought: a chunk of each partition that something came from."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Reading:
    """How the log is read."""

    bootstrap: tuple[str, ...]
    topic: str
    group: str
    instance: str | None = None
    """Name of this worker that outlives it (static membership), if it has one."""
    session_seconds: float = 6.0
    heartbeat_seconds: float = 2.0
    records: int = 8_000
    """Most records of one fetch."""
    security: Mapping[str, Any] = field(default_factory=dict)
    """How brokers are met, in the names of aiokafka's consumer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """The worker's parts."""

    reading: Reading
    pump: Pump
    give_up: Callable[[BaseException], None]
    """Told of what the worker cannot go on from; from any thread."""


class HasParts(Protocol):
    """An application that carries parts."""

    parts: Parts


def parts_of(app: object) -> Parts:
    """Return the parts that ``app``, one of ours, carries."""
    return cast("HasParts", app).parts
