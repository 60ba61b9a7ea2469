"""Binary mode: attributes in headers and the same event in one object are read alike; nothing leaves its place."""

import base64
import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RejectedEvent
from models.interactions.binary import structured
from models.interactions.decoding import decode
from tests.models.contract_strategies import MINIMAL, Tree, event

KEY = event("contact", MINIMAL["contact"])["subject"].encode()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def headers_of(whole: Tree) -> list[tuple[str, bytes | None]]:
    """Return the headers that the Kafka binding gives an event's attributes."""
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in whole.items()}
    headers: list[tuple[str, bytes | None]] = [
        (f"ce_{name}", text.encode()) for name, text in texts.items() if name not in {"data", "datacontenttype"}
    ]
    return [*headers, ("content-type", b"application/json"), ("traceparent", b"00-1-1-00")]


@pytest.mark.parametrize("kind", MINIMAL)
def test_an_event_in_binary_mode_is_the_same_event(kind: str) -> None:
    whole = event(kind, MINIMAL[kind], datacontenttype="application/json", history=True)
    bound = structured(msgspec.json.encode(whole["data"]), headers_of(whole))
    assert json.loads(bound) == whole
    assert decode(bound, KEY) == decode(msgspec.json.encode(whole), KEY)


@given(st.binary(max_size=60))
def test_a_value_without_headers_is_left_as_it_is(value: bytes) -> None:
    assert structured(value, []) is value
    assert structured(value, [("traceparent", b"x")]) is value


@given(st.binary(max_size=60))
def test_a_value_said_to_be_structured_is_left_as_it_is(value: bytes) -> None:
    headers = [("content-type", b"application/cloudevents+json; charset=UTF-8"), ("ce_id", b"7")]
    assert structured(value, headers) is value


@given(JSON)
def test_any_json_becomes_the_data(data: object) -> None:
    bound = json.loads(structured(json.dumps(data).encode(), [("ce_id", b"7"), ("ce_specversion", b"1.0")]))
    assert bound == {"id": "7", "specversion": "1.0", "data": data}


@given(st.binary(min_size=1, max_size=60))
def test_any_bytes_stay_within_the_data(value: bytes) -> None:
    """Whatever is sent, the attributes are those of the headers, and all the bytes are there."""
    bound = structured(value, [("ce_id", b"7"), ("ce_subject", b"me")])
    told = msgspec.json.decode(bound, type=dict[str, msgspec.Raw])
    assert {name: bytes(told[name]) for name in ("id", "subject")} == {"id": b'"7"', "subject": b'"me"'}
    (held,) = told.keys() - {"id", "subject"}
    if held == "data_base64":
        assert base64.b64decode(json.loads(bytes(told[held]))) == value
    else:
        assert bytes(told[held]) == value.strip(b" \t\r\n")


@pytest.mark.parametrize("value", [b'{"a":1},"subject":"another"', b'{"a":1}}', b"{", b"\xff", b"no json", b"NaN"])
def test_what_is_no_json_is_refused_by_the_contract_with_its_bytes_kept(value: bytes) -> None:
    whole = event("contact", MINIMAL["contact"])
    bound = structured(value, headers_of(whole))
    assert base64.b64encode(value) in bound
    with pytest.raises(RejectedEvent, match="data"):
        decode(bound, KEY)


def test_a_header_without_a_value_is_an_attribute_that_is_not_there() -> None:
    assert json.loads(structured(b"{}", [("ce_id", b"7"), ("ce_dataschema", None)])) == {"id": "7", "data": {}}


def test_a_flag_that_is_none_is_refused_by_the_contract() -> None:
    whole = event("contact", MINIMAL["contact"], history="perhaps")
    with pytest.raises(RejectedEvent, match="history"):
        decode(structured(msgspec.json.encode(whole["data"]), headers_of(whole)), KEY)
