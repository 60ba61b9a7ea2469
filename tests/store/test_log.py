"""The embedded log: offsets, durability in groups, clocks, holes, retention, imports."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.chunks import Chunk, Record
from models.errors import StoreBusy, StoreFull
from models.identifiers import Millis, Offset, Partition
from models.partitions import partition_of
from store.database import Store
from store.imports import ImportProgress
from store.log import EmbeddedLog
from streams.chunks import Log
from tests.store.conftest import Clock

KEY = b"p1_abcdefghijklmnopqrstuvwxyz"
HERE = partition_of(KEY, 16)
PROGRESS = ImportProgress("sha", "incidents", "incidents.csv.gz", row=3, counts={"appended": 3})


@pytest.fixture
def store(sqlite_store: Store) -> Store:
    return sqlite_store


def contents(log: EmbeddedLog) -> list[tuple[bytes, bytes]]:
    chunks = [log.read(Partition(p), Offset(0), 10_000) for p in range(log.partitions)]
    return sorted((record.key, record.value) for chunk in chunks for record in chunk.records)


def test_the_log_is_the_port_that_streams_ask_for(store: Store) -> None:
    log: Log = store.log
    assert (len(log.identity), log.partitions) == (36, 16)


def test_records_are_read_back_in_order_under_the_offsets_told(store: Store, clock: Clock) -> None:
    assert store.log.append([(KEY, b"1"), (KEY, b"2")]) == [(HERE, 0), (HERE, 1)]
    at = clock.now
    clock.now += 5
    assert store.log.append([(KEY, b"3")]) == [(HERE, 2)]
    one, two, three = (
        Record(Offset(n), Millis(t), KEY, v) for n, t, v in [(0, at, b"1"), (1, at, b"2"), (2, at + 5, b"3")]
    )
    assert store.log.read(HERE, Offset(0), 10) == Chunk(HERE, Offset(0), Offset(3), [one, two, three])
    assert store.log.read(HERE, Offset(1), 1) == Chunk(HERE, Offset(1), Offset(2), [two])
    assert store.log.read(HERE, Offset(3), 10) == Chunk(HERE, Offset(3), Offset(3), [])
    assert store.log.end(HERE) == 3
    assert store.log.ends() == {Partition(p): (3 if p == HERE else 0) for p in range(16)}


def test_nothing_appended_is_nothing_written(store: Store) -> None:
    assert store.log.append([]) == []


def test_log_time_never_goes_back_though_the_clock_does(store: Store, clock: Clock) -> None:
    store.log.append([(KEY, b"1")])
    late = clock.now
    clock.now -= 60_000
    store.log.append([(KEY, b"2")])
    assert [record.log_time for record in store.log.read(HERE, Offset(0), 9).records] == [late, late]


@given(batches=st.lists(st.lists(st.tuples(st.binary(max_size=4), st.binary(max_size=9)), max_size=5), max_size=5))
@settings(max_examples=15, deadline=None)
def test_what_is_appended_is_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[bytes, bytes]]]
) -> None:
    with Store.open(tmp_path_factory.mktemp("log"), partitions=3) as store:
        expected: dict[Partition, list[tuple[bytes, bytes]]] = {Partition(p): [] for p in range(3)}
        for batch in batches:
            places = store.log.append(batch)
            for (key, value), (partition, offset) in zip(batch, places, strict=True):
                assert partition == partition_of(key, 3)
                assert offset == len(expected[partition])
                expected[partition].append((key, value))
        for partition, pairs in expected.items():
            chunk = store.log.read(partition, Offset(0), 100)
            assert [(record.key, record.value) for record in chunk.records] == pairs
            assert [record.offset for record in chunk.records] == list(range(len(pairs)))


def test_callers_from_many_threads_share_commits_and_lose_nothing(store: Store) -> None:
    commits: list[int] = []
    write = store.log._write

    def counted(connection: object, group: Sequence[object]) -> None:
        commits.append(len(list(group)))
        write(connection, group)  # type: ignore[arg-type]

    store.log._write = counted  # type: ignore[method-assign, assignment]
    start = threading.Barrier(8)

    def append(thread: int) -> list[tuple[Partition, Offset]]:
        start.wait()
        return [place for n in range(25) for place in store.log.append([(KEY, f"{thread}/{n}".encode())])]

    with ThreadPoolExecutor(8) as pool:
        places = [place for result in pool.map(append, range(8)) for place in result]
    assert sorted(offset for _, offset in places) == list(range(200))
    assert sum(commits) == 200
    assert len(commits) < 200, "no commit was ever shared"
    values = [record.value for record in store.log.read(HERE, Offset(0), 999).records]
    for thread in range(8):
        theirs = [value for value in values if value.startswith(f"{thread}/".encode())]
        assert theirs == [f"{thread}/{n}".encode() for n in range(25)], "one caller's records stand in their order"


def test_two_processes_append_to_one_log(store: Store) -> None:
    with Store.open(store.folder) as other:
        assert other.log.identity == store.log.identity
        assert [*store.log.append([(KEY, b"1")]), *other.log.append([(KEY, b"2")])] == [(HERE, 0), (HERE, 1)]
        assert store.log.append([(KEY, b"3")]) == [(HERE, 2)]


def test_a_full_disk_appends_nothing_and_tells_every_caller(store: Store) -> None:
    store.log.append([(KEY, b"before")])
    with store._own_folder.log_file.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull, match="nothing was written"):
        store.log.append([(KEY, b"x" * 50_000), (KEY, b"y")])
    assert contents(store.log) == [(KEY, b"before")]
    assert store.log.end(HERE) == 1


def test_a_locked_log_is_busy_and_appends_nothing(store: Store, tmp_path: Path) -> None:
    with (
        Store.open(tmp_path / "data", busy_ms=50) as other,
        store._own_folder.log_file.write(),
        pytest.raises(StoreBusy),
    ):
        other.log.append([(KEY, b"1")])
    assert contents(store.log) == []


def test_one_callers_mistake_does_not_touch_the_others(store: Store) -> None:
    with pytest.raises(TypeError, match="pair of bytes"):
        store.log.append([(KEY, "text")])  # type: ignore[list-item]
    assert store.log.append([(KEY, b"1")]) == [(HERE, 0)]


def test_offsets_whose_records_are_gone_are_inside_the_chunk(store: Store) -> None:
    store.log.append([(KEY, b"about p1_gone"), (KEY, b"2"), (KEY, b"about p1_gone too")])
    assert store.log.delete_subject(b"p1_gone") == 2
    chunk = store.log.read(HERE, Offset(0), 10)
    assert (chunk.start, chunk.end, [r.offset for r in chunk.records]) == (0, 3, [1])
    assert store.log.read(HERE, Offset(2), 10) == Chunk(HERE, Offset(2), Offset(3), [])
    assert store.log.append([(KEY, b"4")]) == [(HERE, 3)], "an offset is never given twice"


def test_retention_deletes_what_is_old_and_folded_and_nothing_else(store: Store, clock: Clock) -> None:
    store.log.append([(KEY, b"old, folded"), (KEY, b"old, not folded")])
    clock.now += 1_000
    store.log.append([(KEY, b"new")])
    assert store.log.prune(Millis(clock.now), {HERE: Offset(1)}) == 1
    assert [r.value for r in store.log.read(HERE, Offset(0), 9).records] == [b"old, not folded", b"new"]
    assert store.log.prune(Millis(clock.now), {HERE: Offset(3)}) == 1
    assert store.log.prune(Millis(clock.now + 1), {HERE: Offset(3)}) == 1
    assert store.log.end(HERE) == 3


def test_an_import_keeps_its_place_in_the_same_commit(store: Store, clock: Clock) -> None:
    assert store.imports.find("sha", "incidents") is None
    store.log.append_import([(KEY, b"1")], PROGRESS)
    started = Millis(clock.now)
    assert store.imports.find("sha", "incidents") == replace(PROGRESS, started_at=started, updated_at=started)
    clock.now += 9
    store.log.append_import([(KEY, b"2")], replace(PROGRESS, row=5, done=True))
    now = Millis(clock.now)
    assert store.imports.all() == [replace(PROGRESS, row=5, done=True, started_at=started, updated_at=now)]


def test_an_import_that_cannot_append_has_not_moved(store: Store) -> None:
    store.log.append_import([(KEY, b"1")], PROGRESS)
    with store._own_folder.log_file.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StoreFull):
        store.log.append_import([(KEY, b"x" * 50_000)], replace(PROGRESS, row=4))
    found = store.imports.find("sha", "incidents")
    assert found is not None
    assert (found.row, contents(store.log)) == (3, [(KEY, b"1")])
