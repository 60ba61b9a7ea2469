"""How far each import came: kept in ``log.db`` and written in the same commit as the records it counts.

Where the log is not ours to commit to, it is kept with the store (PostgreSQL) and written once the records are in the
log: a chunk may then come twice, none is left out. An import is one file (by its digest) through one mapping (by its
digest or name); after an interruption it goes on at ``row``.
"""

from dataclasses import dataclass, field

from sqlalchemy import Connection, select

from models.identifiers import Millis
from store.databases import Database
from store.encoding import from_json, to_json
from store.tables.records import imports
from store.upserts import upsert_rows


@dataclass(frozen=True, slots=True)
class ImportProgress:
    """How far one import came."""

    digest: str
    """Of the file's bytes."""
    mapping: str
    name: str
    """The file's name, for people."""
    row: int = 0
    """Rows read so far; the next one to read."""
    done: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    """What became of the rows so far: appended, and rejected by reason."""
    started_at: Millis | None = None
    updated_at: Millis | None = None


class Imports:
    """What was imported, and how far."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def find(self, digest: str, mapping: str) -> ImportProgress | None:
        """Return how far this file came through this mapping, ``None`` if it never began."""
        wanted = select(imports).where(imports.c.digest == digest, imports.c.mapping == mapping)
        with self._database.read() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else _progress(tuple(row))

    def all(self) -> list[ImportProgress]:
        """Return every import, the latest first."""
        with self._database.read() as connection:
            rows = connection.execute(select(imports).order_by(imports.c.updated_at.desc(), imports.c.digest))
            return [_progress(tuple(row)) for row in rows]

    def note(self, progress: ImportProgress, now: Millis) -> None:
        """Write ``progress`` as of ``now``, of records that are in a log elsewhere by now."""
        with self._database.write() as connection:
            write_progress(connection, progress, now)


def write_progress(connection: Connection, progress: ImportProgress, now: Millis) -> None:
    """Write ``progress`` as of ``now``; the first writing sets when it started."""
    row = (
        progress.digest,
        progress.mapping,
        progress.name,
        progress.row,
        progress.done,
        to_json(progress.counts),
        progress.started_at or now,
        now,
    )
    upsert_rows(connection, imports, [row], keep=("started_at",))


def _progress(row: tuple[object, ...]) -> ImportProgress:
    digest, mapping, name, at, done, counts, started, updated = row
    return ImportProgress(
        digest=str(digest),
        mapping=str(mapping),
        name=str(name),
        row=_int(at),
        done=bool(done),
        counts=from_json(str(counts), dict[str, int]),
        started_at=Millis(_int(started)),
        updated_at=Millis(_int(updated)),
    )


def _int(value: object) -> int:
    return value if isinstance(value, int) else int(str(value))
