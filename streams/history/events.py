"""Rows into CloudEvents: pseudonymised, redacted, marked as history, with ids that the same row always gets.

Every event is held to the contract here, so that what it refuses becomes a reject with the row's own bytes and
number, not a dead letter of an event that nobody sent. A row is taken whole or not at all.
"""

from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from models import instants
from models.errors import Fault, RejectedEvent
from models.identifiers import Millis, Subject
from models.interactions.admission import spoken
from models.interactions.decoding import decode
from models.pseudonyms import PseudonymKey, pseudonym
from streams.history.columns import CellFault
from streams.history.rows import Row, RowReject
from streams.history.rules import Place, Plan, Rule
from streams.history.times import written

_json = msgspec.json.Encoder()
_ids = msgspec.msgpack.Encoder()


_pseudonym = lru_cache(maxsize=1 << 16)(pseudonym)


class Made(NamedTuple):
    """One event, ready for the log."""

    rule: str
    at: Millis
    key: bytes
    value: bytes


class Envelope(NamedTuple):
    """Who an event is from, about whom, and its own name."""

    source: str
    subject: Subject
    id: str


def events_of(plan: Plan, row: Row, place: Place, key: PseudonymKey) -> list[Made]:
    """Return what ``row`` says; raises ``RejectedEvent`` when any of it breaks the contract or cannot be read."""
    subject = _subject_of(plan, row, key)
    source = plan.source(row.cells)
    if source is None:
        raise _rejected("missing_source", "source", "the row names no source", "correct `source` in the mapping")
    known: list[str | None] = [row.cells[at] for at in plan.identity]
    identity: Sequence[str | bytes | None] = known or [row.raw.rstrip(b"\r\n")]
    try:
        return [
            _made(rule, row, Envelope(source, subject, id_of(identity, rule.name)))
            for rule in plan.rules
            if rule.fires(row.cells, place)
        ]
    except CellFault as fault:
        remedy = "correct the row, or how the mapping reads that column"
        raise _rejected(fault.code, fault.column, str(fault), remedy) from None


def reject_of(row: Row, error: RejectedEvent) -> RowReject:
    """Return the reject that ``row`` becomes."""
    fault = error.fault
    return RowReject(row.number, row.raw, fault.code, fault.field, fault.fault, fault.remedy)


def moment_of(plan: Plan, row: Row) -> Millis:
    """Return when ``row`` happened; raises ``RejectedEvent`` when it does not say."""
    try:
        moment = plan.moment(row.cells)
    except CellFault as fault:
        remedy = "correct the row, or `file.times` in the mapping"
        raise _rejected(fault.code, fault.column, str(fault), remedy) from None
    if moment is None:
        raise _rejected("missing_time", "row.time", "the row has no time", "correct the row, or `row.time`")
    return instants.millis(moment)


def _subject_of(plan: Plan, row: Row, key: PseudonymKey) -> Subject:
    raw = plan.subject(row.cells)
    if raw is None or not raw.strip():
        raise _rejected("missing_subject", "row.subject", "the row names no customer", "fill it in, if it is known")
    return _pseudonym(raw.strip(), key)


def _made(rule: Rule, row: Row, envelope: Envelope) -> Made:
    moment = rule.moment(row.cells)
    if moment is None:
        fault, remedy = f"{rule.name!r} fires, and its time is missing", "add the condition that it is present"
        raise _rejected("missing_time", f"event.{rule.name}.time", fault, remedy)
    at = instants.millis(moment)
    event = {
        "specversion": "1.0",
        "id": envelope.id,
        "source": envelope.source,
        "type": rule.type,
        "time": written(moment),
        "subject": envelope.subject,
        "history": True,
        "data": spoken(rule.data(row.cells), Counter()),
    }
    key, value = envelope.subject.encode(), _json.encode(event)
    decode(value, key)
    return Made(rule.name, at, key, value)


def _rejected(code: str, field: str, fault: str, remedy: str) -> RejectedEvent:
    return RejectedEvent(Fault(code, field, fault, remedy))


def id_of(identity: Sequence[str | bytes | None], rule: str) -> str:
    """Return the id that this rule always gives to this row: its name, and 32 digits that show nothing of the row.

    Facts of one moment are folded in the order of their ids, so in the order of the rules' names.

    >>> id_of(["0000045", "2"], "opened")
    'opened-0264479b1691f30cdd2d6ac5398b4e2e'
    """
    return f"{rule}-{blake2b(_ids.encode(identity), digest_size=16).hexdigest()}"
