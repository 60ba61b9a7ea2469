"""The AsyncAPI document: valid by the specification's own schema, golden, and true of the bytes that are sent.

``schemas/asyncapi-3.0.0.json`` is the JSON Schema of AsyncAPI 3.0.0 (npm package @asyncapi/specs 6.11.1), Apache-2.0,
Copyright 2016-2025 AsyncAPI Initiative; only its white space was taken out. After a change of topics or messages, write
the golden file anew with ``UPDATE_GOLDEN=1 pytest tests/streams/kafka/test_asyncapi.py``.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from models.errors import Fault
from models.interactions import TYPES
from models.interactions.envelope import INTERNAL_EVENTS
from models.interactions.internals import due_event, reject_event
from streams.kafka.asyncapi import PUBLISHED, document
from streams.kafka.topics import topics_of
from streams.settings import Settings, read
from tests.models.contract_strategies import MINIMAL, event
from tests.store.samples import subject
from tests.streams.kafka.messages import EXAMPLES

GOLDEN = Path(__file__).parents[3] / "docs" / "asyncapi.json"
RULES = jsonschema.Draft7Validator(
    json.loads((Path(__file__).parent / "schemas" / "asyncapi-3.0.0.json").read_text(encoding="utf-8"))
)
Json = dict[str, Any]


@pytest.fixture(scope="module")
def told() -> Json:
    return document(Settings())


def test_the_document_is_valid(told: Json) -> None:
    assert [f"{error.json_path}: {error.message:.200}" for error in RULES.iter_errors(told)] == []


def test_one_with_a_cluster_and_a_prefix_is_valid_too() -> None:
    told = document(read({}, kafka_bootstrap="a:1,b:2", kafka_prefix="staging.", kafka_topic="crm"))
    assert [error.message for error in RULES.iter_errors(told)] == []
    assert told["channels"]["interactions"]["address"] == "staging.crm"
    assert {server["host"] for server in told["servers"].values()} == {"a:1", "b:2"}


def test_the_rules_refuse_what_is_wrong(told: Json) -> None:
    wrong = copy.deepcopy(told)
    wrong["operations"]["send-gaps"]["action"] = "shout"
    assert list(RULES.iter_errors(wrong))


def test_the_published_document_is_todays(told: Json) -> None:
    text = json.dumps(told, indent=1, ensure_ascii=False) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert GOLDEN.read_text(encoding="utf-8") == text, "meant? then write it anew (see this file's first lines)"


def test_every_reference_leads_somewhere(told: Json) -> None:
    def follow(node: object) -> None:
        if isinstance(node, list):
            for part in node:
                follow(part)
        if isinstance(node, dict):
            if "schemaFormat" in node:
                return  # a schema of its own, whose references are its own
            if isinstance(target := node.get("$ref"), str):
                at: Any = told
                for step in target.removeprefix("#/").split("/"):
                    at = at[step]
            for part in node.values():
                follow(part)

    follow(told)


def test_every_topic_is_told_of_with_every_message_it_carries(told: Json) -> None:
    assert set(told["channels"]) == {topic.noun for topic in topics_of(Settings())}
    assert set(told["channels"]["interactions"]["messages"]) == {*TYPES, *INTERNAL_EVENTS}
    assert len(told["operations"]["receive-interactions"]["messages"]) == len(TYPES)
    assert len(told["operations"]["send-interactions"]["messages"]) == len(INTERNAL_EVENTS)
    for noun in PUBLISHED:
        assert told["operations"][f"send-{noun}"]["action"] == "send"
    assert told["operations"]["receive-interactions"]["action"] == "receive"


def payload_rules(told: Json, message: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(told["components"]["messages"][message]["payload"]["schema"])


@pytest.mark.parametrize("kind", TYPES)
def test_an_event_keeps_to_its_schema(told: Json, kind: str) -> None:
    rules = payload_rules(told, kind)
    name = kind.removeprefix("ressenti.")
    whole = event(name, MINIMAL[name])
    assert [error.message for error in rules.iter_errors(whole)] == []
    assert list(rules.iter_errors(whole | {"specversion": "0.3"}))


def test_what_we_put_among_the_interactions_keeps_to_its_schema(told: Json) -> None:
    fault = Fault("bad_row", "due", "no time", "mend it")
    for name, (_, value) in {
        "ressenti.due": due_event(subject(1), 1_700_000_000_000),
        "ressenti.reject": reject_event("row-1", 1_700_000_000_000, fault, b"a;b"),
    }.items():
        record = json.loads(value)
        assert record["type"] == name
        assert [error.message for error in payload_rules(told, name).iter_errors(record)] == []
        assert list(payload_rules(told, name).iter_errors(record | {"time": 3}))


@pytest.mark.parametrize("noun", PUBLISHED)
def test_what_is_sent_keeps_to_its_schema(told: Json, noun: str) -> None:
    rules = payload_rules(told, noun)
    for payload in EXAMPLES[noun]:
        assert [error.message for error in rules.iter_errors(json.loads(payload))] == []
    assert list(rules.iter_errors({}))
