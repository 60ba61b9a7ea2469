"""SIGKILL while ingesting, at seeded points of the program: nothing is lost, nothing is counted twice.

A child appends and folds; it dies at the n-th statement or commit it gives to a database. Then the same
folder is opened again, folded to its end, and its canonical projection compared with the reference's.
"""

import os
import shutil
import signal
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine as Databases

from models.chunks import Record
from models.definitions import Definitions
from models.effects import Effects
from models.errors import Fenced
from models.identifiers import Millis, Offset, Partition
from store.database import Store
from store.projection import Projection
from streams.engine import Engine, Limits
from streams.fold import process
from streams.keeper import StoreKeeper
from streams.state import PartitionState
from tests.streams.events import SCOPES, T0, company
from tests.streams.reference import Reference

PARTITIONS = 4
POINTS = 50
EVENTS = company(seed=7, customers=120)
RESENT = 7
"""A sender that does not know whether its last events arrived sends them again."""


def clock() -> Millis:
    return Millis(T0 + 40 * 86_400_000)


def opened(folder: Path) -> Store:
    return Store.open(folder, partitions=PARTITIONS, clock=clock)


def ingest(folder: Path, seed: int, dies_at: int) -> None:
    """Append and fold on from where the log stands; die at the ``dies_at``-th thing asked of a database."""
    left = dies_at

    def count(*_: object) -> None:
        nonlocal left
        left -= 1
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)

    store = opened(folder)
    for moment in ("before_cursor_execute", "after_cursor_execute", "commit"):
        event.listen(Databases, moment, count)
    random = Random(seed)
    engine = Engine(store.log, StoreKeeper(store), Limits(chunk_records=random.randint(1, 40), checkpoint_records=60))
    at = max(0, sum(store.log.ends().values()) - RESENT)
    while at < len(EVENTS):
        size = random.randint(1, 30)
        store.log.append(EVENTS[at : at + size])
        at += size
        for _ in range(random.randint(0, 3)):
            engine.step()
    engine.drain()
    os.kill(os.getpid(), signal.SIGKILL)


class Watcher:
    """Follows the log with the reference, and says what a store must look like."""

    def __init__(self, definitions: Definitions, folder: Path) -> None:
        self.references = [Reference(definitions, partition, PARTITIONS) for partition in range(PARTITIONS)]
        self.read = [0] * PARTITIONS
        self.folder = folder
        self.round = 0
        with opened(folder / "empty") as empty:
            empty.definitions.declare(SCOPES, "test", clock())

    def expected(self, store: Store) -> Projection:
        for partition, reference in enumerate(self.references):
            for record in records_of(store, partition, self.read[partition]):
                reference.take(record)
                self.read[partition] = record.offset + 1
        self.round += 1
        folder = self.folder / f"ideal-{self.round}"
        shutil.copytree(self.folder / "empty", folder)
        with opened(folder) as ideal:
            epochs = ideal.partitions.positions()
            effects = [r.effects(end) for r, end in zip(self.references, self.read, strict=True)]
            for one in effects:
                one.epoch = epochs[one.partition].epoch
            ideal.checkpoint(effects)
            return ideal.projection()


def records_of(store: Store, partition: int, start: int) -> Iterator[Record]:
    yield from store.log.read(Partition(partition), Offset(start), 100_000).records


def plain(projection: Projection) -> Projection:
    """Return the projection without the words of reasons, which the reference does not tell."""
    letters = sorted(row["raw"] + row["code"] for row in projection.tables["dead_letters"].values())
    kept = {str(n): {"letter": letter} for n, letter in enumerate(letters)}
    return Projection({**projection.tables, "dead_letters": kept})


def killed(folder: Path, seed: int, dies_at: int) -> None:
    child = get_context("fork").Process(target=ingest, args=(folder, seed, dies_at))
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL


@pytest.mark.slow
def test_killed_at_fifty_points_the_store_equals_the_reference_every_time(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with opened(folder) as store:
        definitions = store.definitions.declare(SCOPES, "test", clock())
    watcher = Watcher(definitions, tmp_path)
    random = Random(2_026)
    deaths = [random.randint(1, 300) for _ in range(POINTS)]
    for seed, dies_at in enumerate(deaths):
        killed(folder, seed, dies_at)
        with opened(folder) as store:
            Engine(store.log, StoreKeeper(store), Limits(chunk_records=50)).drain()
            expected = plain(watcher.expected(store))
            assert plain(store.projection()).differences(expected) == []
            counters = store.partitions.counters()
        assert counters.received == counters.scored + counters.duplicates + counters.dead_letters
    assert sum(watcher.read) > len(EVENTS) // 2, "the campaign should get somewhere"
    assert counters.duplicates > 0, "some events should have been sent twice"


def test_the_campaign_would_notice_a_writer_without_a_fence(tmp_path: Path) -> None:
    """Break the rule on purpose: a worker that was paused with its effects in hand writes them all the same."""
    with opened(tmp_path / "data") as store:
        definitions = store.definitions.declare(SCOPES, "test", clock())
        store.log.append(EVENTS[:60])
        paused = effects_from(store, Offset(0))
        Engine(store.log, StoreKeeper(store)).drain()
        watcher = Watcher(definitions, tmp_path)
        assert plain(store.projection()).differences(plain(watcher.expected(store))) == []
        with pytest.raises(Fenced):
            store.checkpoint(paused)
        with store.exclusive(paused.partition) as careless:
            careless.write(paused)
        assert plain(store.projection()).differences(plain(watcher.expected(store))) != []


def test_the_campaign_would_notice_a_skipped_chunk(tmp_path: Path) -> None:
    """Break rule 2 on purpose: a fenced worker goes on with the chunk it had buffered, and skips what lies between."""
    with opened(tmp_path / "data") as store:
        definitions = store.definitions.declare(SCOPES, "test", clock())
        store.log.append(EVENTS[:60])
        with store.exclusive(Partition(0)) as careless:
            careless.write(effects_from(store, Offset(3)))
        watcher = Watcher(definitions, tmp_path)
        assert plain(store.projection()).differences(plain(watcher.expected(store))) != []


def effects_from(store: Store, start: Offset) -> Effects:
    """Return what partition 0's records from ``start`` on ask to have written, whatever the store's position."""
    position = store.partitions.position(Partition(0))
    state = PartitionState(
        position.partition, PARTITIONS, start, position.epoch, position.watermark, store.customers.load
    )
    chunk = store.log.read(position.partition, start, 1_000)
    assert chunk.records
    return process(chunk, state, store.definitions.timeline(position.partition))


def test_the_fence_stops_a_second_writer(tmp_path: Path) -> None:
    with opened(tmp_path / "data") as store:
        store.log.append(EVENTS[:60])
        keeper = StoreKeeper(store)
        one, other = Engine(store.log, keeper), Engine(store.log, keeper)
        one.look()
        other.drain()
        assert one.step() == 0
        assert one.fences == 1
        assert one.drain() == 0
