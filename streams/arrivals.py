"""The first step of a fold: a chunk's bytes become arrivals, grouped by customer; what cannot is a dead letter.

No customer's row is needed for it, so the store is asked afterwards, for exactly the customers met.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from models.chunks import Chunk, Record
from models.effects import Counters, DeadLetter, Forward
from models.errors import RejectedEvent
from models.identifiers import Millis, Offset, Partition, Subject
from models.interactions.decoding import Decoded, Due, Reject, decode
from models.partitions import partition_of


class Arrival(NamedTuple):
    """One record that a customer's facts must take in, or a stretch of silence that passed."""

    record: Record
    decoded: Decoded | Due


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
    log_time: Millis = Millis(0)
    """The latest log time in the chunk."""
    _right: set[bytes] = field(default_factory=set)
    """Keys that are known to lie where they should."""

    @property
    def subjects(self) -> list[Subject]:
        """The customers whose rows the fold needs, in the order they were met."""
        return list(self.arrivals)


def read(chunk: Chunk, partitions: int) -> Reading:
    """Return what ``chunk`` of a log of ``partitions`` partitions says; never raises for what is in a record."""
    reading = Reading(chunk.partition, chunk.start, chunk.end, partitions)
    reading.counters.skipped = chunk.end - chunk.start - len(chunk.records)
    for record in chunk.records:
        _take(reading, record)
    if chunk.records:
        reading.log_time = max(record.log_time for record in chunk.records)
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


def _take(reading: Reading, record: Record) -> None:
    try:
        decoded = decode(record.value, record.key)
    except RejectedEvent as rejected:
        fault = rejected.fault
        letter = DeadLetter(
            record.offset, record.log_time, None, None, fault.code, fault.field, str(fault), record.value
        )
        _bury(reading, letter)
        return
    if isinstance(decoded, Reject):
        letter = DeadLetter(
            record.offset, record.log_time, None, None, decoded.code, decoded.field, decoded.reason, decoded.raw
        )
        _bury(reading, letter)
    elif _is_elsewhere(reading, decoded.subject, record.key):
        reading.counters.forwarded += 1
        reading.forwards.append(Forward(decoded.subject, record.value))
    else:
        reading.arrivals.setdefault(decoded.subject, []).append(Arrival(record, decoded))


def _bury(reading: Reading, letter: DeadLetter) -> None:
    reading.counters.received += 1
    reading.counters.dead_letters += 1
    reading.dead_letters.append(letter)


def _is_elsewhere(reading: Reading, subject: Subject, key: bytes) -> bool:
    """Tell whether the record's key is not its subject, or this is the wrong partition for it."""
    if key in reading._right:  # noqa: SLF001 - the reading's own memory, kept by its only maker
        return key != subject.encode()
    if key != subject.encode() or partition_of(key, reading.partitions) != reading.partition:
        return True
    reading._right.add(key)  # noqa: SLF001
    return False
