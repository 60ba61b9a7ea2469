"""Opening a data folder: what is made, and what is refused with a reason and a remedy."""

import os
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from models.effects import Effects
from models.errors import LogChanged, RefusedToStart, SchemaMismatch, StoreBusy
from models.identifiers import Epoch, Millis, Offset, Partition, Subject
from store.database import Store
from store.folder import engine_runs
from tests.store.others import another

ROOT = Path(__file__).parents[2]


def rights(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_folder_is_its_owners_alone(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a" / "b") as store:
        store.log.append([(b"k", b"v")])
        assert rights(store.folder) == 0o700
        assert {rights(path) for path in store.folder.iterdir()} == {0o600}


def test_a_folder_of_other_things_keeps_its_rights_but_our_files_are_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "thesis.txt").write_text("mine")
    Store.open(tmp_path).close()
    assert rights(tmp_path) == 0o755
    assert rights(tmp_path / "store.db") == 0o600


def test_reopening_finds_the_same_log_and_partitions(tmp_path: Path) -> None:
    with Store.open(tmp_path, partitions=4) as store:
        identity = store.log.identity
    with Store.open(tmp_path, partitions=8) as store:
        assert (store.log.identity, store.log.partitions, store.partition_count) == (identity, 4, 4)
        assert sorted(store.partitions.positions()) == [0, 1, 2, 3]


def test_a_folder_that_cannot_be_made_is_refused_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RefusedToStart, match="RESSENTI_DATA"):
        Store.open(tmp_path / "file" / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_folder_is_refused_with_a_remedy(tmp_path: Path) -> None:
    Store.open(tmp_path / "data").close()
    (tmp_path / "data").chmod(0o500)
    for name in ("log.db", "store.db"):
        (tmp_path / "data" / name).chmod(0o400)
    with pytest.raises(RefusedToStart, match="rights"):
        Store.open(tmp_path / "data")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribble(path: Path) -> None:
    path.write_bytes(b"dear diary, " * 1_000)


@pytest.mark.parametrize("damage", [truncate, scribble])
@pytest.mark.parametrize(("name", "remedy"), [("log.db", "backup"), ("store.db", "rebuilt from the log")])
def test_a_damaged_file_is_refused_by_name_with_a_remedy(
    tmp_path: Path, name: str, remedy: str, damage: Callable[[Path], None]
) -> None:
    with Store.open(tmp_path) as store:
        store.log.append([(b"k", b"v" * 900)] * 100)
    damage(tmp_path / name)
    with pytest.raises(RefusedToStart, match=f"{re.escape(name)}.*{remedy}"):
        Store.open(tmp_path)


def test_a_newer_schema_is_refused_with_a_remedy(tmp_path: Path) -> None:
    Store.open(tmp_path).close()
    with sqlite3.connect(tmp_path / "store.db") as raw:
        raw.execute("UPDATE alembic_version SET version_num = '9999'")
    raw.close()
    with pytest.raises(SchemaMismatch, match="upgrade Ressenti"):
        Store.open(tmp_path)


def test_a_database_of_something_else_is_refused_and_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "store.db") as raw:
        raw.execute("CREATE TABLE recipes (name TEXT)")
    raw.close()
    with pytest.raises(SchemaMismatch, match="recipes"):
        Store.open(tmp_path)


def test_another_log_is_refused_with_a_remedy(tmp_path: Path) -> None:
    Store.open(tmp_path / "one").close()
    Store.open(tmp_path / "two").close()
    (tmp_path / "one" / "store.db").rename(tmp_path / "two" / "store.db")
    with pytest.raises(LogChanged, match="bring the right log back"):
        Store.open(tmp_path / "two")


def test_a_log_shorter_than_the_store_is_refused_with_a_remedy(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        epoch = store.partitions.position(Partition(3)).epoch
        store.checkpoint(Effects(Partition(3), Offset(0), Offset(7), Epoch(epoch), Millis(0)))
    with pytest.raises(LogChanged, match=r"partition 3.*folded up to offset 7.*ends at 0.*backup"):
        Store.open(tmp_path)


def test_a_store_moved_away_is_built_anew_from_its_log(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.log.append([(b"k", b"v")])
    for path in tmp_path.glob("store.db*"):
        path.unlink()
    with Store.open(tmp_path) as store:
        assert sum(store.log.ends().values()) == 1
        assert {position.next_offset for position in store.partitions.positions().values()} == {0}


def test_one_engine_folds_a_folder_at_a_time(sqlite_store: Store) -> None:
    store = sqlite_store
    assert not store.engine_runs()
    with store.engine_lock():
        assert store.engine_runs()
        with pytest.raises(RefusedToStart, match=f"process {os.getpid()}.*stop that one"), store.engine_lock():
            pass
    with store.engine_lock():
        pass


@pytest.mark.slow
def test_the_right_to_fold_is_free_again_when_its_process_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys; from store.database import Store\n"
        "with Store.open(sys.argv[1]) as store, store.engine_lock():\n"
        "    print('held', flush=True); sys.stdin.read()"
    )
    held = subprocess.Popen(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with held:
        assert held.stdout is not None
        assert held.stdout.readline() == b"held\n"
        with Store.open(tmp_path) as store:
            with pytest.raises(RefusedToStart, match=f"process {held.pid}"), store.engine_lock():
                pass
            store.log.append([(b"k", b"others may still append")])
            held.kill()
            held.wait()
            with store.engine_lock():
                assert engine_runs(tmp_path)


@pytest.mark.slow
def test_processes_that_make_a_folder_together_agree_on_its_log(tmp_path: Path) -> None:
    code = "import sys; from store.database import Store\nwith Store.open(sys.argv[1]) as s: print(s.log.identity)"
    command = [sys.executable, "-c", code, str(tmp_path)]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) for _ in range(2)]  # noqa: S603
    identities = {process.communicate()[0] for process in both}
    assert [process.returncode for process in both] == [0, 0]
    assert len(identities) == 1


def test_repositories_called_in_one_transaction_are_undone_together(store: Store) -> None:
    class Changed(Exception):
        pass

    def both() -> None:
        with store.transaction():
            store.settings.set("a", "1", Millis(1))
            assert store.settings.get("a") == "1", "a writer sees its own writing"
            store.settings.set("b", "2", Millis(1))
            raise Changed

    with pytest.raises(Changed):
        both()
    assert (store.settings.get("a"), store.settings.get("b")) == (None, None)


def test_a_snapshot_sees_one_moment(store: Store) -> None:
    with store.snapshot():
        before = store.settings.get("a")
        with another(store) as other:
            other.settings.set("a", "1", Millis(1))
        assert store.settings.get("a") == before is None
    assert store.settings.get("a") == "1"


def test_readers_are_not_kept_waiting_by_a_writer(store: Store) -> None:
    with another(store, busy_ms=50) as other, store.transaction():
        assert other.customers.load(Partition(0), [Subject("p1_x")]) == {}
        assert other.customers.count() == 0


def test_a_thread_that_waits_too_long_for_the_writer_is_told_so(sqlite_store: Store) -> None:
    def try_it() -> None:
        with pytest.raises(StoreBusy, match="200 ms"), sqlite_store.transaction():
            pass

    with sqlite_store.transaction(), ThreadPoolExecutor(1) as pool:
        pool.submit(try_it).result()


@pytest.mark.parametrize(("durable", "expected"), [(True, 2), (False, 1)])
def test_what_people_decide_outlives_a_power_cut(sqlite_store: Store, *, durable: bool, expected: int) -> None:
    store = sqlite_store
    with store._database.write(durable=durable) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == expected
    with store._own_folder.log_file.write(durable=False) as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
