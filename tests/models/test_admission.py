"""What an event goes through before the log keeps it."""

import msgspec
import pytest

from models.errors import RejectedEvent
from models.interactions import TYPES
from models.interactions.admission import PROSE, admit
from models.interactions.bounds import LINES
from models.interactions.decoding import Decoded, decode
from models.pseudonyms import PseudonymKey, pseudonym
from tests.models.contract_strategies import MINIMAL, SUBJECT, event

KEY = PseudonymKey(3, b"0123456789abcdef")


def test_the_raw_id_never_passes() -> None:
    admitted = admit(event("purchase", {}) | {"subject": "jane@example.org"}, KEY)
    assert b"jane" not in admitted.value
    assert admitted.event.subject == pseudonym("jane@example.org", KEY)
    assert (admitted.event.source, admitted.event.id) == ("/crm", "e-1")


def test_a_number_is_a_raw_id_too() -> None:
    admitted = admit(event("purchase", {}) | {"subject": 42}, KEY)
    assert admitted.event.subject == pseudonym("42", KEY)


def test_a_pseudonym_made_by_a_client_stays() -> None:
    assert admit(event("purchase", {}), KEY).event.subject == SUBJECT


@pytest.mark.parametrize("kind", MINIMAL)
def test_what_is_admitted_decodes(kind: str) -> None:
    admitted = admit(event(kind, MINIMAL[kind], history=True), KEY)
    result = decode(admitted.value, admitted.event.subject.encode())
    assert isinstance(result, Decoded)
    assert result.fact.history


def test_words_are_redacted_and_counted() -> None:
    tree = event("voice", {"post": "v", "verbatim": "call +33 6 12 34 56 78 or a@b.co, c@d.fr"})
    admitted = admit(tree, KEY)
    assert msgspec.json.decode(admitted.value)["data"]["verbatim"] == "call [phone] or [mail], [mail]"
    assert admitted.found == {"phone": 1, "mail": 2}


def test_unknown_fields_stay_outside_and_are_counted() -> None:
    tree = event("purchase", {"customer_name": "Jane"}, partitionkey="jane")
    admitted = admit(tree, KEY)
    assert b"ane" not in admitted.value
    assert admitted.unknown_fields == 2


def test_every_field_of_free_text_is_redacted() -> None:
    prose = {
        name
        for noun in TYPES.values()
        for name, schema in noun.model_json_schema()["properties"].items()
        for part in schema.get("anyOf", [schema])
        if part.get("pattern") == LINES
    }
    assert prose == PROSE


@pytest.mark.parametrize(
    ("attributes", "code", "field"),
    [
        ({"subject": None}, "missing", "subject"),
        ({"subject": ""}, "missing", "subject"),
        ({"subject": True}, "wrong_type", "subject"),
        ({"subject": " "}, "missing", "subject"),
        ({"subject": "x" * 513}, "too_long", "subject"),
        ({"type": "ressenti.due"}, "reserved_type", "type"),
        ({"data": {"amount": "12"}}, "wrong_type", "data.amount"),
        ({"data": None}, "missing", "data"),
    ],
)
def test_what_breaks_the_contract_is_told_at_the_door(attributes: dict[str, object], code: str, field: str) -> None:
    with pytest.raises(RejectedEvent) as refused:
        admit(event("purchase", {}) | attributes, KEY)
    assert (refused.value.fault.code, refused.value.fault.field) == (code, field)


def test_a_verbatim_at_its_bound_is_still_within_it_when_redacted() -> None:
    words = ("a@b.co " * 715)[:5000]
    assert admit(event("voice", {"post": "v", "verbatim": words}), KEY).found["mail"] == 714
