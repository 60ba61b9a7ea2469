"""The data folder: private to its owner, and folded by one engine at a time."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from models.errors import RefusedToStart
from models.identifiers import Millis
from store.log import EmbeddedLog
from store.migrating import migrate
from store.sqlite import SqliteDatabase

LOG_FILE = "log.db"
STORE_FILE = "store.db"
_LOCK_FILE = "engine.lock"
_ATTEMPTS = 5
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Folder:
    """A data folder that was opened: its two files, and the log in one of them."""

    path: Path
    log_file: SqliteDatabase
    store_file: SqliteDatabase
    log: EmbeddedLog

    @classmethod
    def open(cls, path: Path, *, partitions: int, clock: Callable[[], Millis], busy_ms: int) -> Self:
        """Open the folder at ``path``, making it, its files and their tables where they are missing.

        Raises ``RefusedToStart``, ``StoreBusy`` and ``StoreFull``.
        """
        prepare(path)
        log_file = SqliteDatabase(path / LOG_FILE, synchronous="FULL", busy_ms=busy_ms)
        store_file = SqliteDatabase(path / STORE_FILE, synchronous="NORMAL", busy_ms=busy_ms)
        try:
            migrate(log_file, "log")
            migrate(store_file, "store")
            return cls(path, log_file, store_file, EmbeddedLog(log_file, partitions=partitions, clock=clock))
        except BaseException:
            log_file.close()
            store_file.close()
            raise

    def close(self) -> None:
        """Close both files."""
        self.log_file.close()
        self.store_file.close()


def prepare(folder: Path) -> None:
    """Make ``folder`` if need be, for its owner's eyes only (0700), and the database files in it (0600).

    A folder that holds other things keeps its rights; our files in it are private all the same.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _ours(folder):
            folder.chmod(0o700)
        for name in (LOG_FILE, STORE_FILE):
            os.close(os.open(folder / name, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise RefusedToStart(
            f"data folder {folder}: cannot be made or written ({error.strerror}); "
            "check its owner and rights, or name another folder with --data or RESSENTI_DATA"
        ) from error


@contextmanager
def engine_lock(folder: Path) -> Iterator[None]:
    """Hold the right to fold this folder; raises ``RefusedToStart`` when another engine holds it.

    The operating system gives it back when the process dies, however it dies.
    """
    with (folder / _LOCK_FILE).open("a+") as file:
        if not _locked(file.fileno()):
            file.seek(0)
            raise RefusedToStart(
                f"data folder {folder}: another engine (process {file.read().strip() or 'unknown'}) is folding it; "
                "stop that one, or use another folder"
            )
        file.seek(0)
        file.truncate()
        file.write(str(os.getpid()))
        file.flush()
        yield


def engine_runs(folder: Path) -> bool:
    """Say whether an engine is folding this folder now."""
    with (folder / _LOCK_FILE).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _locked(file: int) -> bool:
    """Take the lock, trying again for a moment: somebody may only be looking whether it is held."""
    for _ in range(_ATTEMPTS):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def _ours(folder: Path) -> bool:
    names = {entry.name for entry in folder.iterdir()}
    return not names or LOG_FILE in names or STORE_FILE in names
