"""Asking brokers what topics are, and making those that are missing. No topic that exists is ever changed from here."""

from collections.abc import Collection
from dataclasses import dataclass

from kafka.admin import ConfigResource
from kafka.errors import KafkaError, UnknownTopicOrPartitionError, for_code

from models.errors import RefusedToStart
from streams.kafka.clients import cluster_of
from streams.kafka.ports import Admin
from streams.kafka.refusals import said
from streams.kafka.topics import Found, Topic, faults, least_in_sync, topic_name, topics_of
from streams.settings import Settings

_MISSING = UnknownTopicOrPartitionError.errno


def found(admin: Admin, name: str) -> Found | None:
    """Return the topic ``name`` as it is, ``None`` when there is none; raises ``KafkaError``."""
    (described,) = admin.describe_topics([name])
    if described["error_code"] == _MISSING:
        return None
    if described["error_code"]:
        raise for_code(described["error_code"])(name)
    partitions = described["partitions"]
    configs = admin.describe_configs([ConfigResource("TOPIC", name)], config_filter="all")["topic"][name]
    return Found(
        str(described["topic_id"]),
        len(partitions),
        min(len(partition["replica_nodes"]) for partition in partitions),
        {key: str(config["value"]) for key, config in configs.items()},
    )


def create(admin: Admin, topic: Topic, replication: int) -> None:
    """Make ``topic`` with ``replication`` copies; raises ``RefusedToStart`` when the brokers would not."""
    configs = topic.configs | {"min.insync.replicas": str(least_in_sync(replication))}
    wanted = {"num_partitions": topic.partitions, "replication_factor": replication, "configs": configs}
    try:
        admin.create_topics({topic.name: wanted}, wait_for_metadata=True)
    except KafkaError as error:
        brokers = len(admin.describe_cluster()["brokers"])
        if brokers < replication:
            raise RefusedToStart(
                f"topic {topic.name}: {replication} copies need as many brokers, and there are {brokers}; "
                f"add brokers, or set RESSENTI_KAFKA_REPLICATION={brokers} where losing one may lose events"
            ) from error
        raise RefusedToStart(f"topic {topic.name} was not made ({said(error)}); mend that first") from error


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found of one topic."""

    topic: str
    created: bool
    faults: list[str]


def look(settings: Settings, *, make: bool = False) -> list[Looked]:
    """Return what is wrong with each topic of ``settings``, having made those that are missing when asked to.

    Raises ``RefusedToStart`` and ``BrokerAway``.
    """
    cluster, copies = cluster_of(settings), settings.kafka_replication
    admin = cluster.admin()
    try:
        return [_looked(admin, topic, copies, make=make) for topic in topics_of(settings)]
    except KafkaError as error:
        raise cluster.away("does not answer", error) from error
    finally:
        admin.close()


def wrong_outgoing(settings: Settings, nouns: Collection[str]) -> list[str]:
    """Return what is wrong with the topics that results about ``nouns`` go to; raises as ``look`` does."""
    told = {topic_name(settings, topic.noun) for topic in topics_of(settings) if topic.noun in nouns}
    return [fault for one in look(settings) if one.topic in told for fault in one.faults]


def _looked(admin: Admin, topic: Topic, copies: int, *, make: bool) -> Looked:
    has = found(admin, topic.name)
    missing = has is None
    if missing and make:
        create(admin, topic, copies)
        has = found(admin, topic.name)
    return Looked(topic.name, missing and make, faults(topic, has, copies))
