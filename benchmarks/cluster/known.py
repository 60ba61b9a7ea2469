"""How much memory a worker takes, and how fast it folds, as the number of customers that the store knows grows.

One database is filled three times, each time with ten times as many. Each time a worker process of its own folds as
many events, all of them of customers who are known already; the smallest size is how many of those there are.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import psycopg

from benchmarks.cluster.crowd import Crowd, Size
from benchmarks.cluster.ground import STILL, TOPIC, Environment, Ground, Pair, fill
from benchmarks.cluster.outcome import Outcome, rounded
from benchmarks.cluster.processes import peak
from benchmarks.cluster.workers import pids, running, waited
from benchmarks.figures import Figure
from benchmarks.workload import START, Shape
from demo.calendar import Plan
from demo.company import Company
from demo.customers import customer
from demo.envelopes import keyed
from models.identifiers import DAY, Millis
from store.database import Store

PREFIX = "known."
DATABASE = "known"
SMALLER = (100, 10, 1)
"""The sizes: the largest one divided by these."""
LIVED = 5_000
"""Events of the small company whose customers' rows are copied."""
LATER = Millis(START + 100 * DAY)
"""When what the worker folds begins: after everything that is known."""
SEED = 1


@dataclass(frozen=True, slots=True)
class Folded:
    """What one worker did on a store of one size: the most memory (MB) it held, and events a second."""

    size: Size
    memory: float
    rate: float


def measure(ground: Ground, events: int, customers: int) -> Outcome:
    """Fold ``events`` events at each of three sizes, the largest of which is ``customers``."""
    sizes = [max(1, customers // smaller) for smaller in SMALLER]
    environment = ground.prepare(DATABASE, PREFIX, **STILL)
    url = ground.cluster.url(DATABASE)
    _fold(ground, environment, keyed(Shape.of(LIVED).stream()))
    stream = _stream(sizes[0])
    found = {}
    with psycopg.connect(url, autocommit=True) as connection:
        crowd = Crowd(connection, [customer(SEED, number).subject for number in range(sizes[0])])
        for size in sizes:
            grown = crowd.fill(size)
            memory, rate = _fold(ground, environment, islice(stream, events))
            found[size] = Folded(grown, memory, rate)
    return _told(found, events)


def _stream(customers: int) -> Iterator[Pair]:
    plan = Plan(start=LATER, seed=SEED, customers=customers, live_from=1 << 62)
    return keyed(Company(plan).events())


def _fold(ground: Ground, environment: Environment, pairs: Iterable[Pair]) -> tuple[float, float]:
    """Append ``pairs`` and fold them by a new worker; return the most memory (MB) it held, and events a second."""
    with Store.connect(environment["RESSENTI_DATABASE_URL"]) as store:
        before = store.partitions.counters().received
        counted = list(pairs)
        fill(ground, PREFIX + TOPIC, counted)
        with running(environment) as workers:
            first, began = waited(store, workers, before + 1)
            last, ended = waited(store, workers, before + len(counted))
            (pid,) = pids(workers)
            return peak(pid), (last - first) / (ended - began)


def _told(found: dict[int, Folded], events: int) -> Outcome:
    figure = Figure("memory", "does a worker's memory grow with the customers that are known?", {"events": events})
    smallest = next(iter(found.values()))
    for size, one in found.items():
        figure.add(f"{size:,} customers known", one.memory, "MB", "the most the worker ever held")
    for size, one in found.items():
        if one is not smallest:
            figure.add(f"{size:,} / {smallest.size.customers:,}", one.memory / smallest.memory, "× memory")
    for size, one in found.items():
        figure.add(f"{size:,} customers known", one.rate, "events/s of wall time", "every one of a known customer")
        rows = (
            f"customers {one.size.customers_mb:,.0f} MB, {one.size.journeys:,} journeys {one.size.journeys_mb:,.0f} MB"
        )
        figure.add(f"{size:,} customers known", one.size.customers_mb + one.size.journeys_mb, "MB on disk", rows)
    named: dict[str, object] = {
        "memory_mb": {str(size): rounded(one.memory) for size, one in found.items()},
        "memory_ratios": {str(size): rounded(one.memory / smallest.memory) for size, one in found.items()},
        "known_events_per_s": {str(size): rounded(one.rate) for size, one in found.items()},
        "known_mb_on_disk": {
            str(size): rounded(one.size.customers_mb + one.size.journeys_mb) for size, one in found.items()
        },
    }
    return Outcome(figure, named)
