"""Ressenti's own records in the log: time that passed, and rows that could not be mapped.

They travel as CloudEvents like everything else, are not interactions, and are refused from outside.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, ClassVar, Final

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from models import instants
from models.errors import Fault
from models.identifiers import Subject
from models.interactions.bounds import LINES, MAX_EVENT, Breach

SOURCE: Final = "/ressenti"
MAX_RAW: Final = 32_768
"""Bytes of a rejected row that are kept; base64 makes 43,692 of them, well within an event's bound."""


def decoded_raw(text: str) -> bytes:
    """Return the bytes of base64 ``text``; raises ``Breach`` when it is none."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise Breach("bad_format", "raw is not base64", "encode the row's bytes as base64") from None


def _base64(text: str) -> str:
    decoded_raw(text)
    return text


class Internal(BaseModel):
    """The ``data`` of a record of our own."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    TYPE: ClassVar[str]


class Due(Internal):
    """Nothing happened, and something of this customer fell due."""

    TYPE: ClassVar[str] = "ressenti.due"


Short = Annotated[str, StringConstraints(max_length=200, pattern=LINES)]


class Reject(Internal):
    """A row of history that no mapping could make an interaction of."""

    TYPE: ClassVar[str] = "ressenti.reject"

    code: Short = Field(description="The fault's stable short name.")
    field: Short = Field(description="The column or field at fault.")
    reason: Annotated[str, StringConstraints(max_length=1000, pattern=LINES)] = Field(description="A sentence.")
    raw: Annotated[str, StringConstraints(max_length=MAX_EVENT), AfterValidator(_base64)] = Field(
        description="The row's bytes, in base64."
    )


def due_event(subject: Subject, at: int) -> tuple[bytes, bytes]:
    """Return the record (key, value) that tells the fold that time has passed for ``subject`` until ``at``."""
    return subject.encode(), _record(Due.TYPE, f"due-{subject}-{at}", at, {}, subject)


def reject_event(identity: str, at: int, fault: Fault, raw: bytes) -> tuple[bytes, bytes]:
    """Return the record (key, value) that leaves a row in the dead letters; ``identity`` is the row's own name.

    A row above ``MAX_RAW`` bytes is cut; over-long texts are cut too, so that a reject is never itself refused.
    """
    data = {
        "code": _printable(fault.code, 200),
        "field": _printable(fault.field, 200),
        "reason": _printable(f"{fault.fault}; {fault.remedy}", 1000),
        "raw": base64.b64encode(raw[:MAX_RAW]).decode(),
    }
    name = _printable(identity, 128) or "row"
    return name.encode(), _record(Reject.TYPE, name, at, data)


def _printable(text: str, limit: int) -> str:
    return "".join(c if c.isprintable() else "�" for c in text[:limit])


def _record(kind: str, identity: str, at: int, data: Mapping[str, str], subject: Subject | None = None) -> bytes:
    event: dict[str, object] = {
        "specversion": "1.0",
        "id": identity,
        "source": SOURCE,
        "type": kind,
        "time": instants.render(at),
        "data": data,
    }
    if subject is not None:
        event["subject"] = subject
    return msgspec.json.encode(event)
