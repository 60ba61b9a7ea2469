"""The store of one data folder: two files, one repository per noun, and the checkpoint.

``log.db`` holds the interactions as they came and is never behind what anyone was told (``synchronous=FULL``);
``store.db`` holds what was made of them and what people decided. Everything here blocks; call it from threads.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import select

from models.effects import Effects, Forward
from models.identifiers import Millis, Offset, Partition, Subject
from models.policy import default
from store import checkpoint as checkpoints
from store import folder as folders
from store.audit import Audit
from store.cases import Cases
from store.cells import Cells
from store.customers import Customers
from store.dead_letters import DeadLetters
from store.definitions import DefinitionVersions, seed_definitions
from store.erasure import Erasures
from store.experiments import Experiments
from store.gaps import Gaps
from store.imports import Imports
from store.journeys import Archive, Journeys
from store.keys import ApiKeys
from store.log import EmbeddedLog
from store.migrating import migrate
from store.outbox import Outbox
from store.partitions import Partitions, make_partitions
from store.policies import Policies
from store.projection import Projection, project
from store.rescues import Rescues
from store.retention import Keeper, Retention
from store.rewriting import Rewriter, exclusive
from store.settings import LOG_IDENTITY, PARTITIONS, Settings, check_log, write_setting
from store.sqlite import BUSY_MS, Database
from store.tables.settings import settings
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
    """Everything kept in one data folder; safe to use from many threads.

    Several processes may open the same folder: they read, append to the log and write what people decide, each in
    its turn. Only one may fold (``engine_lock``).
    """

    def __init__(self, folder: Path, log_file: Database, store_file: Database, clock: Clock, partitions: int) -> None:
        self.folder = folder
        self.clock = clock
        self._log_file = log_file
        self._store_file = store_file
        self.log = EmbeddedLog(log_file, partitions=partitions, clock=clock)
        self.imports = Imports(log_file)
        self.settings = Settings(store_file)
        count = self._found_or_made()
        self.partition_count = count
        self.partitions = Partitions(store_file)
        self.customers = Customers(store_file, count)
        self.journeys = Journeys(store_file, count)
        self.archive = Archive(store_file, count)
        self.cells = Cells(store_file)
        self.rescues = Rescues(store_file, count)
        self.units = Units(store_file)
        self.verbatims = Verbatims(store_file, count)
        self.dead_letters = DeadLetters(store_file)
        self.outbox = Outbox(store_file)
        self.definitions = DefinitionVersions(store_file)
        self.policies = Policies(store_file)
        self.courses = Courses(store_file)
        self.gaps = Gaps(store_file)
        self.experiments = Experiments(store_file)
        self.cases = Cases(store_file, count)
        self.walkthroughs = Walkthroughs(store_file)
        self.keys = ApiKeys(store_file)
        self.audit = Audit(store_file)
        self.erasures = Erasures(store_file, self.log, count)

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
        place = Path(folder)
        folders.prepare(place)
        log_file = Database(place / folders.LOG_FILE, synchronous="FULL", busy_ms=busy_ms)
        store_file = Database(place / folders.STORE_FILE, synchronous="NORMAL", busy_ms=busy_ms)
        try:
            migrate(log_file, "log")
            migrate(store_file, "store")
            store = cls(place, log_file, store_file, clock, partitions)
            store.check_log(store.log.identity, store.log.ends())
        except BaseException:
            log_file.close()
            store_file.close()
            raise
        return store

    def checkpoint(
        self, effects: Effects | Sequence[Effects], *, hand_on: checkpoints.HandOn | None = None
    ) -> list[Forward]:
        """Write the effects of one or several partitions and move their positions, in one transaction.

        ``hand_on`` gets the forwards before the commit (append them to the log there, and none is ever lost); without
        it they are returned. Raises ``Fenced``, ``RowRefused``, ``StoreBusy``, ``StoreFull``, with nothing written.
        """
        chunks = [effects] if isinstance(effects, Effects) else list(effects)
        return checkpoints.checkpoint(self._store_file, chunks, hand_on)

    def exclusive(self, *partitions: Partition) -> AbstractContextManager[Rewriter]:
        """Yield a writer of ``partitions``' rows in one durable transaction; every fold in flight there is fenced."""
        return exclusive(self._store_file, partitions)

    def erase(self, subject: Subject, by: str, raw: str | None = None) -> dict[str, int]:
        """Forget a customer everywhere; return how many rows went from each table.

        With ``raw``, the company's own id of them, rejected rows and dead letters that hold it go too.
        """
        return self.erasures.erase(subject, by, self.clock(), raw)

    def prune(self, rules: Retention | None = None) -> dict[str, int]:
        """Delete what is older than ``rules`` allow; return how many rows went from each table."""
        keeper = Keeper(self.log, self.partitions, self.cells, self.dead_letters, self.archive, self.outbox)
        return keeper.prune(rules or Retention(), self.clock())

    def projection(self, rules: Retention | None = None) -> Projection:
        """Return what the store says of the world, comparable with what another store says."""
        return project(self._store_file, rules or Retention())

    def check_log(self, identity: str, ends: Mapping[Partition, Offset]) -> None:
        """Raise ``LogChanged`` unless this log is the one the store was built from, and reaches as far."""
        check_log(self.settings, self.partitions, identity, ends)

    def engine_lock(self) -> AbstractContextManager[None]:
        """Hold the right to fold; raises ``RefusedToStart`` when another engine, here or elsewhere, holds it."""
        return folders.engine_lock(self.folder)

    def engine_runs(self) -> bool:
        """Say whether some engine folds this folder now."""
        return folders.engine_runs(self.folder)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything written inside, by any repository, one durable transaction."""
        with self._store_file.write():
            yield

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Make everything read inside, by any repository, see one moment of the store."""
        with self._store_file.read():
            yield

    def close(self) -> None:
        """Close both files."""
        self._log_file.close()
        self._store_file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _found_or_made(self) -> int:
        found = self.settings.get(PARTITIONS)
        if found is not None:
            return int(found)
        with self._store_file.write() as connection:
            kept = connection.execute(select(settings.c.value).where(settings.c.name == PARTITIONS)).scalar()
            if kept is not None:
                return int(kept)
            now = self.clock()
            make_partitions(connection, self.log.partitions)
            write_setting(connection, LOG_IDENTITY, self.log.identity, now)
            write_setting(connection, PARTITIONS, str(self.log.partitions), now)
            seed_definitions(connection, default(), now)
        return self.log.partitions
