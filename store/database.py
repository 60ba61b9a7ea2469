"""The store: one repository per noun over one database, and the checkpoint; in a data folder, or on PostgreSQL.

A data folder has two files: ``log.db`` holds the interactions as they came and is never behind what anyone was told
(``synchronous=FULL``); ``store.db`` holds what was made of them and what people decided. On PostgreSQL one database
holds the latter, and the log is somebody else's (Kafka's). Everything here blocks; call it from threads.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Self

from models.effects import Effects, Forward
from models.errors import InvariantBroken
from models.identifiers import Millis, Offset, Partition, Subject
from store import checkpoint as checkpoints
from store import folder as folders
from store.address import Address
from store.audit import Audit
from store.cases import Cases
from store.cells import Cells
from store.cohorts import Cohorts
from store.connecting import connected
from store.customers import Customers
from store.databases import Database
from store.day_tables import DayTables
from store.dead_letters import DeadLetters
from store.definitions import DefinitionVersions
from store.dialects import serialize
from store.erasure import Erasures
from store.experiments import Experiments
from store.folder import Folder
from store.gaps import Gaps
from store.imports import Imports
from store.journeys import Archive, Journeys
from store.keys import ApiKeys
from store.log import EmbeddedLog
from store.making import LogFacts, found_or_made
from store.migrating import check_schema
from store.outbox import Outbox
from store.partitions import Partitions
from store.policies import Policies
from store.projection import Projection, project
from store.rescues import Rescues
from store.retention import Keeper, Retention
from store.rewriting import Rewriter, exclusive
from store.settings import Settings, check_identity, check_log
from store.sqlite import BUSY_MS
from store.targets import Courses
from store.units import Units
from store.verbatims import Verbatims
from store.walkthroughs import Walkthroughs

PARTITION_COUNT = 16
"""How many partitions a new log gets."""

Clock = Callable[[], Millis]


def system_clock() -> Millis:
    """Return the time of the machine's clock."""
    return Millis(time.time_ns() // 1_000_000)


class Store:
    """Everything kept in one database; safe to use from many threads.

    Several processes may open the same one: they read, append and write what people decide, each in its turn. In a data
    folder only one may fold (``engine_lock``); on PostgreSQL each partition is folded by whom the fence lets.
    """

    def __init__(self, database: Database, clock: Clock, count: int, folder: Folder | None = None) -> None:
        self.clock = clock
        self.partition_count = count
        self._database = database
        self._folder = folder
        self.settings = Settings(database)
        self.imports = Imports(database if folder is None else folder.log_file)
        self.partitions = Partitions(database)
        self.customers = Customers(database, count)
        self.journeys = Journeys(database, count)
        self.archive = Archive(database, count)
        self.cells = Cells(database)
        self.day_tables = DayTables(database)
        self.rescues = Rescues(database, count)
        self.units = Units(database)
        self.cohorts = Cohorts(database)
        self.verbatims = Verbatims(database, count)
        self.dead_letters = DeadLetters(database)
        self.outbox = Outbox(database)
        self.definitions = DefinitionVersions(database)
        self.policies = Policies(database)
        self.courses = Courses(database)
        self.gaps = Gaps(database)
        self.experiments = Experiments(database)
        self.cases = Cases(database, count)
        self.walkthroughs = Walkthroughs(database)
        self.keys = ApiKeys(database)
        self.audit = Audit(database)
        self.erasures = Erasures(database, None if folder is None else folder.log, count)

    @classmethod
    def open(
        cls,
        folder: Path | str,
        *,
        partitions: int = PARTITION_COUNT,
        clock: Clock = system_clock,
        busy_ms: int = BUSY_MS,
    ) -> Self:
        """Open the store in ``folder``, making folder, files and tables where they are missing.

        ``partitions`` counts only when the log is made. Raises ``RefusedToStart`` (unreadable, damaged or unwritable
        files, a newer schema, another log than the store was built from), ``StoreBusy``, ``StoreFull``.
        """
        place = Folder.open(Path(folder), partitions=partitions, clock=clock, busy_ms=busy_ms)
        try:
            log = place.log
            count = found_or_made(place.store_file, LogFacts(log.identity, log.partitions), clock())
            store = cls(place.store_file, clock, count, place)
            store.check_log(log.identity, log.ends())
        except BaseException:
            place.close()
            raise
        return store

    @classmethod
    def connect(cls, address: Address | str, *, log: LogFacts | None = None, clock: Clock = system_clock) -> Self:
        """Open the store in a PostgreSQL database that ``ressenti migrate`` has given its tables.

        ``log`` is what it is built from: a store that was never folded into takes it as its own, any other must have
        been built from it. Without it, only a store that was built already can be opened. Raises ``RefusedToStart``
        (``SchemaMismatch``, ``LogChanged``) and, while the server is away, ``Retryable``.
        """
        database = connected(address)
        try:
            check_schema(database, "store")
            count = found_or_made(database, log, clock())
            store = cls(database, clock, count)
            if log is not None:
                check_identity(store.settings, log.identity)
        except BaseException:
            database.close()
            raise
        return store

    @property
    def log(self) -> EmbeddedLog:
        """The log of this data folder; ``InvariantBroken`` on PostgreSQL, where it is not the store's."""
        return self._own_folder.log

    @property
    def folder(self) -> Path:
        """The data folder; ``InvariantBroken`` on PostgreSQL."""
        return self._own_folder.path

    @property
    def embedded(self) -> bool:
        """Whether the store lies in a data folder, with a log of its own that one engine folds."""
        return self._folder is not None

    @property
    def _own_folder(self) -> Folder:
        if self._folder is None:
            raise InvariantBroken(f"{self._database.name}: has no data folder and no log of its own; report this")
        return self._folder

    def checkpoint(
        self, effects: Effects | Sequence[Effects], *, hand_on: checkpoints.HandOn | None = None
    ) -> list[Forward]:
        """Write the effects of one or several partitions and move their positions, in one transaction.

        ``hand_on`` gets the forwards before the commit (append them to the log there, and none is ever lost); without
        it they are returned. Raises ``Fenced``, ``RowRefused``, ``StoreBusy``, ``StoreFull``, with nothing written.
        """
        chunks = [effects] if isinstance(effects, Effects) else list(effects)
        left = checkpoints.checkpoint(self._database, chunks, hand_on)
        self.day_tables.heard(chunks)
        return left

    def exclusive(self, *partitions: Partition) -> AbstractContextManager[Rewriter]:
        """Yield a writer of ``partitions``' rows in one durable transaction; every fold in flight there is fenced."""
        return exclusive(self._database, partitions)

    def erase(self, subject: Subject, by: str, raw: str | None = None) -> dict[str, int]:
        """Forget a customer everywhere; return how many rows went from each table.

        With ``raw``, the company's own id of them, rejected rows and dead letters that hold it go too.
        """
        return self.erasures.erase(subject, by, self.clock(), raw)

    def prune(self, rules: Retention | None = None) -> dict[str, int]:
        """Delete what is older than ``rules`` allow; return how many rows went from each table."""
        records = None if self._folder is None else self._folder.log
        keeper = Keeper(records, self.partitions, self.cells, self.dead_letters, self.archive, self.outbox)
        return keeper.prune(rules or Retention(), self.clock())

    def projection(self, rules: Retention | None = None) -> Projection:
        """Return what the store says of the world, comparable with what another store says."""
        return project(self._database, rules or Retention())

    def check_log(self, identity: str, ends: Mapping[Partition, Offset]) -> None:
        """Raise ``LogChanged`` unless this log is the one the store was built from, and reaches as far."""
        check_log(self.settings, self.partitions, identity, ends)

    def engine_lock(self) -> AbstractContextManager[None]:
        """Hold the right to fold; raises ``RefusedToStart`` when another engine, here or elsewhere, holds it.

        On PostgreSQL nobody holds it: whoever folds a partition is told by the checkpoint that another one does.
        """
        return nullcontext() if self._folder is None else folders.engine_lock(self._folder.path)

    def engine_runs(self) -> bool:
        """Say whether some engine folds into this store now; on PostgreSQL, workers are taken to."""
        return self._folder is None or folders.engine_runs(self._folder.path)

    @contextmanager
    def transaction(self, alone: str | None = None) -> Iterator[None]:
        """Make everything written inside, by any repository, one durable transaction.

        With ``alone``, nobody else is inside one of that name meanwhile.
        """
        with self._database.write() as connection:
            if alone is not None:
                serialize(connection, alone)
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make everything read inside, by any repository, see one moment of the store."""
        with self._database.read():
            yield

    def close(self) -> None:
        """Close every connection and file."""
        if self._folder is None:
            self._database.close()
        else:
            self._folder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
