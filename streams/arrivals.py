"""The first step of a fold: a chunk's bytes become arrivals, grouped by customer; what cannot is a dead letter.

No customer's row is needed for it, so the store is asked afterwards, for exactly the customers met.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from operator import attrgetter
from typing import NamedTuple, cast

from models.chunks import Chunk, Record
from models.effects import Counters, DeadLetter, Forward
from models.errors import RejectedEvent
from models.identifiers import Millis, Offset, Partition, Subject
from models.interactions.decoding import Decoded, Due, Reject, decode
from models.partitions import partition_of

NEVER: Millis = Millis(0)


class Arrival(NamedTuple):
    """One record that a customer's facts must take in, or a stretch of silence that passed."""

    record: Record
    decoded: Decoded | Due


_arrival = cast("Callable[[tuple[Record, Decoded | Due]], Arrival]", partial(tuple.__new__, Arrival))
"""``Arrival`` of a pair; a third of the time its constructor takes, for every record."""
_log_time = attrgetter("log_time")


@dataclass(slots=True)
class Reading:
    """A chunk, read: who is in it, and what has been decided already."""

    partition: Partition
    start: Offset
    end: Offset
    partitions: int
    arrivals: dict[Subject, list[Arrival]] = field(default_factory=dict)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)
    log_time: Millis = NEVER
    """The latest log time in the chunk."""
    keys: dict[bytes, Subject] = field(default_factory=dict)
    """Whose each key is, once it was found to lie where it should."""

    @property
    def subjects(self) -> list[Subject]:
        """The customers whose rows the fold needs, in the order they were met."""
        return list(self.arrivals)


def read(chunk: Chunk, partitions: int) -> Reading:
    """Return what ``chunk`` of a log of ``partitions`` partitions says; never raises for what is in a record."""
    reading = Reading(chunk.partition, chunk.start, chunk.end, partitions)
    reading.counters.skipped = chunk.end - chunk.start - len(chunk.records)
    keys, arrivals = reading.keys, reading.arrivals
    for record in chunk.records:
        key = record.key
        met = keys.get(key)
        try:
            decoded = decode(record.value, key, met)
        except RejectedEvent as rejected:
            fault = rejected.fault
            _bury(reading, record, (fault.code, fault.field, str(fault)), record.value)
            continue
        if isinstance(decoded, Reject):
            _bury(reading, record, (decoded.code, decoded.field, decoded.reason), decoded.raw)
        elif decoded.subject == met or _is_here(reading, decoded.subject, key):
            arrivals[decoded.subject].append(_arrival((record, decoded)))
        else:
            reading.counters.forwarded += 1
            reading.forwards.append(Forward(decoded.subject, record.value))
    if chunk.records:
        reading.log_time = max(map(_log_time, chunk.records))
    return reading


def dead_letter(record: Record, code: str, reason: str, decoded: Decoded | None = None) -> DeadLetter:
    """Return ``record`` as a dead letter; what is known of the event comes from ``decoded``."""
    fact = None if decoded is None else decoded.fact
    return DeadLetter(
        offset=record.offset,
        log_time=record.log_time,
        subject=None if decoded is None else decoded.subject,
        source=None if fact is None else fact.source,
        code=code,
        field="",
        reason=reason,
        raw=record.value,
    )


def _bury(reading: Reading, record: Record, why: tuple[str, str, str], raw: bytes) -> None:
    reading.counters.received += 1
    reading.counters.dead_letters += 1
    reading.dead_letters.append(DeadLetter(record.offset, record.log_time, None, None, *why, raw))


def _is_here(reading: Reading, subject: Subject, key: bytes) -> bool:
    """Tell whether the key is the subject's and lies in its partition, and remember it if so."""
    if key != subject.encode() or partition_of(key, reading.partitions) != reading.partition:
        return False
    reading.keys[key] = subject
    reading.arrivals[subject] = []
    return True
