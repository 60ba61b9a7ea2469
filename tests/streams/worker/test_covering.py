"""Chunks say exactly which offsets they cover, whatever holes the log has and wherever the reader is sent."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chunks import Record
from models.errors import LogChanged
from models.identifiers import Millis, Offset, Partition
from streams.worker.covering import Covering

P = Partition(3)


def record(offset: int) -> Record:
    return Record(Offset(offset), Millis(0), b"", b"")


@dataclass(frozen=True)
class Fetch:
    width: int


@dataclass(frozen=True)
class Seek:
    to: int


steps = st.lists(st.builds(Fetch, st.integers(0, 9)) | st.builds(Seek, st.integers(0, 40)), max_size=30)


@given(present=st.sets(st.integers(0, 60)), steps=steps)
def test_every_offset_read_since_a_seek_is_in_exactly_one_chunk(present: set[int], steps: list[Fetch | Seek]) -> None:
    covering, at, claimed = Covering(), 0, list[int]()
    covering.seek(P, Offset(0))
    for step in steps:
        if isinstance(step, Seek):
            at, claimed = step.to, []
            covering.seek(P, Offset(at))
            continue
        records = [record(offset) for offset in range(at, at + step.width) if offset in present]
        chunk = covering.chunk(P, records, Offset(at + step.width))
        assert (chunk is None) == (step.width == 0)
        if chunk is not None:
            claimed += range(chunk.start, chunk.end)
            assert [each.offset for each in chunk.records] == [o for o in range(chunk.start, chunk.end) if o in present]
        at += step.width
        assert claimed == list(range(at - len(claimed), at)), "a hole or a doubling between chunks"


def test_what_the_reader_passed_over_without_a_record_is_in_the_next_chunk() -> None:
    covering = Covering()
    covering.seek(P, Offset(10))
    chunk = covering.chunk(P, [record(17)], Offset(18))
    assert chunk is not None
    assert (chunk.start, chunk.end) == (10, 18)


def test_a_marker_at_the_end_of_the_log_makes_a_chunk_without_records() -> None:
    covering = Covering()
    covering.seek(P, Offset(4))
    chunk = covering.chunk(P, [], Offset(5))
    assert chunk is not None
    assert (chunk.start, chunk.end, list(chunk.records)) == (4, 5, [])


def test_nothing_is_claimed_of_what_lies_before_a_reading_that_was_never_sought() -> None:
    covering = Covering()
    covering.seek(P, Offset(0))
    covering.begin()
    chunk = covering.chunk(P, [record(900)], Offset(901))
    assert chunk is not None
    assert chunk.start == 900


def test_a_log_that_goes_back_by_itself_is_refused() -> None:
    covering = Covering()
    covering.seek(P, Offset(50))
    with pytest.raises(LogChanged, match="partition 3: offset 0 came after 50"):
        covering.chunk(P, [record(0)], Offset(60))
    with pytest.raises(LogChanged, match="offset 20 came after 50"):
        covering.chunk(P, [], Offset(20))
