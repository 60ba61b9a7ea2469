"""What PostgreSQL's complaints mean for the caller: each becomes one of ours, in one sentence with the remedy.

Once a session stands, the server says what is wrong by its five-character SQLSTATE (PostgreSQL 15 manual, appendix A).
A session that is refused comes with a text only, in the server's language: what we do not recognise in it may pass by
itself, and is to be tried again. A complaint nobody foresaw passes through unchanged: it is a bug.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.errors import (
    RefusedToStart,
    RessentiError,
    Retryable,
    RowRefused,
    SchemaMismatch,
    StoreBusy,
    StoreFull,
)

Meaning = tuple[type[RessentiError], str]

AWAY = "does not answer ({said}); start it, or mend RESSENTI_DATABASE_URL: whoever runs already goes on once it answers"
MISSING = "is not there; make it (`createdb`), then run `ressenti migrate`"
CREDENTIALS = (
    "does not let us in ({said}); mend RESSENTI_DATABASE_URL, or the file RESSENTI_DATABASE_PASSWORD_FILE names"
)
FULL = "has no connection left; raise its max_connections, or lower RESSENTI_DATABASE_READERS"
MIGRATE = "does not have the tables this version needs ({said}); run `ressenti migrate`"

_REFUSALS: tuple[tuple[str, Meaning], ...] = (
    ("password authentication failed|no password supplied|authentication failed", (RefusedToStart, CREDENTIALS)),
    ("role .* (does not exist|is not permitted)", (RefusedToStart, CREDENTIALS)),
    ("database .* does not exist", (RefusedToStart, MISSING)),
    (r"no pg_hba\.conf entry|permission denied for database", (RefusedToStart, CREDENTIALS)),
    (
        "does not support SSL|certificate verify failed|root certificate",
        (RefusedToStart, "cannot be reached as sslmode demands ({said}); mend the certificates or the address"),
    ),
    ("too many clients|remaining connection slots|too many connections", (StoreBusy, FULL)),
)
"""What a refused session says → what it means."""

_STATES: tuple[tuple[str, Meaning], ...] = (
    ("22", (RowRefused, "refuses a value ({said})")),
    ("23", (RowRefused, "refuses a row ({said})")),
    ("54", (RowRefused, "refuses a value as too large ({said})")),
    ("21000", (RowRefused, "refuses a row ({said})")),
    ("53100", (StoreFull, "has no room left and wrote nothing; free some space and try again")),
    ("53300", (StoreBusy, FULL)),
    ("53", (Retryable, "is short of something ({said}); try again in a moment")),
    ("55P03", (StoreBusy, "is busy: another process is writing the same rows; try again in a moment")),
    ("40", (StoreBusy, "took another writer's side ({said}); nothing was written, try again")),
    ("25P03", (Retryable, "ended a transaction that stood still; nothing was written, try again")),
    ("25006", (Retryable, "is read-only now, a standby perhaps; it is tried again until it takes writing")),
    ("57014", (Retryable, "took longer than RESSENTI_DATABASE_STATEMENT_SECONDS allows, and was stopped; try again")),
    ("57", (Retryable, AWAY)),
    ("08", (Retryable, AWAY)),
    ("58", (Retryable, "answers with errors of its disk or system ({said}); look at its log, then try again")),
    ("28", (RefusedToStart, CREDENTIALS)),
    ("3D000", (RefusedToStart, MISSING)),
    ("42501", (RefusedToStart, "does not let this user do that ({said}); let it own the tables")),
    ("42P01", (SchemaMismatch, MIGRATE)),
    ("42703", (SchemaMismatch, MIGRATE)),
    ("42P10", (SchemaMismatch, MIGRATE)),
    ("0A000", (SchemaMismatch, "had its tables changed meanwhile ({said}); start this process anew")),
    ("XX001", (RefusedToStart, "has damaged data ({said}); restore it from a backup")),
    ("XX002", (RefusedToStart, "has a damaged index ({said}); run REINDEX, or restore it from a backup")),
)
"""Beginning of a SQLSTATE → what it means; the first that fits."""


@contextmanager
def translated(name: str) -> Iterator[None]:
    """Raise ours for any driver error about the database called ``name``."""
    try:
        yield
    except PoolTimeout as error:
        raise StoreBusy(f"{name}: every connection of this process is in use; try again in a moment") from error
    except DBAPIError as error:
        if isinstance(error.orig, psycopg.Error) and (ours := meaning(error.orig, name)):
            raise ours from error
        raise
    except psycopg.Error as error:
        if ours := meaning(error, name):
            raise ours from error
        raise


def meaning(error: psycopg.Error, name: str) -> RessentiError | None:
    """Return our error for the driver's, or ``None`` when it can only be a bug of ours."""
    kind, sentence = _meaning(error) or (None, "")
    return None if kind is None else kind(f"{name} {sentence.format(said=_said(error))}")


def _meaning(error: psycopg.Error) -> Meaning | None:
    if error.sqlstate is not None:
        return next((found for state, found in _STATES if error.sqlstate.startswith(state)), None)
    if isinstance(error, psycopg.OperationalError):
        text = str(error)
        return next((found for said, found in _REFUSALS if re.search(said, text)), (Retryable, AWAY))
    if isinstance(error, psycopg.DataError):  # what the driver itself cannot send: NUL in a text, a number too large
        return RowRefused, "refuses a value ({said})"
    return None


def _said(error: psycopg.Error) -> str:
    """Return what was said in one line, without the values: they may be a customer's."""
    text = error.diag.message_primary or str(error).strip()
    return " ".join(text.split())[:300]
