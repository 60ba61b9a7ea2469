"""Validation: the contract with every fault explained; the slow, talkative path of the edges.

``decoding`` gives the same verdicts fast. Whatever that refuses is judged here, so there is one judge only.
"""

from typing import Any, Final

import msgspec
from pydantic import ValidationError

from models.errors import Fault, RejectedEvent
from models.identifiers import Subject
from models.interactions.bounds import MAX_EVENT
from models.interactions.common import Interaction
from models.interactions.envelope import EVENTS, INTERNAL_EVENTS, CloudEvent
from models.interactions.faults import fault_of, malformed, shown, too_large
from models.pseudonyms import is_pseudonym

PREFIX: Final = "ressenti."


def parse(value: bytes) -> object:
    """Return the JSON of one event, unjudged; raises ``RejectedEvent`` on what is no JSON.

    One parser for both paths: the last of two equal keys counts, ``NaN`` and half surrogates are no JSON.
    """
    if len(value) > MAX_EVENT:
        raise RejectedEvent(too_large(len(value)))
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedEvent(malformed(error)) from None


def validate(event: object) -> CloudEvent[Interaction]:
    """Return ``event`` (JSON bytes, or the object they hold) as an interaction; raises ``RejectedEvent``.

    Types of our own are refused: they may not come from outside.
    """
    tree = parse(event) if isinstance(event, bytes) else event
    kind = type_of(tree)
    if kind in INTERNAL_EVENTS:
        fault = Fault("reserved_type", "type", f"{shown(kind)} is for Ressenti's own use", "send an interaction")
        raise RejectedEvent(fault)
    accepted: CloudEvent[Interaction] = judged(tree, kind)
    return accepted


def type_of(tree: object) -> str:
    """Return the event's type; raises ``RejectedEvent`` when it is none of ours."""
    if not isinstance(tree, dict):
        fault = Fault("wrong_type", "(event)", f"{shown(tree)} is not an object", "send one JSON object per event")
        raise RejectedEvent(fault)
    kind = tree.get("type")
    if kind is None:
        raise RejectedEvent(Fault("missing", "type", "is required and absent", "send it"))
    if isinstance(kind, str) and (kind in EVENTS or kind in INTERNAL_EVENTS):
        return kind
    known = ", ".join(name.removeprefix(PREFIX) for name in EVENTS)
    fault = Fault("unknown_type", "type", f"{shown(kind)} is not known", f"send {PREFIX} and one of: {known}")
    raise RejectedEvent(fault)


def told_by(value: bytes, key: bytes) -> tuple[Subject | None, str | None]:
    """Return whose event a refused record seems to be, and its source, so that dead letters can be found and erased."""
    try:
        tree = parse(value)
    except RejectedEvent:
        tree = None
    event = tree if isinstance(tree, dict) else {}
    named = (event.get("subject"), key.decode("ascii", "replace"))
    subject = next((name for name in named if isinstance(name, str) and is_pseudonym(name)), None)
    source = event.get("source")
    return None if subject is None else Subject(subject), source[:128] if isinstance(source, str) else None


def judged(tree: object, kind: str) -> CloudEvent[Any]:
    """Return ``tree`` as an event of ``kind``; raises ``RejectedEvent`` with the first fault."""
    model: type[CloudEvent[Any]] = EVENTS[kind] if kind in EVENTS else INTERNAL_EVENTS[kind]
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise RejectedEvent(fault_of(error)) from None
