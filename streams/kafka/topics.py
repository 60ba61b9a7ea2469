"""What each topic of ours must be, and what is wrong with one that is not. Brokers are asked by ``topic_admin``."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from models.identifiers import DAY
from models.interactions.bounds import MAX_EVENT, MAX_KEY
from streams.settings import Settings

Noun = Literal["interactions", "dead-letters", "scores", "gaps", "rescues", "verdicts", "erased"]
Cleanup = Literal["delete", "compact", "compact,delete"]

PRIVATE_DAYS = 30
"""Longest that a topic may hold what a customer did: who was erased is gone from it by then."""
ROLL_MS = DAY
"""A segment is deleted as a whole, when its youngest record is due: this is how much longer its oldest one stays."""
RECORD_BYTES = MAX_EVENT + MAX_KEY + 1_024
"""The largest record of ours, its headers and batch included."""
MOST_PARTITIONS = 32


@dataclass(frozen=True, slots=True)
class Topic:
    """What one topic must be."""

    noun: Noun
    name: str
    says: str
    """What its records are, in one sentence."""
    partitions: int
    cleanup: Cleanup
    retention_ms: int
    """Ignored where nothing is deleted by age."""
    append_time: bool = False
    """Its records carry the time of the broker, not of the sender."""

    @property
    def configs(self) -> dict[str, str]:
        """What it is created with, copies aside."""
        return {
            "cleanup.policy": self.cleanup,
            "retention.ms": str(self.retention_ms if "delete" in self.cleanup else -1),
            "retention.bytes": "-1",
            "segment.ms": str(ROLL_MS),
            "message.timestamp.type": "LogAppendTime" if self.append_time else "CreateTime",
            "max.message.bytes": "1048588",
            "unclean.leader.election.enable": "false",
        }


def topic_name(settings: Settings, noun: Noun) -> str:
    """Return the name of the topic of ``noun``."""
    return settings.kafka_prefix + (settings.kafka_topic if noun == "interactions" else noun)


def topics_of(settings: Settings) -> list[Topic]:
    """Return what every topic must be under ``settings``."""
    kept = max(settings.log_retention_days * DAY - ROLL_MS, DAY)

    def topic(noun: Noun, says: str, partitions: int, cleanup: Cleanup) -> Topic:
        return Topic(noun, topic_name(settings, noun), says, partitions, cleanup, kept, noun == "interactions")

    many = settings.partitions
    return [
        topic("interactions", "what customers lived, as CloudEvents; key: the customer", many, "delete"),
        topic("dead-letters", "records that could not be scored, with the reason; key: partition/offset", 4, "delete"),
        topic("scores", "journeys as they are scored now; key: customer/journey", many, "compact,delete"),
        topic("rescues", "customers to call now, and how it ended; key: customer/journey", 4, "compact,delete"),
        topic("gaps", "gaps as they stand; key: the gap", 1, "compact"),
        topic("verdicts", "experiments as they were evaluated; key: the experiment", 1, "compact"),
        topic("erased", "customers to be forgotten by whoever heard of them; key: the customer", 1, "delete"),
    ]


@dataclass(frozen=True, slots=True)
class Found:
    """A topic as the brokers have it."""

    id: str
    partitions: int
    replication: int
    configs: Mapping[str, str]

    def number(self, name: str) -> int:
        """Return a setting that is a whole number."""
        return int(self.configs[name])


def least_in_sync(replication: int) -> int:
    """Return how many copies must acknowledge: one broker may be away, and no single one holds the only copy."""
    return replication - 1 if replication > 2 else 1


def faults(topic: Topic, has: Found | None, replication: int) -> list[str]:
    """Return what is wrong with ``topic``, one sentence each with the remedy; empty when it is as it must be."""
    if has is None:
        return grave_faults(topic, has)
    sentences = [*_keeping(topic, has), *_copies(has, replication), *_size(has)]
    return [*grave_faults(topic, has), *(f"topic {topic.name} {sentence}" for sentence in sentences)]


def grave_faults(topic: Topic, has: Found | None) -> list[str]:
    """Return the faults of ``topic`` with which nothing may be started: answers would be wrong."""
    if has is None:
        return [f"topic {topic.name} does not exist; run: ressenti topics create"]
    return [f"topic {topic.name} {sentence}" for sentence in _shape(topic, has)]


def _shape(topic: Topic, has: Found) -> Iterator[str]:
    if has.partitions != topic.partitions and topic.noun == "interactions":
        yield (
            f"has {_counted(has.partitions, 'partition')}, RESSENTI_PARTITIONS says {topic.partitions}; name the right "
            f"topic, or begin with a new, empty database and RESSENTI_PARTITIONS={has.partitions}: what was built from "
            "another number of partitions cannot go on, what the topic still holds is folded anew"
        )
    if has.partitions > MOST_PARTITIONS and topic.noun == "interactions":
        yield f"has {has.partitions} partitions, and {MOST_PARTITIONS} are the most; make a new topic"
    kind = topic.configs["message.timestamp.type"]
    if topic.append_time and has.configs["message.timestamp.type"] != kind:
        yield f"takes its times from senders, whose clocks are wrong; {_set(topic, 'message.timestamp.type', kind)}"


def _keeping(topic: Topic, has: Found) -> Iterator[str]:
    cleanup = has.configs["cleanup.policy"]
    if set(cleanup.split(",")) != set(topic.cleanup.split(",")):
        yield f"has cleanup.policy={cleanup}; {_set(topic, 'cleanup.policy', topic.cleanup)}"
    if "delete" not in topic.cleanup:
        return
    kept, roll = has.number("retention.ms"), has.number("segment.ms")
    longest = PRIVATE_DAYS * DAY
    if kept < 0 or kept + roll > longest:
        held = "for ever" if kept < 0 else f"for up to {(kept + roll) / DAY:g} days (retention.ms + segment.ms)"
        advice = _set(topic, "retention.ms", str(topic.retention_ms), "segment.ms", str(ROLL_MS))
        yield f"keeps what customers did {held}, at most {PRIVATE_DAYS} are allowed; {advice}"
    if 0 <= kept < DAY:
        yield f"deletes after {kept / 1_000:g} s what may not be read yet; {_set(topic, 'retention.ms', str(DAY))}"
    if has.number("retention.bytes") >= 0:
        yield f"deletes by size what may not be read yet; {_set(topic, 'retention.bytes', '-1')}"


def _copies(has: Found, replication: int) -> Iterator[str]:
    in_sync = has.number("min.insync.replicas")
    if has.replication < replication:
        yield (
            f"has {_counted(has.replication, 'copy')}, {replication} are asked for; reassign its partitions "
            f"(kafka-reassign-partitions.sh), or set RESSENTI_KAFKA_REPLICATION={has.replication}"
        )
    if has.replication > 1 and in_sync >= has.replication:
        yield f"takes nothing while one broker is away; set min.insync.replicas={has.replication - 1}"
    if has.replication > 2 and in_sync < 2:
        yield "acknowledges what only one broker has; set min.insync.replicas=2"
    if has.configs["unclean.leader.election.enable"] == "true":
        yield "may lose what it acknowledged; set unclean.leader.election.enable=false"


def _size(has: Found) -> Iterator[str]:
    largest = has.number("max.message.bytes")
    if largest < RECORD_BYTES:
        yield f"takes at most {largest} bytes, an event may have {RECORD_BYTES}; set max.message.bytes=1048588"


def _set(topic: Topic, *pairs: str) -> str:
    configs = ",".join(f"{name}={_quoted(value)}" for name, value in zip(pairs[::2], pairs[1::2], strict=True))
    brokers = '--bootstrap-server "$RESSENTI_KAFKA_BOOTSTRAP"'
    return f"run: kafka-configs.sh {brokers} --alter --topic {topic.name} --add-config {configs}"


def _quoted(value: str) -> str:
    return f"[{value}]" if "," in value else value


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun.removesuffix('y')}{'ies' if noun[-1] == 'y' else 's'}"
