"""Where a campaign takes place: a broker and a database server of its own, a topic, a database, and the load."""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count, islice
from pathlib import Path
from random import Random
from threading import Event

import psycopg

from demo.calendar import Plan
from demo.company import Company
from demo.envelopes import keyed
from deploy.kafka.broker import Broker
from deploy.kafka.properties import Options
from deploy.postgres.cluster import Cluster, throwaway
from models.identifiers import DAY, HOUR
from store.database import system_clock
from streams.bootstrap import House
from streams.settings import read
from tests.chaos.crew import Crew
from tests.chaos.feeding import Feeder
from tests.chaos.ledger import Ledger, Pair
from tests.chaos.reference import Reference, reference
from tests.servers.workers import ROOT, Ground, environment_of
from tests.streams.events import contact
from tests.streams.worker.embedded import declare

DAYS = 200
CUSTOMERS = 4_000
_FAR = 1_000_003
"""Between the seeds of one company and the next, so that no two campaigns of neighbouring seeds share one."""
SAMPLE = 3_000
"""Events whose touchpoints, channels and sources are declared before the first is sent."""


@dataclass(frozen=True, slots=True)
class Town:
    """Everything a fault can touch."""

    broker: Broker
    cluster: Cluster
    ground: Ground
    house: House
    crew: Crew
    feeder: Feeder
    ledger: Ledger
    reference: Reference
    random: Random
    """Drawn from by faults, in the order in which they come."""
    amiss: Event = field(default_factory=Event)
    """Set when something did not hold: then what the processes said is kept."""


@contextmanager
def town(seed: int) -> Iterator[Town]:
    """Start everything but workers; stops it all at the end, and deletes it unless something was amiss."""
    folder = Path(tempfile.mkdtemp(prefix="ressenti-chaos-"))
    with ExitStack() as stack:
        broker = stack.enter_context(Broker(options=Options(heap="512m")))
        cluster = stack.enter_context(throwaway())
        ground = ground_of(broker, cluster, folder, "campaign")
        stack.callback(ground.close)
        command(ground, "migrate")
        command(ground, "topics", "create")
        house = stack.enter_context(ground.house())
        events = company(seed)
        sample = [*islice(events, SAMPLE), *contacts("p1_" + "s" * 26, 1)]
        declare(house.store, sample)
        oracle = stack.enter_context(reference(folder / "embedded", house.log, sample))
        ledger, random = Ledger(), Random(seed)
        topic = f"{ground.settings.kafka_prefix}{ground.settings.kafka_topic}"
        feeder = Feeder(broker.bootstrap, topic, ledger, events)
        made = Town(broker, cluster, ground, house, Crew(ground, random), feeder, ledger, oracle, random)
        yield made
    if made.amiss.is_set():
        sys.stderr.write(f"what the workers said is in {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def ground_of(broker: Broker, cluster: Cluster, folder: Path, database: str) -> Ground:
    """Make a database, and the ground of workers over it and a prefix that nobody else has."""
    with psycopg.connect(cluster.url(), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{database}"')
    own = folder / database
    own.mkdir()
    environment = environment_of(broker.bootstrap, cluster.url(database), own)
    return Ground(read(environment), environment, own)


def command(ground: Ground, *words: str) -> str:
    """Run ``ressenti`` with ``words``; return what it printed. Raises ``RuntimeError`` unless it says yes."""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "web.cli.main", *words],
        cwd=ROOT,
        env=ground.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if done.returncode:
        raise RuntimeError(f"ressenti {' '.join(words)} ended with {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def company(seed: int) -> Iterator[Pair]:
    """Yield what simulated companies lived through until an hour ago, one company after the other, without end."""
    now = system_clock()
    start = (now // DAY - DAYS) * DAY
    for further in count():
        plan = Plan(start=start, seed=seed + further * _FAR, customers=CUSTOMERS, live_from=1 << 62)
        yield from keyed(Company(plan).until(now - HOUR))  # what lies ahead would be refused


def contacts(subject: str, many: int) -> Sequence[Pair]:
    """Return ``many`` messages of one customer that nobody else sends."""
    now = int(time.time() * 1_000)
    return [contact(subject, now - (many - n) * 1_000, f"{subject[-6:]}-{n}", "queued") for n in range(many)]
