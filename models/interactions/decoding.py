"""Decoding: one record's bytes become a fact; the hot path of the stream.

Structs derived from the contract decode and check types and bounds; the nouns' own methods do the rest. What they
refuse is judged once more by ``validation``, whose faults explain, so that fast and slow cannot disagree on a
refusal. Any acceptance here is one there too: the property tests hold both to that.
"""

from hashlib import blake2b
from struct import Struct
from typing import Any, Final, Union

import msgspec
from pydantic import BaseModel

from models import instants
from models.effects import Verbatim
from models.errors import Fault, RejectedEvent
from models.facts import AnyFact
from models.identifiers import Millis, Subject
from models.interactions.bounds import MAX_EVENT, MAX_KEY
from models.interactions.common import Interaction, Words
from models.interactions.derivation import forms_of, struct_of
from models.interactions.envelope import EVENTS, INTERNAL_EVENTS, TYPES, CloudEvent
from models.interactions.faults import too_large
from models.interactions.forms import Forms
from models.interactions.internals import Due as DueData
from models.interactions.internals import decoded_raw
from models.interactions.scenes import FIELDS, place_of, segment_of
from models.interactions.validation import judged, parse, type_of
from models.pseudonyms import is_pseudonym


class Decoded(msgspec.Struct, frozen=True, gc=False):
    """One accepted interaction: whose, what to remember, what was said, and how many fields nobody knows."""

    subject: Subject
    fact: AnyFact
    verbatim: Verbatim | None
    unknown_fields: int


class Due(msgspec.Struct, frozen=True, gc=False):
    """Time has passed for ``subject``, at least until ``time``."""

    subject: Subject
    time: Millis


class Reject(msgspec.Struct, frozen=True, gc=False):
    """A row that no mapping could make an interaction of: a dead letter, found on the way in."""

    id: str
    time: Millis
    code: str
    field: str
    reason: str
    raw: bytes


def _decoder(*, clean: bool, tolerant: bool) -> msgspec.json.Decoder[Any]:
    models = (*EVENTS.values(), *INTERNAL_EVENTS.values())
    return msgspec.json.Decoder(Union[tuple(struct_of(m, clean=clean, tolerant=tolerant) for m in models)])  # noqa: UP007 - built from a tuple


_FAST: Final = _decoder(clean=True, tolerant=False)
_CAREFUL: Final = _decoder(clean=False, tolerant=False)
_TOLERANT: Final = _decoder(clean=False, tolerant=True)
_REFUSALS: Final = (msgspec.DecodeError, ValueError, RecursionError, OverflowError)
_FORMS: Final[dict[str, Forms]] = {
    kind: tuple(form for form in forms_of(noun.model_fields) if form[0] not in FIELDS) for kind, noun in TYPES.items()
}
"""The forms of each noun's own texts; those of a scene's are seen to there, the subject's here."""
_encode = msgspec.msgpack.Encoder(order="sorted").encode
_HASH: Final = blake2b(digest_size=8)
"""Never fed, only copied: a copy takes half the time that a new one does."""
_signed = Struct("<q").unpack
BACKSLASH: Final = 0x5C
DELETE: Final = 0x7F
LATIN_1: Final = 0xC2
"""With none of these three bytes, JSON in UTF-8 holds no control character: those below U+0020 need a backslash, those
from U+0080 to U+009F begin with 0xC2 (as «, », ° and the no-break space do; letters with accents do not)."""
KNOWN_ENVELOPE: Final = frozenset(CloudEvent.model_fields)
KNOWN_DATA: Final = {name: frozenset(noun.model_fields) for name, noun in TYPES.items()}


def decode(value: bytes, key: bytes, met: Subject | None = None) -> Decoded | Due | Reject:
    """Return what the record (``key``, ``value``) says; raises ``RejectedEvent`` when it breaks the contract.

    ``met`` is a subject that was judged before, and is not judged again. Whether the key is the subject's, and the
    partition right, is the fold's question.
    """
    if len(key) > MAX_KEY:
        fault = Fault("too_long", "(key)", f"{len(key)} bytes are more than {MAX_KEY}", "use the subject as the key")
        raise RejectedEvent(fault)
    if len(value) > MAX_EVENT:
        raise RejectedEvent(too_large(len(value)))
    try:
        event = (_FAST if is_clean(value) else _CAREFUL).decode(value)
        return _read(event, event.data, 0, met)
    except _REFUSALS:
        return _patiently(value)


def is_clean(value: bytes) -> bool:
    """Tell whether JSON ``value`` cannot hold a control character; a few that hold none are doubted too."""
    return BACKSLASH not in value and DELETE not in value and LATIN_1 not in value


def _patiently(value: bytes) -> Decoded | Due | Reject:
    tree = parse(value)
    unknown = unknown_fields(tree)
    try:
        event = _TOLERANT.decode(value)
        return _read(event, event.data, unknown)
    except _REFUSALS:
        accepted = judged(tree, type_of(tree))
        return _read(accepted, _said(accepted.data), unknown)


def unknown_fields(tree: object) -> int:
    """Return how many fields of an event the contract does not know; they are kept out."""
    if not isinstance(tree, dict):
        return 0
    data, known = tree.get("data"), KNOWN_DATA.get(str(tree.get("type")), frozenset())
    inside = len(data.keys() - known) if isinstance(data, dict) else 0
    return len(tree.keys() - KNOWN_ENVELOPE) + inside


def decoded(event: CloudEvent[Interaction]) -> Decoded:
    """Return what ``decode`` makes of the same event's bytes."""
    result = _read(event, _said(event.data), 0)
    if not isinstance(result, Decoded):
        raise TypeError(f"{event.type} is not an interaction")
    return result


def _said(data: BaseModel) -> dict[str, object]:
    return {name: value for name, value in data if value is not None}


def _read(event: Any, said: object, unknown: int, met: Subject | None = None) -> Decoded | Due | Reject:  # noqa: ANN401 - a model or its struct
    data = event.data
    kind: str = data.TYPE
    forms = _FORMS.get(kind)
    if forms is None:
        return _internal(event)
    subject = event.subject
    if subject == met:
        subject = met  # one text for all of a customer's events: what is kept of a chunk is read again from memory
    else:
        _hold(subject)
    for name, form in forms:
        value = getattr(data, name)
        if value is not None:
            form.hold(value)
    data.check()
    source, touchpoint, channel = place_of(event.source, event.datacontenttype, data.touchpoint, data.channel)
    named = data.segment
    segment = segment_of(*named, *named.values()) if named else ()
    at = instants.bounded(event.time)
    content = content_of(kind, at, said)
    history = event.history is True
    fact: AnyFact = data.fact(
        (at, source, event.id, content, history, False, data.journey, touchpoint, channel, data.staff, segment)
    )
    words: Words | None = data.words()
    verbatim = None if words is None else _verbatim(subject, fact, words)
    return Decoded(subject, fact, verbatim, unknown)


def _hold(subject: str) -> None:
    if not is_pseudonym(subject):
        raise ValueError("a subject is no pseudonym")


def _verbatim(subject: Subject, fact: AnyFact, words: Words) -> Verbatim:
    return Verbatim(
        subject=subject,
        source=fact.source,
        id=fact.id,
        at=fact.time,
        kind=words.kind,
        touchpoint=fact.touchpoint,
        channel=fact.channel,
        value=words.value,
        language=words.language,
        text=words.text,
    )


def content_of(kind: str, at: Millis, said: object) -> int:
    """Return a signed 64-bit hash of what an event says: its type, its time, and ``said``, its known fields.

    Neither key order, white space nor the offset a time is written in matter; ``null`` is absence; nor would an
    optional field matter that a later version of the contract adds. ``said`` is a derived struct, or the same in a
    dictionary.
    Source: BLAKE2b (RFC 7693), 8 bytes, over MessagePack with sorted keys.
    """
    hashed = _HASH.copy()
    hashed.update(_encode((kind, at, said)))
    content: int = _signed(hashed.digest())[0]
    return content


def _internal(event: Any) -> Due | Reject:  # noqa: ANN401 - a model or a struct derived from it
    data, at = event.data, instants.bounded(event.time)
    place_of(event.source, event.datacontenttype)
    if event.subject is not None:
        _hold(event.subject)
    if data.TYPE == DueData.TYPE:
        return Due(event.subject, at)
    return Reject(event.id, at, data.code, data.field, data.reason, decoded_raw(data.raw))


__all__ = ["Decoded", "Due", "Reject", "content_of", "decode", "decoded", "unknown_fields"]
