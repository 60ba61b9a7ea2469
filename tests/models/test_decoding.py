"""What ``decode`` makes of a record, and what its content hash depends on."""

import json
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models import instants
from models.effects import Verbatim
from models.errors import Fault, RejectedEvent
from models.facts import AnswerFact, ContactFact, InsideFact, LoyaltyFact, RecoveryFact, VoiceFact
from models.identifiers import Millis, Subject
from models.interactions.bounds import MAX_EVENT
from models.interactions.decoding import Decoded, Due, Reject, content_of, decode
from models.interactions.internals import MAX_RAW, due_event, reject_event
from tests.models.contract_strategies import MINIMAL, SUBJECT, event, events, mutated, render


def read(tree: dict[str, Any]) -> Decoded:
    result = decode(render(tree), SUBJECT.encode())
    assert isinstance(result, Decoded)
    return result


FULL = {
    "journey": "j-1",
    "touchpoint": "support",
    "channel": "phone",
    "staff": "s-9",
    "segment": {"region": "ouest", "plan": "fibre"},
    "contact": "c-1",
    "phase": "ended",
    "direction": "outbound",
    "device": "mobile",
    "waits_s": [1200, 0],
    "handling_s": 300,
    "reply_delay_s": 60,
    "steps_repeated": 2,
    "context_lost": True,
    "menu_loops": 1,
    "channel_unfit": False,
    "paid_line": True,
    "cold_transfers": 3,
    "transfers_failed": 4,
    "wrong_answers": 5,
    "incident_not_told": True,
    "thanked": False,
    "outcome": "transfer_failed",
}


def test_a_contact_becomes_its_fact_field_by_field() -> None:
    fact = read(event("contact", FULL, history=True)).fact
    assert isinstance(fact, ContactFact)
    assert fact == ContactFact(
        time=instants.parse("2026-11-23T11:30:00.123Z"),
        source="/crm",
        id="e-1",
        content=fact.content,
        history=True,
        alone=False,
        journey="j-1",
        touchpoint="support",
        channel="phone",
        staff="s-9",
        segment=(("plan", "fibre"), ("region", "ouest")),
        contact="c-1",
        phase="ended",
        direction="outbound",
        device="mobile",
        waits=(1200, 0),
        handling=300,
        reply_delay=60,
        steps_repeated=2,
        context_lost=True,
        menu_loops=1,
        channel_unfit=False,
        paid_line=True,
        cold_transfers=3,
        transfers_failed=4,
        wrong_answers=5,
        incident_not_told=True,
        thanked=False,
        outcome="transfer_failed",
    )


def test_what_is_absent_is_not_observed_or_other() -> None:
    fact = read(event("contact", MINIMAL["contact"])).fact
    assert isinstance(fact, ContactFact)
    assert (fact.touchpoint, fact.channel, fact.direction, fact.segment) == ("other", "other", "inbound", ())
    assert (fact.waits, fact.steps_repeated, fact.context_lost, fact.outcome) == (None, None, None, None)
    assert (fact.history, fact.alone) == (False, False)


@pytest.mark.parametrize("kind", MINIMAL)
def test_every_type_becomes_a_fact(kind: str) -> None:
    result = read(event(kind, MINIMAL[kind]))
    assert (result.subject, result.fact.identity, result.unknown_fields) == (SUBJECT, ("/crm", "e-1"), 0)
    assert result.verbatim is None


def test_each_outcome_keeps_its_kind() -> None:
    for kind in ("purchase", "renewal", "departure", "referral"):
        fact = read(event(kind, {"amount": 19.99, "currency": "EUR"})).fact
        assert isinstance(fact, LoyaltyFact)
        assert (fact.kind, fact.amount, fact.currency) == (kind, 1999, "EUR")
    inside = [read(event(kind, {"rating": 0.5})).fact for kind in ("walkthrough", "staff.voice")]
    assert [(fact.kind, fact.rating) for fact in inside if isinstance(fact, InsideFact)] == [
        ("walkthrough", 5000),
        ("staff_voice", 5000),
    ]


def test_instruments_bring_their_own_scale() -> None:
    answers = [read(event("answer", {"instrument": name, "value": 3})).fact for name in ("nps", "csat", "ces")] + [
        read(event("answer", {"instrument": "custom", "value": -3, "low": -5, "high": 5})).fact
    ]
    scales = [(fact.low, fact.high) for fact in answers if isinstance(fact, AnswerFact)]
    assert scales == [(0, 10), (1, 5), (1, 7), (-5, 5)]


def test_ratings_and_amounts_become_whole_numbers() -> None:
    voice = read(event("voice", {"post": "v", "rating": 1, "replied": "2026-11-24T00:00:00Z"})).fact
    recovery = read(event("recovery", {"recovery": "r", "act": "deal", "amount": -0.1, "completed": True})).fact
    assert isinstance(voice, VoiceFact)
    assert isinstance(recovery, RecoveryFact)
    assert (voice.rating, voice.replied) == (10_000, instants.parse("2026-11-24T00:00:00Z"))
    assert (recovery.amount, recovery.completed) == (-10, True)


def test_words_go_beside_the_fact() -> None:
    tree = event(
        "answer", {"instrument": "csat", "value": 2, "verbatim": "déçue…\n", "language": "fr", "channel": "chat"}
    )
    result = read(tree)
    assert result.verbatim == Verbatim(
        subject=Subject(SUBJECT),
        source="/crm",
        id="e-1",
        at=result.fact.time,
        kind="answer",
        touchpoint="other",
        channel="chat",
        value=2500,
        language="fr",
        text="déçue…\n",
    )
    kinds = {
        kind: read(event(kind, MINIMAL[kind] | {"verbatim": "words"})).verbatim
        for kind in ("voice", "complaint", "walkthrough", "staff.voice")
    }
    assert {kind: words and words.kind for kind, words in kinds.items()} == {
        "voice": "voice",
        "complaint": "complaint",
        "walkthrough": "walkthrough",
        "staff.voice": "staff_voice",
    }


def test_unknown_fields_are_kept_out_and_counted() -> None:
    tree = event("contact", MINIMAL["contact"] | {"mood": "sour", "agent": {"name": "x"}}, traceparent="00-1")
    result = read(tree)
    assert result.unknown_fields == 3
    assert result.fact == read(event("contact", MINIMAL["contact"])).fact


def test_an_unknown_field_that_is_no_json_is_still_no_event() -> None:
    value = render(event("purchase", {})).replace(b'"data"', b'"x":1e999,"data"')
    with pytest.raises(RejectedEvent) as refused:
        decode(value, b"")
    assert refused.value.fault.code == "malformed"


def verdict(value: bytes, met: Subject | None) -> Decoded | Due | Reject | Fault:
    try:
        return decode(value, b"", met)
    except RejectedEvent as rejected:
        return rejected.fault


@given(mutated(), st.sampled_from((SUBJECT, f"{SUBJECT}x", "jane@example.org")))
@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_whom_we_met_changes_no_verdict(case: tuple[Any, bool], named: str) -> None:
    value = render(case[0]).replace(SUBJECT.encode(), named.encode())
    alone = verdict(value, None)
    assert verdict(value, Subject(SUBJECT)) == alone
    assert not isinstance(alone, Decoded) or verdict(value, alone.subject) == alone


def test_one_text_stands_for_all_the_events_of_a_customer() -> None:
    met = Subject(SUBJECT[:4] + SUBJECT[4:])
    result = decode(render(event("purchase", {})), b"", met)
    assert isinstance(result, Decoded)
    assert result.subject is met


# --- content


def content(tree: dict[str, Any], **style: Any) -> int:  # noqa: ANN401 - json.dumps' own
    result = decode(json.dumps(tree, **style).encode(), b"")
    assert isinstance(result, Decoded)
    return result.fact.content


@given(st.permutations(list(FULL)), st.sampled_from(({}, {"ensure_ascii": False}, {"indent": 2})))
@settings(max_examples=40)
def test_content_ignores_key_order_white_space_and_escapes(order: list[str], style: dict[str, Any]) -> None:
    tree = event("contact", {name: FULL[name] for name in order} | {"device": "téléphone"})
    tree = dict(reversed(tree.items()))
    assert content(tree, **style) == content(event("contact", FULL | {"device": "téléphone"}))


def test_content_ignores_null_offsets_history_and_strangers() -> None:
    plain = event("promise", MINIMAL["promise"])
    same = event("promise", {"promise": "p-1", "due": "2026-12-01T09:00:00+01:00", "done": None}, history=True, x=1)
    same["time"] = "2026-11-23T11:30:00.123Z"
    assert content(plain) == content(same)


def test_content_of_a_segment_ignores_its_order() -> None:
    one, two = ({"a": "1", "b": "2"}, {"b": "2", "a": "1"})
    assert content(event("purchase", {"segment": one})) == content(event("purchase", {"segment": two}))


@pytest.mark.parametrize("field", sorted(FULL))
def test_content_depends_on_every_field(field: str) -> None:
    changed: dict[str, object] = {
        "contact": "c-2",
        "phase": "answered",
        "segment": {"plan": "fibre"},
        "waits_s": [0, 1200],
        "outcome": "resolved",
    }
    other = FULL | {field: changed.get(field)}
    if field == "phase":
        other["outcome"] = None
    assert content(event("contact", other)) != content(event("contact", FULL))


def test_content_depends_on_type_time_and_words_alone_in_no_fact() -> None:
    hashes = [
        content(event("purchase", {})),
        content(event("renewal", {})),
        content(event("purchase", {"reason": "moved"})),
        content(event("purchase", {}, time="2026-11-23T12:30:00.124+01:00")),
    ]
    assert len(set(hashes)) == len(hashes)


@given(events())
def test_content_is_a_hash_made_anew_each_time(tree: dict[str, Any]) -> None:
    said = {name: value for name, value in tree["data"].items() if value is not None}
    packed = msgspec.msgpack.encode((tree["type"], 1_795_437_000_000, said), order="sorted")
    expected = int.from_bytes(blake2b(packed, digest_size=8).digest(), "little", signed=True)
    assert content_of(tree["type"], Millis(1_795_437_000_000), said) == expected


def test_content_is_pinned() -> None:
    """Another hash would turn every redelivery across an upgrade into a conflict."""
    assert content(event("contact", FULL)) == PINNED_CONTACT
    assert content(event("voice", {"post": "v", "rating": 0.25, "verbatim": "é"})) == PINNED_VOICE


PINNED_CONTACT = 4469007505097099838
PINNED_VOICE = -2374832661742766913


# --- records of our own


def test_due_is_read_back() -> None:
    key, value = due_event(Subject(SUBJECT), 1_795_437_000_000)
    assert decode(value, key) == Due(Subject(SUBJECT), Millis(1_795_437_000_000))
    assert key == SUBJECT.encode()


def test_reject_is_read_back_whatever_the_row() -> None:
    fault = Fault("bad_time", "opened_at\x00", "is not a date", "mend it")
    key, value = reject_event("incidents.csv#12", 1_795_437_000_000, fault, b"\x00\xff;row")
    assert key == b"incidents.csv#12"
    assert decode(value, key) == Reject(
        "incidents.csv#12",
        Millis(1_795_437_000_000),
        "bad_time",
        "opened_at�",
        "is not a date; mend it",
        b"\x00\xff;row",
    )


@given(st.text(max_size=300), st.text(max_size=1500), st.binary(max_size=200), st.integers(0, 40_000))
@settings(max_examples=40)
def test_a_reject_is_never_itself_refused(identity: str, text: str, raw: bytes, padding: int) -> None:
    fault = Fault(text, text, text, text)
    key, value = reject_event(identity, instants.EARLIEST, fault, raw + b"\x00" * padding)
    result = decode(value, key)
    assert isinstance(result, Reject)
    assert result.raw == (raw + b"\x00" * padding)[:MAX_RAW]


def test_a_broken_reject_is_refused() -> None:
    _, value = reject_event("r", instants.EARLIEST, Fault("c", "f", "t", "r"), b"abc")
    with pytest.raises(RejectedEvent) as refused:
        decode(value.replace(b'"YWJj"', b'"***"'), b"")
    assert refused.value.fault.field == "data.raw"


@pytest.mark.parametrize(
    ("attribute", "odd"), [("source", "/res senti"), ("datacontenttype", "text/xml"), ("subject", "jane@example.org")]
)
@pytest.mark.parametrize(
    "record",
    [
        due_event(Subject(SUBJECT), instants.EARLIEST),
        reject_event("r", instants.EARLIEST, Fault("c", "f", "t", "r"), b"abc"),
    ],
)
def test_an_envelope_of_our_own_is_held_to_its_forms_too(record: tuple[bytes, bytes], attribute: str, odd: str) -> None:
    key, value = record
    with pytest.raises(RejectedEvent) as refused:
        decode(render(json.loads(value) | {attribute: odd}), key)
    assert refused.value.fault.field == attribute


# --- bounds of the record


def test_a_key_or_an_event_beyond_its_bound_is_refused() -> None:
    tree = event("voice", {"post": "v"})
    with pytest.raises(RejectedEvent) as refused:
        decode(render(tree), b"k" * 3000)
    assert (refused.value.fault.code, refused.value.fault.field) == ("too_long", "(key)")
    assert isinstance(decode(render(tree).ljust(MAX_EVENT), b""), Decoded)
    with pytest.raises(RejectedEvent) as refused:
        decode(render(tree).ljust(MAX_EVENT + 1), b"")
    assert refused.value.fault.code == "too_large"


def test_a_whole_store_of_facts_survives_packing() -> None:
    facts = [read(event(kind, MINIMAL[kind])).fact for kind in MINIMAL]
    for fact in facts:
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(fact), type=type(fact)) == fact
