"""Rows are read ahead for several partitions at once, and never told twice: what was written since counts."""

import pytest

from models.chunks import Chunk, Record
from models.identifiers import Millis, Offset, Partition, Subject
from streams import rows
from streams.rows import Found, Rows, Wanted, subjects_of

A, B, NOBODY = Subject("p1_a"), Subject("p1_b"), Subject("p1_nobody")


class Table:
    """Rows that a test may change, and what was asked of them."""

    def __init__(self, held: dict[tuple[int, Subject], bytes]) -> None:
        self.held = held
        self.asked: list[list[int]] = []

    def load(self, wanted: Wanted) -> Found:
        self.asked.append(list(wanted))
        return {
            partition: {who: self.held[partition, who] for who in subjects if (partition, who) in self.held}
            for partition, subjects in wanted.items()
        }


def chunk(partition: int, *keys: bytes) -> Chunk:
    records = [Record(Offset(at), Millis(1), key, b"{}") for at, key in enumerate(keys)]
    return Chunk(Partition(partition), Offset(0), Offset(len(keys)), records)


def test_partitions_are_asked_for_together_in_the_order_they_are_folded() -> None:
    table = Table({(0, A): b"a0", (2, A): b"a2", (2, B): b"b2"})
    ahead = Rows(table, [chunk(0, b"p1_a"), chunk(1, b"p1_b"), chunk(2, b"p1_a", b"p1_b")])
    assert ahead(Partition(0), [A]) == {A: b"a0"}
    assert ahead(Partition(1), [B]) == {}
    assert ahead(Partition(2), [A, B]) == {A: b"a2", B: b"b2"}
    assert table.asked == [[0, 1, 2]]


def test_no_more_rows_are_read_ahead_than_there_is_room_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "TOGETHER", 2)
    table = Table({(n, A): bytes([n]) for n in range(4)})
    ahead = Rows(table, [chunk(n, b"p1_a") for n in range(4)])
    assert [ahead(Partition(n), [A]) for n in range(4)] == [{A: bytes([n])} for n in range(4)]
    assert table.asked == [[0, 1, 2], [3]]


def test_whoever_asks_again_is_told_what_stands_now() -> None:
    table = Table({(0, A): b"before"})
    ahead = Rows(table, [chunk(0, b"p1_a", b"p1_a")])
    assert ahead(Partition(0), [A]) == {A: b"before"}
    table.held[0, A] = b"after"
    assert ahead(Partition(0), [A]) == {A: b"after"}
    assert ahead(Partition(0), []) == {}


def test_a_partition_that_was_not_foreseen_is_read_when_it_is_asked_for() -> None:
    ahead = Rows(Table({(7, B): b"b"}), ())
    assert ahead(Partition(7), [B, NOBODY]) == {B: b"b"}


def test_keys_that_are_no_texts_a_database_takes_are_nobody() -> None:
    records = chunk(0, b"p1_a", b"\xff\xfe", b"p1\0a", b"k" * 10_000, b"p1_a").records
    assert subjects_of(records) == {A}
