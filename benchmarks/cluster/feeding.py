"""A steady load in a thread of its own: so many events a second into a topic, until the block ends."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

from kafka import KafkaProducer

from benchmarks.cluster.ground import CLOSE_S, Pair

TICK_S = 0.05


@contextmanager
def fed(bootstrap: str, topic: str, pairs: Iterator[Pair], rate: float) -> Iterator[None]:
    """Send ``rate`` of ``pairs`` a second to ``topic`` while the block runs; what is late is sent at once."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=5, acks="all")
    stopping = threading.Event()

    def feed() -> None:
        began, sent = time.monotonic(), 0
        while not stopping.wait(TICK_S):
            due = int((time.monotonic() - began) * rate)
            for key, value in islice(pairs, due - sent):
                producer.send(topic, key=key, value=value)
            sent = due

    thread = threading.Thread(target=feed, name="feed", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
        producer.close(timeout=CLOSE_S)
