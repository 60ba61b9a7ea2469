"""A worker in a thread of the test, over a keeper in memory and a real broker; and producers to feed it."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from confluent_kafka import Producer

from models.identifiers import Partition
from streams.worker import ending
from streams.worker.liveness import Watching
from streams.worker.parts import Reading
from streams.worker.pump import Batching
from streams.worker.worker import Job, Pace, Worker
from tests.streams.worker.shelf import Shelf
from tests.streams.worker.waiting import SECONDS, until

ending.end_process = lambda _code: None  # a worker in a thread of ours must not end the whole test run

PACE = Pace(
    batching=Batching(records=2_000, seconds=0.02, first_backoff_seconds=0.02, most_backoff_seconds=0.1),
    watching=Watching(0.2, 60.0),
    reconcile_seconds=0.5,
    hint_seconds=0.2,
    stop_seconds=5.0,
)


@dataclass
class Inside:
    """One worker running in a thread."""

    worker: Worker
    shelf: Shelf
    started: threading.Event = field(default_factory=threading.Event)
    error: BaseException | None = None
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        until(lambda: self.started.is_set() or self.error is not None)

    def stop(self) -> None:
        assert self._thread is not None
        if self._thread.is_alive():
            self.worker.ask_to_stop()
        self._thread.join(SECONDS)
        assert not self._thread.is_alive(), "the worker does not stop"

    def at(self, partition: int = 0) -> int:
        return self.shelf.places[Partition(partition)].next_offset

    def _run(self) -> None:
        try:
            self.worker.run(self.started.set)
        except BaseException as error:  # noqa: BLE001 - the test looks at it
            self.error = error


@contextlib.contextmanager
def inside(
    reading: Reading,
    shelf: Shelf,
    pace: Pace = PACE,
) -> Iterator[Inside]:
    """Run a worker until the block ends."""
    job = Job(reading, shelf.folding(), shelf.check)
    running = Inside(Worker(job, pace, lambda _: 1), shelf)
    running.start()
    try:
        yield running
    finally:
        running.stop()


def reading(bootstrap: str, topic: str, records: int = 8_000) -> Reading:
    """Return how the tests read ``topic``: quick to notice who is gone."""
    group = f"group-of-{topic}"
    return Reading((bootstrap,), topic, group, session_seconds=2.0, heartbeat_seconds=0.5, records=records)


def append(bootstrap: str, topic: str, values: Sequence[bytes], partition: int = 0) -> None:
    """Append ``values`` to one partition."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 5})
    for value in values:
        producer.produce(topic, value=value, key=b"k", partition=partition)
    assert producer.flush(SECONDS) == 0


@contextlib.contextmanager
def transaction(bootstrap: str, topic: str, *, commit: bool) -> Iterator[Callable[[Sequence[bytes]], None]]:
    """Append inside a transaction that is committed or aborted at the end."""
    producer = Producer({"bootstrap.servers": bootstrap, "transactional.id": f"t-{topic}-{time.monotonic_ns()}"})
    producer.init_transactions(SECONDS)
    producer.begin_transaction()

    def send(values: Sequence[bytes]) -> None:
        for value in values:
            producer.produce(topic, value=value, key=b"k", partition=0)
        producer.flush(SECONDS)

    yield send
    (producer.commit_transaction if commit else producer.abort_transaction)(SECONDS)
