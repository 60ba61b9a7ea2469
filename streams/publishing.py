"""What the world hears of a customer: full states, each with the offset that made it, so that the later one wins.

Nothing is sent here; messages are rows of the checkpoint, and ``streams.webhooks`` delivers them.
"""

from collections.abc import Mapping

import msgspec

from models.effects import JourneyRow, OutboxMessage, RescueRow
from models.identifiers import Offset

_encode = msgspec.json.Encoder().encode


def messages(
    offset: Offset, journeys: Mapping[str, JourneyRow], rescues: Mapping[str, RescueRow], topics: frozenset[str]
) -> list[OutboxMessage]:
    """Return the messages about one customer, numbered under the customer's latest ``offset`` in the chunk."""
    made: list[OutboxMessage] = []
    if "scores" in topics:
        for row in journeys.values():
            payload = _encode({"type": "ressenti.score", "version": offset, "journey": row})
            made.append(OutboxMessage(offset, len(made), "scores", f"{row.subject}/{row.key}", payload))
    if "rescues" in topics:
        for rescue in rescues.values():
            payload = _encode({"type": "ressenti.rescue", "version": offset, "rescue": rescue})
            made.append(OutboxMessage(offset, len(made), "rescues", f"{rescue.subject}/{rescue.journey}", payload))
    return made
