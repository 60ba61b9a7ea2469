"""The AsyncAPI 3 document: every topic, who sends and who reads it, and the schema of each message.

Made from what the program itself uses: the contract of interactions, the structures that are published, the topics.
Source: https://www.asyncapi.com/docs/reference/specification/v3.0.0
"""

import inspect
from importlib.metadata import version
from typing import Any

import msgspec

from models.interactions import TYPES
from models.interactions.envelope import INTERNAL_EVENTS
from models.interactions.schemas import own_schemas, schemas
from streams.kafka.topics import Noun, Topic, topics_of
from streams.publishing import (
    DeadLetterMessage,
    ErasedMessage,
    GapMessage,
    RescueMessage,
    ScoreMessage,
    VerdictMessage,
)
from streams.settings import Settings

Json = dict[str, Any]

FORMAT = "application/schema+json;version=draft-2020-12"
BINDING = "0.5.0"
PUBLISHED: dict[Noun, type[msgspec.Struct]] = {
    "dead-letters": DeadLetterMessage,
    "scores": ScoreMessage,
    "rescues": RescueMessage,
    "gaps": GapMessage,
    "verdicts": VerdictMessage,
    "erased": ErasedMessage,
}


def document(settings: Settings) -> Json:
    """Return the document of the topics as ``settings`` name them."""
    topics = topics_of(settings)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Ressenti",
            "version": version("ressenti"),
            "description": "What customers live goes in as CloudEvents; scores, rescues, gaps and verdicts come out.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        **_servers(settings),
        "channels": {topic.noun: _channel(topic) for topic in topics},
        "operations": {**{_operation_name(topic): _operation(topic) for topic in topics}, **_own_operation()},
        "components": {"messages": {**_interactions(), **{noun: _outgoing(noun) for noun in PUBLISHED}}},
    }


def _servers(settings: Settings) -> Json:
    if settings.kafka_bootstrap is None:
        return {}
    protocol = "kafka-secure" if settings.kafka_security.endswith("SSL") else "kafka"
    hosts = settings.kafka_bootstrap.split(",")
    return {"servers": {f"kafka-{n}": {"host": host, "protocol": protocol} for n, host in enumerate(hosts, start=1)}}


def _channel(topic: Topic) -> Json:
    configs = topic.configs
    return {
        "address": topic.name,
        "description": topic.says,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _carried(topic)},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": {
                    "cleanup.policy": configs["cleanup.policy"].split(","),
                    "retention.ms": int(configs["retention.ms"]),
                    "max.message.bytes": int(configs["max.message.bytes"]),
                },
                "bindingVersion": BINDING,
            }
        },
    }


def _operation_name(topic: Topic) -> str:
    return f"{'receive' if topic.noun == 'interactions' else 'send'}-{topic.noun}"


def _operation(topic: Topic) -> Json:
    channel = {"$ref": f"#/channels/{topic.noun}"}
    return {
        "action": "receive" if topic.noun == "interactions" else "send",
        "channel": channel,
        "summary": f"Ressenti {'reads' if topic.noun == 'interactions' else 'tells'} {topic.says}.",
        "messages": [{"$ref": f"{channel['$ref']}/messages/{name}"} for name in _messages(topic)],
    }


def _own_operation() -> Json:
    """Return what Ressenti itself puts among the interactions: whoever else reads that topic meets it there."""
    channel = "#/channels/interactions"
    return {
        "send-interactions": {
            "action": "send",
            "channel": {"$ref": channel},
            "summary": "Ressenti notes that time has passed for a customer, and rows of an import that it cannot read; "
            "it accepts these from nobody else.",
            "messages": [{"$ref": f"{channel}/messages/{name}"} for name in INTERNAL_EVENTS],
        }
    }


def _carried(topic: Topic) -> list[str]:
    return [*_messages(topic), *(INTERNAL_EVENTS if topic.noun == "interactions" else ())]


def _messages(topic: Topic) -> list[str]:
    return list(TYPES) if topic.noun == "interactions" else [topic.noun]


def _interactions() -> dict[str, Json]:
    """Return a message for each type of event; binary mode is read as well, its attributes in ``ce_`` headers."""
    return {
        name: {
            "name": name,
            "summary": str(schema.get("description", "")),
            "contentType": "application/cloudevents+json",
            "payload": {"schemaFormat": FORMAT, "schema": schema},
            "bindings": {"kafka": _binding("The subject.")},
        }
        for name, schema in (schemas() | own_schemas()).items()
    }


def _outgoing(noun: Noun) -> Json:
    kind = PUBLISHED[noun]
    return {
        "name": noun,
        "summary": inspect.cleandoc(kind.__doc__ or ""),
        "contentType": "application/json",
        "headers": _HEADERS,
        "payload": {"schemaFormat": FORMAT, "schema": _schema(noun, kind)},
        "bindings": {"kafka": _binding("The entity.")},
    }


def _schema(noun: Noun, kind: type[msgspec.Struct]) -> Json:
    named = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:ressenti.{noun}"}
    return named | msgspec.json.schema(kind)


def _binding(key: str) -> Json:
    return {"key": {"type": "string", "description": key}, "bindingVersion": BINDING}


_HEADERS: Json = {
    "type": "object",
    "properties": {
        "ressenti-message": {"type": "string", "description": "The same for every repeat of one message."},
        "ressenti-version": {"type": "string", "description": "Of two states of a key, the higher one is the later."},
    },
}
