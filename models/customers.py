"""A customer's row: the facts still in play, what they contributed, and what is frozen.

The row is what a fold reads and writes. ``applied`` keeps the exact contributions that the cells hold for each
journey, so that retracting is always exact, whatever policy or scopes are in force when it happens.
"""

import msgspec

from models.cells import Contribution
from models.errors import SchemaMismatch
from models.facts import AnyFact
from models.identifiers import Millis

STATE_FORMAT = 1
USUAL = 4096
"""Bytes that a customer's row takes, usually; growing to them from nothing takes a third of the time of packing it."""


class FrozenJourney(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A journey too old to change: when it ended and its score under each policy that scored it.

    ``said`` tells that this score is an answer. ``contacts`` and ``good`` count its scored contacts and the good ones
    under the policy that was active when it froze, for the shares of good contacts over twelve months.
    """

    key: str
    ended: Millis
    scores: dict[str, int]
    said: bool = False
    contacts: int = 0
    good: int = 0


class AppliedJourney(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What the cells hold of one journey still in play, and what must be known to leave it alone.

    Most journeys of a customer do not change when the customer's row does: their contributions stay packed.
    """

    standing: FrozenJourney
    """How it stands now; what is kept of it should it freeze."""
    packed: bytes
    """Its contributions under every policy in force, as ``pack_contributions`` wrote them."""
    facts: int
    """How many facts it was computed from."""
    last: Millis
    """Time of its latest fact, answers included; what freezing is judged by."""
    due: Millis | None
    """When silence could next change it; ``None`` when it is settled."""
    waiting: bool | None = None
    """A live contact of it is open; ``None`` where that was not noted yet."""

    @property
    def key(self) -> str:
        """The journey's key."""
        return self.standing.key

    @property
    def contributions(self) -> tuple[Contribution, ...]:
        """Exactly what was added to the cells."""
        return unpack_contributions(self.packed)


class CustomerState(msgspec.Struct, array_like=True):
    """Everything a fold needs to know of one customer.

    ``clock`` is the latest record clock seen for this customer, ``asof`` the latest moment known to have passed
    (an event's time or a ``ressenti.due``). Facts are in ``(time, source, id)`` order.
    """

    format: int = STATE_FORMAT
    clock: Millis = Millis(0)
    asof: Millis = Millis(0)
    facts: list[AnyFact] = []
    applied: list[AppliedJourney] = []
    frozen: list[FrozenJourney] = []
    seen: bytes = b""
    """Eight bytes for each fact that left the row (see ``streams.seen``), so that an old redelivery is known."""
    version: int = 0
    """The definitions' version that ``applied`` was computed under."""
    measured: list[str] = []
    """Experiments whose unit is final: its facts have begun to leave, and a later exposure must not make it anew."""


_encoder = msgspec.msgpack.Encoder()
_encode, _encode_into = _encoder.encode, _encoder.encode_into
_state = msgspec.msgpack.Decoder(CustomerState).decode
_contributions = msgspec.msgpack.Decoder(tuple[Contribution, ...]).decode
_facts = msgspec.msgpack.Decoder(list[AnyFact]).decode


def pack(state: CustomerState) -> bytes:
    """Return ``state`` as the bytes its row keeps."""
    room = bytearray(USUAL)
    _encode_into(state, room)
    return bytes(room)


def unpack(data: bytes) -> CustomerState:
    """Return the state that ``pack`` made ``data`` from; raises ``SchemaMismatch`` on anything else."""
    try:
        return _state(data)
    except msgspec.DecodeError as error:
        raise SchemaMismatch(
            f"a customer's row cannot be read ({error}); it was written by another version of Ressenti, or is damaged: "
            f"run the version that wrote it (this one writes format {STATE_FORMAT})"
        ) from error


def pack_contributions(contributions: tuple[Contribution, ...]) -> bytes:
    """Return ``contributions`` as the bytes that journeys in play and archived ones keep."""
    return _encode(contributions)


def unpack_contributions(data: bytes) -> tuple[Contribution, ...]:
    """Return what ``pack_contributions`` made ``data`` from."""
    return _contributions(data)


def pack_facts(facts: list[AnyFact]) -> bytes:
    """Return ``facts`` as the bytes that archived journeys keep."""
    return _encode(facts)


def unpack_facts(data: bytes) -> list[AnyFact]:
    """Return what ``pack_facts`` made ``data`` from."""
    return _facts(data)
