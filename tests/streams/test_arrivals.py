"""A chunk is read as its records would be one by one: what came before one of them changes nothing about it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from models.chunks import Chunk, Record
from models.effects import DeadLetter, Forward
from models.errors import Fault, RejectedEvent
from models.identifiers import Millis, Offset, Subject
from models.interactions.decoding import Decoded, Due, Reject, decode
from models.interactions.internals import due_event, reject_event
from models.partitions import partition_of
from streams.arrivals import Arrival, read
from tests.streams.events import SUBJECTS, T0, Pair, contact

PARTITIONS = 2
HERE = partition_of(SUBJECTS[0].encode(), PARTITIONS)
KEYS = [*(subject.encode() for subject in SUBJECTS[:4]), b"", b"\xff"]


def values(subject: str) -> st.SearchStrategy[bytes]:
    """Return what a record may hold: an event, time that passed, a rejected row, nothing good."""
    pairs: list[Pair] = [
        contact(subject, T0, "c-1", "queued"),
        contact(subject, T0 + 1, "c-1", "ended", unknown="field"),
        contact(subject, T0, "c-1", "lost"),
        due_event(Subject(subject), T0),
        reject_event("row-1", T0, Fault("c", "f", "t", "r"), b"raw"),
        (b"", b"{"),
    ]
    return st.sampled_from([value for _, value in pairs])


bodies = st.sampled_from([*SUBJECTS[:4], "jane@example.org"]).flatmap(values)
drawn = st.lists(st.tuples(st.integers(0, 99), st.sampled_from(KEYS), bodies), max_size=30)


@given(drawn)
@settings(max_examples=200, deadline=None)
def test_a_chunk_is_read_as_its_records_are_one_by_one(rows: list[tuple[int, bytes, bytes]]) -> None:
    records = [Record(Offset(n), Millis(at), key, value) for n, (at, key, value) in enumerate(rows)]
    reading = read(Chunk(HERE, Offset(0), Offset(len(records) + 3), records), PARTITIONS)
    arrivals: dict[Subject, list[Arrival]] = {}
    letters: list[DeadLetter] = []
    forwards: list[Forward] = []
    for record in records:
        said = _alone(record)
        if isinstance(said, DeadLetter):
            letters.append(said)
        elif record.key == said.subject.encode() and partition_of(record.key, PARTITIONS) == HERE:
            arrivals.setdefault(said.subject, []).append(Arrival(record, said))
        else:
            forwards.append(Forward(said.subject, record.value))
    assert (reading.arrivals, reading.dead_letters, reading.forwards) == (arrivals, letters, forwards)
    assert reading.subjects == list(arrivals)
    counters = reading.counters
    assert (counters.skipped, counters.forwarded, counters.dead_letters) == (3, len(forwards), len(letters))
    assert reading.log_time == max((record.log_time for record in records), default=0)


def _alone(record: Record) -> Decoded | Due | DeadLetter:
    try:
        said = decode(record.value, record.key)
    except RejectedEvent as rejected:
        why = rejected.fault
        return DeadLetter(record.offset, record.log_time, None, None, why.code, why.field, str(why), record.value)
    if isinstance(said, Reject):
        return DeadLetter(record.offset, record.log_time, None, None, said.code, said.field, said.reason, said.raw)
    return said
