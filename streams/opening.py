"""From settings to a store and a log: both in the data folder, or PostgreSQL and Kafka.

What is made of the two is ``bootstrap``'s business.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass

from models.errors import RefusedToStart
from models.identifiers import Millis
from store.address import Address
from store.connecting import connected
from store.database import Store
from store.making import LogFacts
from store.migrating import HEADS, migrate
from streams.chunks import Log
from streams.kafka import needing_library
from streams.missing_log import MissingLog
from streams.settings import Settings, secret

Clock = Callable[[], Millis]


@contextmanager
def opened_parts(settings: Settings, clock: Clock) -> Iterator[tuple[Store, Log]]:
    """Open the store and the log that ``settings`` name, and close them after the block.

    Raises ``RefusedToStart`` for settings that do not fit together and for a store, a log or a schema that is not what
    it must be; ``Retryable`` while one of them is away.
    """
    address = address_of(settings)
    if address is None:
        with Store.open(settings.data, partitions=settings.partitions, clock=clock) as store:
            yield store, store.log
        return
    with ExitStack() as stack:
        if settings.kafka_bootstrap is None:
            store = stack.enter_context(Store.connect(address, clock=clock))
            yield store, MissingLog(store)
            return
        with needing_library():
            from streams.kafka.log import opened_log
        log = stack.enter_context(opened_log(settings))
        facts = LogFacts(log.identity, log.partitions)
        store = stack.enter_context(Store.connect(address, log=facts, clock=clock))
        store.check_log(log.identity, log.ends())
        yield store, log


@dataclass(frozen=True, slots=True)
class Migrated:
    """What was brought to which schema; ``before`` is ``None`` for a new one."""

    name: str
    before: str | None
    now: str


def migrated(settings: Settings) -> Migrated:
    """Bring the store of ``settings`` to the schema of this version; raises ``SchemaMismatch`` and ``Retryable``."""
    address = address_of(settings)
    if address is None:
        with Store.open(settings.data, partitions=settings.partitions):
            return Migrated(f"data folder {settings.data}", HEADS["store"], HEADS["store"])
    with closing(connected(address)) as database:
        return Migrated(database.name, migrate(database, "store"), HEADS["store"])


def address_of(settings: Settings) -> Address | None:
    """Return where the PostgreSQL database of ``settings`` is; ``None`` for a data folder.

    Raises ``RefusedToStart`` when one of Kafka and PostgreSQL is named without what it needs.
    """
    if settings.database_url is None:
        if settings.kafka_bootstrap is not None:
            raise RefusedToStart(
                "RESSENTI_KAFKA_BOOTSTRAP is set and RESSENTI_DATABASE_URL is not: what is folded from Kafka is kept "
                "in PostgreSQL; set both, or neither to work in a data folder"
            )
        return None
    password = secret(settings.database_password_file)
    return Address(
        settings.database_url,
        None if password is None else password.get_secret_value(),
        readers=settings.database_readers,
        writers=settings.database_writers,
        statement_seconds=settings.database_statement_seconds,
    )
