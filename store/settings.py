"""What the store remembers of its own making, and the check that the log is still the one it was built from."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, select

from models.errors import LogChanged
from models.identifiers import Millis, Offset, Partition
from models.partitions import other_count
from store.databases import Database
from store.partitions import Partitions
from store.tables.settings import settings
from store.upserts import upsert_rows

LOG_IDENTITY = "log_identity"
PARTITIONS = "partitions"


@dataclass(frozen=True, slots=True)
class Entry:
    """One value, and when it was written."""

    value: str
    at: Millis


class Settings:
    """Small named values, each a text."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, name: str) -> str | None:
        """Return the value of ``name``, ``None`` when it was never set."""
        found = self.entry(name)
        return None if found is None else found.value

    def entry(self, name: str) -> Entry | None:
        """Return the value of ``name`` with its time, ``None`` when it was never set."""
        wanted = select(settings.c.value, settings.c.at).where(settings.c.name == name)
        with self._database.read() as connection:
            row = connection.execute(wanted).first()
        return None if row is None else Entry(row.value, Millis(row.at))

    def set(self, name: str, value: str, now: Millis) -> None:
        """Write the value of ``name``."""
        with self._database.write() as connection:
            write_setting(connection, name, value, now)


def write_setting(connection: Connection, name: str, value: str, now: Millis) -> None:
    """Write one setting within a transaction."""
    upsert_rows(connection, settings, [(name, value, now)])


def check_identity(store: Settings, identity: str) -> None:
    """Raise ``LogChanged`` unless the log is the one the store was built from."""
    kept = store.get(LOG_IDENTITY)
    if kept != identity:
        raise LogChanged(
            f"the log is {identity}, but this store was built from log {kept}: offsets would mean other records; "
            "bring the right log back, or move the store away to build a new one from this log"
        )


def check_log(store: Settings, positions: Partitions, identity: str, ends: Mapping[Partition, Offset]) -> None:
    """Raise ``LogChanged`` unless the log is the store's own and reaches as far as the store has folded."""
    check_identity(store, identity)
    known = positions.positions()
    if ends.keys() != known.keys():
        raise LogChanged(other_count(len(ends), len(known)))
    for partition, position in known.items():
        end = ends.get(partition, Offset(0))
        if position.next_offset > end:
            raise LogChanged(
                f"partition {partition}: the store has folded up to offset {position.next_offset}, "
                f"but the log ends at {end}: records are missing; restore the log from a backup "
                "at least as recent as the store, or move the store away to build a new one"
            )
