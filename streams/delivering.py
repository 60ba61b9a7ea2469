"""Who hears what the outbox holds, as settings say: topics, a webhook, or nobody.

One of them at most: a message is marked as sent once, when the one that hears it has it.
"""

from collections.abc import Callable

from models.errors import RefusedToStart
from models.identifiers import Millis
from store.database import Store
from streams.chunks import Log
from streams.settings import Settings, secret
from streams.webhooks import Deliveries, Receiver

TO_WEBHOOKS = frozenset({"scores", "rescues", "gaps", "verdicts"})
Run = Callable[[Millis], object]


def heard(settings: Settings) -> frozenset[str]:
    """Return what somebody listens to: only that is put into the outbox.

    Raises ``RefusedToStart`` when two are to hear it.
    """
    if settings.kafka_bootstrap is None:
        return TO_WEBHOOKS if settings.webhook_url else frozenset()
    if settings.webhook_url:
        raise RefusedToStart(
            "RESSENTI_KAFKA_BOOTSTRAP and RESSENTI_WEBHOOK_URL are both set, and messages are told once: with Kafka, "
            "read the topics, and take RESSENTI_WEBHOOK_URL away"
        )
    return frozenset(settings.kafka_publish.split(",")) - {""}


def delivery(settings: Settings, store: Store, log: Log) -> Run | None:
    """Return what delivers a batch of the outbox, ``None`` when nobody hears it."""
    if settings.kafka_bootstrap is not None:
        return _to_topics(settings, store, log)
    if settings.webhook_url is None:
        return None
    key = secret(settings.webhook_secret_file)
    signed = None if key is None else key.get_secret_value().encode()
    receiver = Receiver(settings.webhook_url, signed, settings.webhook_timeout_seconds)
    return Deliveries(store.outbox, receiver).tick


def _to_topics(settings: Settings, store: Store, log: Log) -> Run | None:
    from streams.kafka.log import KafkaLog
    from streams.kafka.outbox import TopicDeliveries
    from streams.kafka.topics import topic_name

    if not isinstance(log, KafkaLog):
        return None  # a house around another log, as tests make them
    deliveries = TopicDeliveries(store.outbox, store.dead_letters, log.news, lambda noun: topic_name(settings, noun))
    return deliveries.tick
