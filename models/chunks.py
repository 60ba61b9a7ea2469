"""Records of the log, and chunks of them: what the log keeps, what a fold is given.

Plain data shared by the store's embedded log and by ``streams``; the port that logs implement is in ``streams.chunks``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from models.identifiers import Millis, Offset, Partition


class Record(NamedTuple):
    """One record as the log keeps it."""

    offset: Offset
    log_time: Millis
    key: bytes
    value: bytes


@dataclass(frozen=True, slots=True)
class Chunk:
    """Every record of ``partition`` in ``[start, end)``; offsets may have holes, ``end`` need not follow the last."""

    partition: Partition
    start: Offset
    end: Offset
    records: Sequence[Record]
