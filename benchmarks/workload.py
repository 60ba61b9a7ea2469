"""The simulated company's events, written to a log before anything is measured; and what there is in them.

A workload is the demo's own: ninety days, about fourteen events a customer, partitions and chunks as ``ressenti demo``
has them. It is made once per run (and kept in ``--work``, where given), then copied for each round.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from demo.calendar import Plan
from demo.clock import DemoClock
from demo.command import CHUNK_RECORDS, PARTITIONS
from demo.company import Company
from demo.envelopes import Ready, keyed
from models.chunks import Record
from models.identifiers import DAY, Millis, Offset
from streams.bootstrap import House, opened
from streams.settings import Settings

START = Millis(20_500 * DAY)
"""Any day will do: 2026-02-16."""
EVENTS_PER_CUSTOMER = 14
BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Shape:
    """Which events: how many, of how many customers, lived ``live`` or imported as history."""

    events: int
    customers: int
    live: bool = False
    start: Millis = START
    """When the first of them happens."""

    @classmethod
    def of(cls, events: int, *, live: bool = False) -> "Shape":
        """Return the shape of ``events`` events over about ninety days."""
        return cls(events, max(50, events // EVENTS_PER_CUSTOMER), live)

    @property
    def name(self) -> str:
        """A folder's name for it."""
        return f"{'live' if self.live else 'history'}-{self.events}-{self.customers}"

    def stream(self) -> Iterator[Ready]:
        """Return its events in time order."""
        plan = Plan(start=self.start, customers=self.customers, live_from=self.start if self.live else 1 << 62)
        return islice(Company(plan).events(), self.events)


def settings(folder: Path) -> Settings:
    """Return the settings everything here runs under."""
    return Settings(
        data=folder, partitions=PARTITIONS, chunk_records=CHUNK_RECORDS, log_level="warning", duplicate_memory=0
    )


def prepared(work: Path, shape: Shape) -> Path:
    """Return a data folder below ``work`` whose log holds the events of ``shape``, none of them folded yet."""
    folder = work / shape.name
    if not folder.exists():
        making = work / f"{shape.name}.making"
        shutil.rmtree(making, ignore_errors=True)
        _fill(making, shape)
        making.rename(folder)
    return folder


def _fill(folder: Path, shape: Shape) -> None:
    clock = DemoClock()
    clock.tell(START)
    with opened(settings(folder), clock) as house:
        events = shape.stream()
        while batch := list(islice(events, BATCH)):
            clock.tell(batch[-1].time)
            house.imports.append(list(keyed(iter(batch))))


def folded(work: Path, shape: Shape) -> Path:
    """Return a data folder below ``work`` in which the events of ``shape`` are folded already; never folded twice."""
    folder = work / f"{shape.name}-folded"
    if not folder.exists():
        making = work / f"{shape.name}-folding"
        shutil.rmtree(making, ignore_errors=True)
        shutil.copytree(prepared(work, shape), making)
        with opened(settings(making)) as house:
            house.engine.drain()
        making.rename(folder)
    return folder


@contextmanager
def copied(source: Path, into: Path) -> Iterator[House]:
    """Open a house on a copy of the folder ``source``; the copy goes when the block ends."""
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(source, into)
    try:
        with at_its_time(into) as house:
            yield house
    finally:
        shutil.rmtree(into, ignore_errors=True)


@contextmanager
def at_its_time(folder: Path) -> Iterator[House]:
    """Open a house whose clock stands where its log ends, so that pages show its last days."""
    clock = DemoClock()
    with opened(settings(folder), clock) as house:
        clock.tell(_last_time(house))
        yield house


def records(house: House) -> Iterator[Record]:
    """Yield every record of the log, partition by partition."""
    for partition, end in house.log.ends().items():
        at = Offset(0)
        while at < end:
            chunk = house.log.read(partition, at, BATCH)
            yield from chunk.records
            at = chunk.end


def contents(house: House) -> dict[str, float | str]:
    """Return what a folded house holds, so that its figures can be read."""
    counters = house.store.partitions.counters()
    customers, journeys = house.store.customers.count(), house.store.journeys.count()
    span = house.store.cells.span(house.definitions().active.version)
    return {
        "events": counters.received,
        "customers": customers,
        "journeys in play": journeys,
        "events per customer": round(counters.received / max(1, customers), 1),
        "days": 0 if span is None else (span[1] - span[0]) // DAY + 1,
        "partitions": house.log.partitions,
        "records per chunk": house.settings.chunk_records,
        "records per checkpoint": house.settings.checkpoint_records,
    }


def _last_time(house: House) -> Millis:
    ends = house.log.ends()
    latest = [house.log.read(p, Offset(max(0, end - 1)), 1).records for p, end in ends.items()]
    return max((record.log_time for found in latest for record in found), default=START)
