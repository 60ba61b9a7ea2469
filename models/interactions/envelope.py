"""The envelope: CloudEvents 1.0.2 in its structured and batch JSON formats.

One event class per type is made from the nouns, so that schemas, validation and fast decoding all read the same
definition. Source: https://github.com/cloudevents/spec/tree/v1.0.2 (``spec.md``, ``formats/json-format.md``).
"""

from typing import Annotated, Final, Generic, Literal, TypeVar

import msgspec
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, create_model

from models.errors import Fault, RejectedEvent
from models.interactions.answer import Answer
from models.interactions.asked import Asked
from models.interactions.bounds import Identifier, Instant, Pseudonym, Source
from models.interactions.common import Interaction
from models.interactions.complaint import Complaint
from models.interactions.contact import Contact
from models.interactions.exposure import Exposure
from models.interactions.incident import Incident
from models.interactions.inside import StaffVoice, Walkthrough
from models.interactions.internals import Due, Internal, Reject
from models.interactions.loyalty import Departure, Purchase, Referral, Renewal
from models.interactions.promise import Promise
from models.interactions.recovery import Recovery
from models.interactions.voice import Voice

MediaType = Annotated[str, StringConstraints(max_length=128, pattern=r"^application/([a-z0-9.+-]+\+)?json( *;.*)?$")]
D = TypeVar("D", bound=Interaction | Internal)


class CloudEvent(BaseModel, Generic[D]):
    """One event: who said what about whom, when. A ``null`` attribute is an absent one, as the format demands."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore", hide_input_in_errors=True)

    specversion: Literal["1.0"] = Field(description="The version of CloudEvents.")
    id: Identifier = Field(description="Unique within its source; the same id again is a redelivery.")
    source: Source = Field(description="The sender, as a URI reference such as `/shop` or `crm`.")
    type: str
    time: Instant = Field(description="When it happened, as RFC 3339 with an offset.")
    subject: Pseudonym = Field(description="The customer, as a pseudonym (a collector makes it).")
    datacontenttype: MediaType | None = Field(default=None, description="`application/json`, or absent.")
    dataschema: Identifier | None = Field(default=None, description="Accepted and not read.")
    history: bool | None = Field(
        default=None, description="Extension: imported, not lived now; it never rings a phone."
    )
    data: D


class OwnEvent(CloudEvent[D], Generic[D]):
    """A record of our own; a rejected row may have no customer."""

    subject: Pseudonym | None = None  # type: ignore[assignment]  # wider than the base, on purpose


TYPES: Final[dict[str, type[Interaction]]] = {
    noun.TYPE: noun
    for noun in (
        Contact,
        Promise,
        Incident,
        Asked,
        Answer,
        Voice,
        Complaint,
        Recovery,
        Purchase,
        Renewal,
        Departure,
        Referral,
        Walkthrough,
        StaffVoice,
        Exposure,
    )
}
"""Every type that may come from outside, with what its ``data`` holds."""


def _event(noun: type[Interaction]) -> type[CloudEvent[Interaction]]:
    kind = (Literal[noun.TYPE], Field(description="The type of the event."))
    return create_model(f"{noun.__name__}Event", __base__=CloudEvent[noun], __doc__=noun.__doc__, type=kind)  # type: ignore[valid-type, arg-type]  # made while running


class DueEvent(CloudEvent[Due]):
    """Time passed for one customer."""

    type: Literal["ressenti.due"]


class RejectEvent(OwnEvent[Reject]):
    """A row that could not be mapped."""

    type: Literal["ressenti.reject"]


EVENTS: Final[dict[str, type[CloudEvent[Interaction]]]] = {name: _event(noun) for name, noun in TYPES.items()}
INTERNAL_EVENTS: Final[dict[str, type[CloudEvent[Due]] | type[CloudEvent[Reject]]]] = {
    Due.TYPE: DueEvent,
    Reject.TYPE: RejectEvent,
}

_batch = msgspec.json.Decoder(list[msgspec.Raw])


def split_batch(body: bytes) -> list[bytes]:
    """Return the events of a CloudEvents batch (a JSON array), each with its own bytes, none judged yet."""
    try:
        return [bytes(raw) for raw in _batch.decode(body)]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        fault = Fault("malformed", "(body)", f"the batch is not a JSON array: {error}", "send [event, event, …]")
        raise RejectedEvent(fault) from None


def split_lines(body: bytes) -> list[bytes]:
    r"""Return the events of a newline-delimited body; empty lines are none.

    >>> split_lines(b'{"id": "1"}\r\n\n{"id": "2"}')
    [b'{"id": "1"}', b'{"id": "2"}']
    """
    return [line for line in (line.strip() for line in body.split(b"\n")) if line]
