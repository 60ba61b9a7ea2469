"""What a database's complaint means for the caller: each driver error becomes one of ours, with a remedy.

Only here are driver errors looked into. A complaint nobody foresaw passes through unchanged: it is a bug.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from models.errors import RefusedToStart, RessentiError, Retryable, RowRefused, StoreBusy, StoreFull

_PRIMARY = 0xFF
"""SQLite's extended result codes keep the primary one in their lowest byte."""

_MEANINGS: tuple[tuple[tuple[int, ...], type[RessentiError], str], ...] = (
    (
        (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED),
        StoreBusy,
        "another process is writing to it; try again in a moment",
    ),
    (
        (sqlite3.SQLITE_FULL,),
        StoreFull,
        "the disk is full and nothing was written; free some space and try again",
    ),
    (
        (sqlite3.SQLITE_IOERR,),
        Retryable,
        "the disk answers with errors ({error}); check the disk, then try again",
    ),
    (
        (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
        RefusedToStart,
        "the file is damaged or no database of ours ({error}); {remedy}",
    ),
    (
        (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
        RefusedToStart,
        "cannot be opened for writing ({error}); check the owner and the rights of the file and its folder",
    ),
    (
        (sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_TOOBIG, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_RANGE),
        RowRefused,
        "the database refuses a value ({error})",
    ),
)
_NEARLY_FULL = 1 << 20


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise ours for any driver error about the database at ``path``."""
    try:
        yield
    except DBAPIError as error:
        if isinstance(error.orig, sqlite3.Error) and (ours := meaning(error.orig, path)):
            raise ours from error
        raise
    except sqlite3.Error as error:
        if ours := meaning(error, path):
            raise ours from error
        raise


def meaning(error: sqlite3.Error, path: Path) -> RessentiError | None:
    """Return our error for SQLite's, or ``None`` when it can only be a bug of ours."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == sqlite3.SQLITE_IOERR:
        code = sqlite3.SQLITE_FULL if _no_room(path) else code
    for codes, ours, sentence in _MEANINGS:
        if code in codes:
            return ours(f"{path}: {sentence.format(error=error, remedy=_remedy(path))}")
    return None


def _no_room(path: Path) -> bool:
    try:
        return shutil.disk_usage(path.parent).free < _NEARLY_FULL
    except OSError:
        return False


def _remedy(path: Path) -> str:
    if path.name == "store.db":
        return "restore it from a backup, or move it away and start again: it is rebuilt from the log"
    return "restore it from a backup, or use another data folder"
