import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.effects import Counters
from models.errors import InvalidInput
from models.identifiers import Offset
from store.database import Store
from streams.engine import Engine
from streams.history.importing import CHUNK, Step, Target, Totals, import_files
from streams.keeper import StoreKeeper
from tests.streams.history.exports import CALLS, HEADER, KEY, FakeLog, calls, imported, mapping_in, written

ROOT = Path(__file__).parents[3]


def times(log: FakeLog) -> list[str]:
    return [event["time"] for event in log.events()]


def test_records_come_in_the_order_of_their_time(tmp_path: Path) -> None:
    _, log = imported(tmp_path, "\n".join(calls(60)))
    assert len(log.records) == 120
    assert times(log) == sorted(times(log))
    assert log.records != sorted(log.records)


def test_files_are_one_import_whatever_their_order(tmp_path: Path) -> None:
    header, *lines = calls(20)
    one = written(tmp_path, "\n".join([header, *lines[::2]]), "one.csv")
    two = written(tmp_path, "\n".join([header, *lines[1::2]]), "two.csv.gz")
    logs = []
    for files in ([one, two], [two, one]):
        log = FakeLog()
        import_files(files, str(mapping_in(tmp_path)), log.target)
        logs.append(log)
    assert logs[0].records == logs[1].records
    assert logs[0].kept == logs[1].kept
    _, whole = imported(tmp_path, "\n".join(calls(20)))
    assert sorted(whole.records) == sorted(logs[0].records)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"call;line\n1;2\n", "does not have"),
        (b"\x1f\x8b\x08\x00garbage", "gzip"),
    ],
)
def test_a_file_that_is_wrong_as_a_whole_leaves_nothing_behind(tmp_path: Path, data: bytes, says: str) -> None:
    good, bad = written(tmp_path, "\n".join(calls(9)), "good.csv"), written(tmp_path, data, "bad.csv")
    log = FakeLog()
    with pytest.raises(InvalidInput, match=says):
        import_files([good, bad], str(mapping_in(tmp_path)), log.target)
    assert (log.records, log.kept) == ([], {})


def test_a_cut_gzip_leaves_nothing_behind(tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join(calls(3_000)), "calls.csv.gz")
    path.write_bytes(path.read_bytes()[:-40])
    log = FakeLog()
    with pytest.raises(InvalidInput, match="ends early"):
        import_files([path], str(mapping_in(tmp_path)), log.target)
    assert (log.records, log.kept) == ([], {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no\.csv: cannot be read"):
        import_files([tmp_path / "no.csv"], str(mapping_in(tmp_path)), FakeLog().target)


def test_an_interrupted_import_goes_on_where_it_stood(tmp_path: Path) -> None:
    path, mapping = written(tmp_path, "\n".join(calls(4_000))), str(mapping_in(tmp_path))
    whole, log = FakeLog(), FakeLog(fail_after=3 * CHUNK)
    import_files([path], mapping, whole.target)
    with pytest.raises(KeyboardInterrupt):
        import_files([path], mapping, log.target, Totals(received=5, dead_letters={"x": 2}))
    assert len(log.records) == 3 * CHUNK
    log.fail_after = None
    result = import_files([path], mapping, log.target, Totals(received=3 * CHUNK))
    assert log.records == whole.records
    assert (result.resumed_at, result.received) == (3 * CHUNK, 8_000)
    assert result.before == Totals(received=5, dead_letters={"x": 2}), "counts are of the whole import"


def test_a_finished_import_that_is_repeated_appends_all_again(tmp_path: Path) -> None:
    path, mapping, log = written(tmp_path, "\n".join(calls(30))), str(mapping_in(tmp_path)), FakeLog()
    first = import_files([path], mapping, log.target)
    again = import_files([path], mapping, log.target)
    assert log.records[:60] == log.records[60:]
    assert first.resumed_at == again.resumed_at == 0


def test_a_changed_mapping_begins_anew(tmp_path: Path) -> None:
    path, log = written(tmp_path, "\n".join(calls(3_000))), FakeLog(fail_after=2 * CHUNK)
    with pytest.raises(KeyboardInterrupt):
        import_files([path], str(mapping_in(tmp_path)), log.target)
    log.fail_after = None
    result = import_files([path], str(mapping_in(tmp_path, CALLS + "\n# changed\n")), log.target)
    assert result.resumed_at == 0
    assert len(log.records) == 2 * CHUNK + 6_000


def test_progress_is_told_to_its_end(tmp_path: Path) -> None:
    steps: list[Step] = []
    path = written(tmp_path, "\n".join(calls(3_000)))
    import_files([path], str(mapping_in(tmp_path)), FakeLog().target, progress=steps.append)
    reading = [step for step in steps if step.stage == "reading"]
    appending = [step for step in steps if step.stage == "appending"]
    assert [step.done for step in appending] == [2_000, 4_000, 6_000]
    assert reading[-1].done == reading[-1].total == path.stat().st_size
    assert steps == reading + appending


def test_a_file_of_a_header_alone_is_done_at_once(tmp_path: Path) -> None:
    result, log = imported(tmp_path, HEADER + "\n")
    assert result.received == 0
    assert [progress.done for progress in log.kept.values()] == [True]


def test_totals_tell_an_import_from_what_was_before() -> None:
    before = Totals.of(Counters(received=10, scored=7, duplicates=1, late=1, dead_letters=2), {"a": 1, "b": 1})
    after = Totals.of(Counters(received=20, scored=12, duplicates=3, late=2, dead_letters=5), {"a": 3, "b": 1, "c": 1})
    assert after.since(before) == Totals(10, 5, 2, 1, {"a": 2, "c": 1})


def test_what_is_imported_twice_is_scored_once(tmp_path: Path) -> None:
    rows = "\n".join([*calls(20), "99;1;;01/03/2026 09:00;waiting;0;"])
    path, mapping = written(tmp_path, rows), str(mapping_in(tmp_path))
    grown = []
    with Store.open(tmp_path / "data", partitions=4) as store:
        engine = Engine(store.log, StoreKeeper(store))
        for _ in range(2):
            before = Totals.of(store.partitions.counters(), store.dead_letters.counts())
            result = import_files([path], mapping, Target(store.log, store.imports, KEY), before)
            engine.drain()
            after = Totals.of(store.partitions.counters(), store.dead_letters.counts())
            grown.append(after.since(result.before))
            assert result.received == grown[-1].received
    assert grown == [
        Totals(41, 40, 0, 0, {"missing_subject": 1}),
        Totals(41, 0, 40, 0, {"missing_subject": 1}),
    ]


SCRIPT = """
import sys, time
from pathlib import Path
from store.database import Store
from streams.history import importing
from tests.streams.history.exports import KEY

importing.CHUNK = 50
def told(step):  # at a pace at which a kill lands in the middle, on machines of any speed
    print(*step, flush=True)
    time.sleep(0.01)
store = Store.open(Path(sys.argv[1]), partitions=4)
target = importing.Target(store.log, store.imports, KEY)
importing.import_files([Path(sys.argv[2])], sys.argv[3], target, progress=told)
"""


def run_until_killed(command: list[str], chunks: int, pause: float) -> None:
    """Import in a process of its own and kill it ``pause`` seconds after it said to have appended ``chunks`` chunks."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own program
    assert process.stdout is not None
    with process:
        appended = (line for line in process.stdout if line.startswith("appending"))
        for _ in zip(range(chunks), appended, strict=False):
            pass
        time.sleep(pause)
        process.send_signal(signal.SIGKILL)
    assert process.returncode in {0, -signal.SIGKILL}


@pytest.mark.slow
def test_killed_at_seeded_moments_nothing_is_lost_or_doubled(tmp_path: Path) -> None:
    path, mapping = written(tmp_path, "\n".join(calls(1_500)), "calls.csv.gz"), str(mapping_in(tmp_path))
    whole = FakeLog()
    import_files([path], mapping, whole.target)
    seeded, kills, reached = random.Random(3), 0, {0}
    store = Store.open(tmp_path / "data", partitions=4)
    command = [sys.executable, "-c", SCRIPT, str(store.folder), str(path), mapping]
    while not any(progress.done for progress in store.imports.all()):
        run_until_killed(command, seeded.randrange(1, 9), seeded.uniform(0, 0.02))
        kills += 1
        [progress] = store.imports.all()
        assert progress.row == sum(store.log.ends().values()), "the place and the records are one commit"
        reached.add(progress.row)
    assert kills > 3
    assert len(reached) == kills + 1, "every run got further"
    chunks = [store.log.read(partition, Offset(0), 10_000) for partition in store.log.ends()]
    records = sorted((record.key, record.value) for chunk in chunks for record in chunk.records)
    store.close()
    assert records == sorted(whole.records)
