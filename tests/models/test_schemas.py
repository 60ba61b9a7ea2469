"""The published contract: what its files hold, and which change of it would break those who send events.

After a change that breaks nobody, write the files anew with ``UPDATE_GOLDEN=1 pytest tests/models/test_schemas.py``.
"""

import copy
import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

import models.interactions.schemas
from models.errors import RejectedEvent
from models.interactions import TYPES, validate
from models.interactions.compatibility import breaking
from models.interactions.schemas import file_name, schemas
from tests.models.contract_strategies import MINIMAL, event, events, render

FOLDER = Path(models.interactions.schemas.__file__).parent
Schema = dict[str, Any]


def published(kind: str) -> Schema:
    loaded: Schema = json.loads((FOLDER / file_name(kind)).read_text("utf-8"))
    return loaded


@pytest.mark.parametrize("kind", TYPES)
def test_todays_contract_breaks_no_sender(kind: str) -> None:
    assert breaking(published(kind), schemas()[kind]) == []


@pytest.mark.parametrize("kind", TYPES)
def test_the_published_files_tell_todays_contract(kind: str) -> None:
    if os.environ.get("UPDATE_GOLDEN"):
        text = json.dumps(schemas()[kind], indent=2, ensure_ascii=False) + "\n"
        (FOLDER / file_name(kind)).write_text(text, "utf-8")
    assert published(kind) == schemas()[kind], "breaks nobody? then write the files anew (see this file's first lines)"


def test_every_file_belongs_to_a_type() -> None:
    assert {path.name for path in FOLDER.glob("*.json")} == {file_name(kind) for kind in TYPES}


def contact() -> Schema:
    """Return the contact's schema, to be changed."""
    return copy.deepcopy(published("ressenti.contact"))


def test_a_removed_field_breaks() -> None:
    new = contact()
    del new["$defs"]["Contact"]["properties"]["menu_loops"]
    assert breaking(contact(), new) == ["(event).data.menu_loops: was removed, so it would be dropped"]


def test_a_new_required_field_breaks() -> None:
    new = contact()
    new["$defs"]["Contact"]["properties"]["mood"] = {"type": "string"}
    assert breaking(contact(), new) == []
    new["$defs"]["Contact"]["required"].append("mood")
    assert breaking(contact(), new) == ["(event).data.mood: became required"]


@pytest.mark.parametrize(
    ("field", "bound", "value", "sentence"),
    [
        ("menu_loops", "maximum", 999, "maximum went from 1000 to 999"),
        ("menu_loops", "minimum", 1, "minimum went from 0 to 1"),
        ("device", "maxLength", 63, "maxLength went from 64 to 63"),
        ("device", "pattern", "^a", "pattern went from ^[^\\x00-\\x1f\\x7f-\\x9f]+$ to ^a"),
        ("waits_s", "maxItems", 19, "maxItems went from 20 to 19"),
        ("context_lost", "type", "string", "type went from boolean to string"),
        ("touchpoint", "minLength", 2, "minLength went from none to 2"),
        ("segment", "maxProperties", 8, "maxProperties went from 16 to 8"),
    ],
)
def test_a_narrowed_bound_breaks_and_a_widened_one_does_not(
    field: str, bound: str, value: object, sentence: str
) -> None:
    new = contact()
    new["$defs"]["Contact"]["properties"][field]["anyOf"][0][bound] = value
    assert breaking(contact(), new) == [f"(event).data.{field}: {sentence}"]
    if bound.startswith(("max", "min")):
        assert breaking(new, contact()) == []


def test_narrowed_items_and_segment_values_break() -> None:
    new = contact()
    fields = new["$defs"]["Contact"]["properties"]
    fields["waits_s"]["anyOf"][0]["items"]["maximum"] = 60
    values = next(iter(fields["segment"]["anyOf"][0]["patternProperties"].values()))
    values["maxLength"] = 5
    assert sorted(breaking(contact(), new)) == [
        "(event).data.segment.*: maxLength went from 64 to 5",
        "(event).data.waits_s[]: maximum went from 2592000 to 60",
    ]


def test_a_value_that_left_the_list_breaks() -> None:
    new = contact()
    new["$defs"]["Contact"]["properties"]["phase"]["enum"].remove("progress")
    assert breaking(contact(), new) == ["(event).data.phase: no longer allows progress"]
    assert breaking(new, contact()) == []


def test_null_that_is_refused_breaks() -> None:
    new = contact()
    new["$defs"]["Contact"]["properties"]["thanked"] = {"type": "boolean"}
    assert breaking(contact(), new) == ["(event).data.thanked: no longer allows null"]


@pytest.mark.parametrize("kind", MINIMAL)
def test_the_least_of_every_type_meets_its_schema_and_the_contract(kind: str) -> None:
    tree = event(kind, MINIMAL[kind])
    jsonschema.Draft202012Validator(published(f"ressenti.{kind}")).validate(tree)
    assert isinstance(validate(render(tree)).data, TYPES[f"ressenti.{kind}"])


VALIDATORS = {kind: jsonschema.Draft202012Validator(schema) for kind, schema in schemas().items()}


@given(events())
@settings(max_examples=60, deadline=None)
def test_what_the_contract_accepts_meets_its_schema(tree: dict[str, Any]) -> None:
    try:
        validate(render(tree))
    except RejectedEvent:
        return
    VALIDATORS[tree["type"]].validate(tree)


@pytest.mark.parametrize(
    "data",
    [
        {"contact": "c"},
        {"contact": "", "phase": "queued"},
        {"contact": "c", "phase": "lost"},
        {"contact": "c", "phase": "queued", "waits_s": [-1]},
        {"contact": "c", "phase": "queued", "segment": {"Plan": "x"}},
        {"contact": "c", "phase": "queued", "touchpoint": "Chat"},
    ],
)
def test_what_the_schema_refuses_the_contract_refuses(data: dict[str, Any]) -> None:
    tree = event("contact", data)
    assert not VALIDATORS["ressenti.contact"].is_valid(tree)
    with pytest.raises(RejectedEvent):
        validate(render(tree))
