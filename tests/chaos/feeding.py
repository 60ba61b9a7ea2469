"""The load: events of a simulated company into the topic, all the time or at once, and what bad senders do to them."""

import threading
import time
import uuid
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from confluent_kafka import KafkaError, Message, Producer

from tests.chaos.ledger import Ledger, Pair

PATIENCE_SECONDS = 90.0
_TICK_SECONDS = 0.1


class Feeder:
    """Sends records until they are acknowledged, and enters them in the ledger; safe to use from many threads."""

    def __init__(self, bootstrap: str, topic: str, ledger: Ledger, events: Iterator[Pair]) -> None:
        self._bootstrap = bootstrap
        self._topic = topic
        self._ledger = ledger
        self._events = events
        self._lock = threading.Lock()
        self._refused: deque[Pair] = deque()
        more = {"enable.idempotence": True, "linger.ms": 5, "message.timeout.ms": 60_000, "log_level": 0}
        self._producer = Producer({**self._common(), **more})

    def take(self, count: int) -> list[Pair]:
        """Return the company's next events."""
        with self._lock:
            return [next(self._events) for _ in range(count)]

    def send(self, pairs: Sequence[Pair]) -> None:
        """Hand records to the producer; ``flush`` waits until the brokers have them."""
        for key, value in pairs:
            self._producer.produce(self._topic, key=key, value=value, on_delivery=self._delivered)
        self._producer.poll(0)

    def flush(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Wait until all is acknowledged, sending again what was not; raises ``TimeoutError``."""
        end = time.monotonic() + seconds
        while self._producer.flush(1.0) or self._refused:
            if time.monotonic() > end:
                raise TimeoutError(f"the brokers have not acknowledged everything within {seconds:.0f} s")
            again = [self._refused.popleft() for _ in range(len(self._refused))]
            self.send(again)

    @contextmanager
    def flowing(self, per_second: int) -> Iterator[None]:
        """Send the company's events from a thread, ``per_second``, until the block ends."""
        stopping = threading.Event()
        thread = threading.Thread(target=self._flow, args=(stopping, per_second), name="flow", daemon=True)
        thread.start()
        try:
            yield
        finally:
            stopping.set()
            thread.join(10)

    def transaction(self, pairs: Sequence[Pair], *, commit: bool, open_seconds: float = 0.5) -> None:
        """Send ``pairs`` in one transaction; only a committed one is entered in the ledger."""
        producer = Producer({**self._common(), "transactional.id": f"chaos-{uuid.uuid4().hex}", "log_level": 0})
        producer.init_transactions(PATIENCE_SECONDS)
        producer.begin_transaction()
        landed: list[Message] = []
        for key, value in pairs:
            producer.produce(self._topic, key=key, value=value, on_delivery=lambda _, message: landed.append(message))
        producer.flush(PATIENCE_SECONDS)
        time.sleep(open_seconds)  # others write between its records and its end
        if not commit:
            producer.abort_transaction(PATIENCE_SECONDS)
            return
        producer.commit_transaction(PATIENCE_SECONDS)
        for message in landed:
            self._delivered(message.error(), message)

    def _common(self) -> dict[str, str]:
        return {"bootstrap.servers": self._bootstrap, "partitioner": "murmur2_random", "acks": "all"}

    def _flow(self, stopping: threading.Event, per_second: int) -> None:
        while not stopping.wait(_TICK_SECONDS):
            self.send(self.take(max(1, int(per_second * _TICK_SECONDS))))

    def _delivered(self, error: KafkaError | None, message: Message) -> None:
        key, value = message.key() or b"", message.value() or b""
        partition, offset = message.partition(), message.offset()
        if error is not None or partition is None or offset is None:
            self._refused.append((bytes(key), bytes(value)))  # it may be there all the same: a copy does no harm
            return
        self._ledger.accept(bytes(value), partition, offset)
