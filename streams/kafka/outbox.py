"""Delivery of the outbox to topics: at least once, in each partition's order, marked as sent after the acknowledgement.

A record's key is the entity, its value the full state, empty (a tombstone) when the entity is no more. Headers:
``ressenti-message``, the same for every repeat; ``ressenti-version``, by which readers tell a stale state, as a leader
that comes back after another took over may send one.
"""

from collections.abc import Callable, Iterator, Sequence

import msgspec

from models.effects import Topic
from models.errors import NotFound
from models.identifiers import Millis
from store.dead_letters import DeadLetters
from store.outbox import Outbox, Unsent
from streams.kafka.batches import BatchSender
from streams.kafka.sending import Headers, Outgoing
from streams.publishing import dead_letter_payload

BATCH = 5_000
BATCHES = 10
"""Batches of one tick: a backlog must not keep a stopping process from stopping."""


class _Versioned(msgspec.Struct):
    version: int = 0


_versioned = msgspec.json.Decoder(_Versioned).decode


class TopicDeliveries:
    """Sends what is unsent to the topic that each message is about; ``tick`` is for one thread at a time."""

    def __init__(
        self, outbox: Outbox, dead_letters: DeadLetters, sender: BatchSender, topic_of: Callable[[Topic], str]
    ) -> None:
        self._outbox = outbox
        self._dead_letters = dead_letters
        self._sender = sender
        self._topic_of = topic_of

    def tick(self, now: Millis) -> int:
        """Send what there is, batch by batch; return how many messages were sent.

        Raises ``BrokerAway``, with what the brokers did not acknowledge left to the next tick.
        """
        sent = 0
        for _ in range(BATCHES):
            batch = self._outbox.unsent(BATCH)
            outgoing = list(self._outgoing(batch))
            if outgoing:
                self._sender.send(outgoing)
            # Should we die before this, the batch is sent again: at least once.
            self._outbox.mark_sent(batch, now)
            sent += len(outgoing)
            if len(batch) < BATCH:
                break
        return sent

    def _outgoing(self, batch: Sequence[Unsent]) -> Iterator[Outgoing]:
        for unsent in batch:
            message = unsent.message
            key, payload = message.key, message.payload
            if message.topic == "dead-letters":
                try:
                    letter = self._dead_letters.show(unsent.partition, message.offset).letter
                except NotFound:
                    continue  # erased or expired meanwhile: there is nothing to tell
                key, payload = f"{unsent.partition}/{message.offset}", dead_letter_payload(unsent.partition, letter)
            yield Outgoing(
                self._topic_of(message.topic), key.encode(), payload or None, headers=_headers(unsent, payload)
            )


def _headers(unsent: Unsent, payload: bytes) -> Headers:
    message = unsent.message
    version = _versioned(payload).version if payload else message.offset
    return [
        ("content-type", b"application/json"),
        ("ressenti-message", f"{unsent.partition}-{message.offset}-{message.n}".encode()),
        ("ressenti-version", str(version).encode()),
    ]
