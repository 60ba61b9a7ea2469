"""How a store that was never used becomes the store of one log: its partitions, its first definitions, whose it is."""

from dataclasses import dataclass

from sqlalchemy import Connection, select

from models.errors import LogChanged, RefusedToStart
from models.identifiers import Millis
from models.partitions import other_count
from models.policy import default
from store.databases import Database
from store.definitions import seed_definitions
from store.dialects import serialize
from store.partitions import make_partitions
from store.settings import LOG_IDENTITY, PARTITIONS, Settings, write_setting
from store.tables.settings import settings


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What a store must know of the log it is built from."""

    identity: str
    partitions: int


def found_or_made(database: Database, log: LogFacts | None, now: Millis) -> int:
    """Return how many partitions the store has; one that was never used is made the store of ``log``.

    Raises ``RefusedToStart`` for one that was never used when no log is given, ``LogChanged`` for one of another size.
    """
    found = Settings(database).get(PARTITIONS)
    if found is not None:
        return _checked(int(found), log)
    if log is None:
        raise RefusedToStart(
            f"{database.name}: nothing was ever folded into it, and no log is named; "
            "set RESSENTI_KAFKA_BOOTSTRAP, so that it becomes the store of that log"
        )
    with database.write() as connection:
        serialize(connection, "making")
        # Another process may have made it since the look above; its log is the one that counts.
        kept = connection.execute(select(settings.c.value).where(settings.c.name == PARTITIONS)).scalar()
        if kept is not None:
            return _checked(int(kept), log)
        _make(connection, log, now)
    return log.partitions


def _checked(count: int, log: LogFacts | None) -> int:
    """Return ``count``, which must be the log's: customers lie in other partitions otherwise."""
    if log is not None and log.partitions != count:
        raise LogChanged(other_count(log.partitions, count))
    return count


def _make(connection: Connection, log: LogFacts, now: Millis) -> None:
    make_partitions(connection, log.partitions)
    write_setting(connection, LOG_IDENTITY, log.identity, now)
    write_setting(connection, PARTITIONS, str(log.partitions), now)
    seed_definitions(connection, default(), now)
