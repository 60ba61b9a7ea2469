"""What is read ahead is what reading says; whoever comes for it never waits behind what nobody came for yet."""

import threading
from collections.abc import Iterator

import pytest

from models.chunks import Chunk, Record
from models.identifiers import Millis, Offset
from models.partitions import partition_of
from streams import ahead
from streams.ahead import ReadAhead
from streams.arrivals import Reading, read
from tests.streams.events import SUBJECTS, T0, contact

PARTITIONS = 4


def chunk(start: int, end: int) -> Chunk:
    """Return a chunk of one customer's contacts, an event of another's among them, and one that is none."""
    here = partition_of(SUBJECTS[0].encode(), PARTITIONS)
    told = [contact(SUBJECTS[0], T0 + n, f"c{n}", "ended") for n in range(start, end)]
    told[0] = (told[0][0], b"{")
    told[-1] = contact(SUBJECTS[1], T0, "other", "ended")
    records = [Record(Offset(start + n), Millis(T0 + n), key, value) for n, (key, value) in enumerate(told)]
    return Chunk(here, Offset(start), Offset(end), records)


@pytest.fixture
def reads() -> ReadAhead:
    return ReadAhead()


class Slow:
    """Reading that waits, for those chunks that begin at 0; notes who read."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = threading.Event()
        self.by: list[tuple[int, str]] = []

    def __call__(self, one: Chunk, partitions: int) -> Reading:
        self.by.append((one.start, threading.current_thread().name))
        if one.start == 0:
            self.begun.set()
            assert self.gate.wait(10)
        return read(one, partitions)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    made = Slow()
    monkeypatch.setattr(ahead, "read", made)
    yield made
    made.gate.set()


def test_what_is_read_ahead_is_what_reading_says(reads: ReadAhead) -> None:
    chunks = [chunk(0, 6), chunk(6, 9)]
    reads.begin(chunks, PARTITIONS)
    found = [reads(one, PARTITIONS) for one in chunks]
    assert found == [read(one, PARTITIONS) for one in chunks]
    assert found[0].dead_letters
    assert found[0].arrivals


def test_each_reading_is_given_once(reads: ReadAhead) -> None:
    """A fold goes on with it as its own: given twice, the second fold would count what the first had counted."""
    reads.begin([chunk(0, 6)], PARTITIONS)
    first, second = reads(chunk(0, 6), PARTITIONS), reads(chunk(0, 6), PARTITIONS)
    first.counters.received += 1
    assert second == read(chunk(0, 6), PARTITIONS)


def test_a_chunk_that_was_cut_since_is_read_as_it_is(reads: ReadAhead) -> None:
    reads.begin([chunk(0, 6)], PARTITIONS)
    assert reads(chunk(2, 6), PARTITIONS) == read(chunk(2, 6), PARTITIONS)


def test_what_was_not_begun_is_read_at_once_by_whoever_comes(reads: ReadAhead, slow: Slow) -> None:
    reads.begin([chunk(0, 6), chunk(6, 9)], PARTITIONS)
    assert slow.begun.wait(10)
    reads(chunk(6, 9), PARTITIONS)
    assert slow.by[1] == (6, threading.current_thread().name)


def test_what_was_begun_is_waited_for(reads: ReadAhead, slow: Slow) -> None:
    reads.begin([chunk(0, 6)], PARTITIONS)
    assert slow.begun.wait(10)
    threading.Timer(0.05, slow.gate.set).start()
    assert reads(chunk(0, 6), PARTITIONS) == read(chunk(0, 6), PARTITIONS)
    assert [start for start, _ in slow.by] == [0]


def test_what_nobody_came_for_is_forgotten(reads: ReadAhead, slow: Slow) -> None:
    reads.begin([chunk(0, 6), chunk(6, 9)], PARTITIONS)
    assert slow.begun.wait(10)
    reads.begin([chunk(9, 12)], PARTITIONS)
    slow.gate.set()
    reads(chunk(9, 12), PARTITIONS)
    assert [start for start, _ in slow.by] == [0, 9]
