"""Admission: what an event from outside goes through before the log keeps it, the same at every door.

The customer becomes a pseudonym, words are redacted, fields that the contract does not know are left behind (they could
hold a name), and the rest is judged. No I/O; keys come from the caller.
"""

from collections import Counter
from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec

from models.errors import Fault, RejectedEvent
from models.identifiers import Subject
from models.interactions.bounds import MAX_EVENT
from models.interactions.common import Interaction
from models.interactions.decoding import KNOWN_DATA, KNOWN_ENVELOPE, unknown_fields
from models.interactions.envelope import CloudEvent
from models.interactions.faults import too_large
from models.interactions.validation import type_of, validate
from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym
from models.redaction import redacted

PROSE: Final = frozenset({"verbatim", "what", "reason"})
"""The fields in which people write freely."""
MAX_RAW_ID: Final = 512
"""Characters of a customer's own id."""


class Admitted(NamedTuple):
    """An event as the log takes it, and what was left at the door."""

    event: CloudEvent[Interaction]
    value: bytes
    found: Counter[str]
    """What redaction took out of its words, by kind."""
    unknown_fields: int


def admit(tree: object, key: PseudonymKey) -> Admitted:
    """Return the event that ``tree`` (as ``validation.parse`` gives it) holds, ready for the log.

    Raises ``RejectedEvent``. A subject that has a pseudonym's form was made by a client of ours and stays.
    """
    kind, found = type_of(tree), Counter[str]()
    known = _known(tree, kind)
    known["subject"] = _subject(known.get("subject"), key)
    data = known.get("data")
    if isinstance(data, dict):
        known["data"] = spoken(data, found)
    event, value = validate(known), msgspec.json.encode(known)
    if len(value) > MAX_EVENT:  # a pseudonym may be longer than the raw id was
        raise RejectedEvent(too_large(len(value)))
    return Admitted(event, value, found, unknown_fields(tree))


def spoken(data: Mapping[str, object], found: Counter[str]) -> dict[str, object]:
    """Return ``data`` with every field in which people write freely redacted, counting into ``found``.

    >>> spoken({"reason": "call +33 6 12 34 56 78", "amount": 9.9}, Counter())
    {'reason': 'call [phone]', 'amount': 9.9}
    """
    clean = dict(data)
    for name in PROSE & data.keys():
        words = data[name]
        if isinstance(words, str):
            clean[name], taken = redacted(words)
            found.update(taken)
    return clean


def _known(tree: object, kind: str) -> dict[str, object]:
    event = tree if isinstance(tree, dict) else {}
    kept = {name: value for name, value in event.items() if name in KNOWN_ENVELOPE}
    data, known = kept.get("data"), KNOWN_DATA.get(kind, frozenset())
    if isinstance(data, dict):
        kept["data"] = {name: value for name, value in data.items() if name in known}
    return kept


def _subject(raw: object, key: PseudonymKey) -> Subject:
    if isinstance(raw, int) and not isinstance(raw, bool):
        raw = str(raw)
    if raw is None or (isinstance(raw, str) and not raw.strip()):
        raise RejectedEvent(Fault("missing", "subject", "is required and absent", "name the customer"))
    if not isinstance(raw, str):
        raise RejectedEvent(Fault("wrong_type", "subject", "the value (not repeated here) is not text", "send text"))
    if len(raw) > MAX_RAW_ID:
        fault = f"has more than {MAX_RAW_ID} characters"
        raise RejectedEvent(Fault("too_long", "subject", fault, "send the customer's own id"))
    return Subject(raw) if is_pseudonym(raw) else pseudonym(raw, key)
