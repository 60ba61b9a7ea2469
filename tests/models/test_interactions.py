"""The contract's verdicts, said so that the sender can act on them."""

from typing import Any

import pytest

from models.errors import Fault, RejectedEvent
from models.interactions import TYPES, validate
from models.interactions.answer import Answer
from models.interactions.bounds import LINES, MAX_EVENT, ONE_LINE, Breach
from models.interactions.envelope import split_batch, split_lines
from models.interactions.validation import told_by
from tests.models.contract_strategies import MINIMAL, SUBJECT, Raw, event, render


def fault(tree: object) -> Fault:
    """Return why ``tree`` is refused."""
    with pytest.raises(RejectedEvent) as refused:
        validate(tree if isinstance(tree, bytes) else render(tree))
    return refused.value.fault


def contact(**data: object) -> dict[str, Any]:
    return event("contact", MINIMAL["contact"] | data)


@pytest.mark.parametrize(
    ("data", "code", "field", "said"),
    [
        ({"waits_s": [0, 5, -5]}, "out_of_range", "data.waits_s[2]", "-5 is below 0"),
        ({"waits_s": [2_592_001]}, "out_of_range", "data.waits_s[0]", "2592001 is above 2592000"),
        ({"waits_s": list(range(21))}, "too_long", "data.waits_s", "more than 20 entries"),
        ({"waits_s": "120"}, "wrong_type", "data.waits_s", '"120" is not an array'),
        ({"handling_s": 1.5}, "wrong_type", "data.handling_s", "1.5 is not a whole number"),
        ({"steps_repeated": True}, "wrong_type", "data.steps_repeated", "true is not a whole number"),
        ({"context_lost": "yes"}, "wrong_type", "data.context_lost", '"yes" is not true or false'),
        ({"phase": "lost"}, "not_allowed", "data.phase", "\"lost\" is not 'queued', 'answered'"),
        ({"contact": None}, "missing", "data.contact", "is required and null"),
        ({"contact": ""}, "too_short", "data.contact", "is empty"),
        ({"contact": "x" * 129}, "too_long", "data.contact", "more than 128 characters"),
        ({"contact": "a\x00b"}, "bad_format", "data.contact", "does not match"),
        ({"touchpoint": "Chat"}, "bad_format", "data.touchpoint", '"Chat" does not match'),
        ({"segment": {"plan": 1}}, "wrong_type", "data.segment.plan", "1 is not text"),
        ({"segment": {"Plan": "x"}}, "bad_format", "data.segment.Plan", "does not match"),
        ({"outcome": "resolved"}, "contradiction", "data.outcome", "came with phase 'queued'"),
    ],
)
def test_a_contact_that_breaks_the_contract_is_told_why(
    data: dict[str, object], code: str, field: str, said: str
) -> None:
    found = fault(contact(**data))
    assert (found.code, found.field) == (code, field)
    assert said in found.fault
    assert found.remedy


@pytest.mark.parametrize(
    ("kind", "data", "code", "field"),
    [
        ("promise", {"due": "tomorrow"}, "bad_time", "data.due"),
        ("promise", {"due": 1_795_437_000}, "wrong_type", "data.due"),
        ("promise", {"due": "2026-12-01T08:00:00"}, "bad_time", "data.due"),
        ("promise", {"due": "9999-12-31T00:00:00Z"}, "out_of_range", "data.due"),
        ("promise", {"broken": True, "done": "2026-12-01T08:00:00Z"}, "contradiction", "data.broken"),
        ("answer", {"value": 0}, "out_of_range", "data.value"),
        ("answer", {"value": 6}, "out_of_range", "data.value"),
        ("answer", {"high": 10}, "contradiction", "data.high"),
        ("answer", {"instrument": "custom"}, "missing", "data.low"),
        ("answer", {"instrument": "custom", "low": 0}, "missing", "data.high"),
        ("answer", {"instrument": "custom", "low": 5, "high": 5}, "contradiction", "data.high"),
        ("voice", {"rating": 1.01}, "out_of_range", "data.rating"),
        ("voice", {"language": "français"}, "bad_format", "data.language"),
        ("recovery", {"amount": 12.345}, "out_of_range", "data.amount"),
        ("purchase", {"amount": 1e10}, "out_of_range", "data.amount"),
        ("purchase", {"currency": "eur"}, "bad_format", "data.currency"),
        ("exposure", {"arm": "A"}, "bad_format", "data.arm"),
    ],
)
def test_other_nouns_are_told_why_too(kind: str, data: dict[str, object], code: str, field: str) -> None:
    found = fault(event(kind, MINIMAL[kind] | data))
    assert (found.code, found.field) == (code, field)


@pytest.mark.parametrize(
    ("attributes", "code", "field"),
    [
        ({"specversion": "0.3"}, "not_allowed", "specversion"),
        ({"source": ""}, "bad_format", "source"),
        ({"source": "my shop"}, "bad_format", "source"),
        ({"id": 7}, "wrong_type", "id"),
        ({"time": None}, "missing", "time"),
        ({"time": "1999-12-31T23:59:59Z"}, "out_of_range", "time"),
        ({"history": "true"}, "wrong_type", "history"),
        ({"datacontenttype": "text/xml"}, "bad_format", "datacontenttype"),
        ({"data": []}, "wrong_type", "data"),
        ({"type": None}, "missing", "type"),
        ({"type": "contact"}, "unknown_type", "type"),
        ({"type": ["ressenti.contact"]}, "unknown_type", "type"),
        ({"type": "ressenti.due"}, "reserved_type", "type"),
        ({"type": "ressenti.reject"}, "reserved_type", "type"),
    ],
)
def test_an_envelope_that_is_none_is_told_why(attributes: dict[str, object], code: str, field: str) -> None:
    found = fault(contact() | attributes)
    assert (found.code, found.field) == (code, field)


@pytest.mark.parametrize("name", ["specversion", "id", "source", "time", "subject", "data"])
def test_required_attributes_are_required(name: str) -> None:
    tree = contact()
    del tree[name]
    found = fault(tree)
    assert (found.code, found.field) == ("missing", name)
    assert found.remedy != "send it"
    assert fault(contact() | {name: None}).remedy == found.remedy


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", "malformed"),
        (b"{", "malformed"),
        (b"\xff\xfe{}", "malformed"),
        (b"\xef\xbb\xbf{}", "malformed"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (b'{"a":' + b"[" * 20_000, "too_deep"),
        (b" " * (MAX_EVENT + 1), "too_large"),
        (render(contact(waits_s=[Raw("NaN")])), "malformed"),
        (render(contact(device=Raw(r'"\ud800"'))), "malformed"),
    ],
)
def test_what_is_no_event_at_all_is_told_why(value: bytes, code: str) -> None:
    assert fault(value).code == code


def test_objects_are_judged_as_their_bytes_are() -> None:
    assert validate(contact()) == validate(render(contact()))
    assert fault_of_object(contact(device="half \ud800")).code == "bad_format"
    assert fault_of_object(event("voice", {"post": "v", "rating": float("nan")})).code == "out_of_range"


def fault_of_object(tree: object) -> Fault:
    with pytest.raises(RejectedEvent) as refused:
        validate(tree)
    return refused.value.fault


def test_a_fault_repeats_neither_a_person_nor_their_words() -> None:
    assert "jane" not in str(fault(contact() | {"subject": "jane@example.org"}))
    assert "secret" not in str(fault(event("voice", {"post": "v", "verbatim": "my secret\x00"})))


def test_a_fault_cuts_what_it_repeats_and_shows_no_control_character() -> None:
    found = fault(contact(touchpoint="A\n" + "x" * 5000))
    assert len(found.fault) < 200
    assert found.fault.isprintable()


def test_null_is_the_same_as_absent() -> None:
    nothing = dict.fromkeys(set(TYPES["ressenti.contact"].model_fields) - {"contact", "phase"})
    assert validate(contact(**nothing)) == validate(contact())


def test_models_built_in_python_are_held_to_the_same_rules() -> None:
    with pytest.raises(ValueError, match="outside the scale 1 to 5"):
        Answer(instrument="csat", value=6)


def test_every_text_of_the_contract_bounds_its_characters() -> None:
    for noun in TYPES.values():
        for name, schema in noun.model_json_schema()["properties"].items():
            text = next((part for part in schema.get("anyOf", [schema]) if part.get("type") == "string"), None)
            if text is not None:
                assert {"pattern", "enum", "const", "format"} & text.keys(), (noun, name)
                if text.get("pattern") in {LINES, ONE_LINE}:
                    assert "maxLength" in text, (noun, name)


def test_a_batch_gives_every_event_its_own_bytes() -> None:
    assert split_batch(b'[{"id": "1"} , {"id":"2","x":[1]}]') == [b'{"id": "1"}', b'{"id":"2","x":[1]}']
    assert split_batch(b" [ ] ") == []


@pytest.mark.parametrize("body", [b"{}", b"[{]", b"[1", b"", b"\xff"])
def test_a_batch_that_is_none_is_refused_whole(body: bytes) -> None:
    with pytest.raises(RejectedEvent) as refused:
        split_batch(body)
    assert refused.value.fault.code == "malformed"


def test_lines_are_events() -> None:
    assert split_lines(b"\n{}\r\n \n{}") == [b"{}", b"{}"]


def test_a_refused_record_still_tells_whose_it_is() -> None:
    assert told_by(render(contact(phase="lost")), b"") == (SUBJECT, "/crm")
    assert told_by(b"{", SUBJECT.encode()) == (SUBJECT, None)
    assert told_by(render(contact() | {"subject": "jane", "source": 3}), b"\xff") == (None, None)


def test_a_breach_reads_as_its_fault() -> None:
    assert str(Breach("missing", "no scale", "send one")) == "no scale"
