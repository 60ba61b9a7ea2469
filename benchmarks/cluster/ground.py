"""What everything is measured on: one broker and one database server; topics, databases and events on them."""

import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kafka import KafkaProducer

from benchmarks.cluster.processes import family
from benchmarks.workload import Shape
from demo.envelopes import keyed
from deploy.kafka.broker import Broker
from deploy.kafka.properties import Options
from deploy.postgres.cluster import Cluster, throwaway
from store.database import system_clock
from streams.declaring import Bounds, Declaring, met
from streams.opening import opened_parts
from streams.settings import read

TOPIC = "interactions"
SENT_AT_ONCE = 50_000
SAMPLE = 5_000
"""Events whose touchpoints, channels and sources are declared before any is folded, as a collector does."""
JOINING_MS = "3000"
"""How long a new group waits for more members before it shares partitions; Kafka's own default.

Else the second of two workers would come into the first one's measured time."""
STILL = {"RESSENTI_DUE_TICK_SECONDS": "86400", "RESSENTI_RESCUE_TICK_SECONDS": "86400"}
"""Settings of a worker that appends nothing of its own: silence tells much of events that are months old."""
CLOSE_S = 10.0
"""Brokers that are gone are not waited for longer."""
COMMAND = str(Path(sys.executable).parent / "ressenti")

Environment = dict[str, str]
Pair = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Servers:
    """Seconds of processor time, of the broker and of the database server."""

    broker: float = 0.0
    database: float = 0.0

    def since(self, before: "Servers") -> "Servers":
        """Return what was used after ``before`` was looked at."""
        return Servers(self.broker - before.broker, self.database - before.database)


@dataclass(frozen=True, slots=True)
class Ground:
    """Broker and database, running; a folder for what is left over."""

    broker: Broker
    cluster: Cluster
    folder: Path
    events: int
    """How many events are in the topic that contenders read."""

    def environment(self, database: str, prefix: str = "", **more: str) -> Environment:
        """Return the settings of a process of ours on ``database``, its topics under ``prefix``."""
        return {
            "RESSENTI_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "RESSENTI_KAFKA_PREFIX": prefix,
            "RESSENTI_KAFKA_REPLICATION": "1",
            "RESSENTI_DATABASE_URL": self.cluster.url(database),
            "RESSENTI_SECRET_FILE": str(self._key()),
            "RESSENTI_LOG_LEVEL": "warning",
            "RESSENTI_WORKER_PORT": "0",  # the first free one: nobody asks them anything here
            **more,
        }

    def prepare(self, database: str, prefix: str = "", **more: str) -> Environment:
        """Make ``database`` with its tables, and the topics under ``prefix`` where there is one; return the settings.

        Scopes are in force as if a collector had met the events first.
        """
        create = [str(self.cluster.binaries / "createdb"), "-h", str(self.cluster.folder), "-p", str(self.cluster.port)]
        subprocess.run([*create, "-U", "ressenti", database], check=True)  # noqa: S603 - our own words
        environment = self.environment(database, prefix, **more)
        ressenti(environment, "migrate")
        if prefix:
            ressenti(environment, "topics", "create")
        _declare(environment)
        return environment

    def servers(self) -> Servers:
        """Return what broker and database server have used so far."""
        postmaster = int((self.cluster.folder / "data" / "postmaster.pid").read_text().splitlines()[0])
        return Servers(family(self.broker.pid), family(postmaster))

    def _key(self) -> Path:
        """Return the file with the key of pseudonyms, which all processes share."""
        path = self.folder / "pseudonym.key"
        if not path.exists():
            path.touch(0o600)
            path.write_text("5e" * 32)
        return path


def ressenti(environment: Environment, *words: str) -> None:
    """Run a command of ours under ``environment``; raises ``CalledProcessError`` after its words went to stderr."""
    subprocess.run([COMMAND, *words], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


@contextmanager
def standing(folder: Path, events: int) -> Iterator[Ground]:
    """Start broker and database, and fill the topic with ``events`` events; all of it goes when the block ends.

    The database writes through to the disk as a real one does.
    """
    options = Options(extra={"group.initial.rebalance.delay.ms": JOINING_MS})
    settings = ("shared_buffers=512MB", "max_wal_size=4GB")
    with Broker(options=options) as broker, throwaway(durable=True, settings=settings) as cluster:
        ground = Ground(broker, cluster, folder, events)
        ressenti(ground.environment("postgres"), "topics", "create")
        fill(ground, TOPIC, keyed(Shape.of(events).stream()) if events else ())
        yield ground


def fill(ground: Ground, topic: str, pairs: Iterable[Pair]) -> None:
    """Append ``pairs`` of key and value to ``topic``; all of them are acknowledged when this returns."""
    producer = KafkaProducer(bootstrap_servers=ground.broker.bootstrap, linger_ms=20, batch_size=1 << 18, acks="all")
    rest = iter(pairs)
    try:
        while batch := list(islice(rest, SENT_AT_ONCE)):
            _send(producer, topic, batch)
    finally:
        producer.close(timeout=CLOSE_S)


def _send(producer: KafkaProducer, topic: str, batch: Sequence[Pair]) -> None:
    sent = [producer.send(topic, key=key, value=value) for key, value in batch]
    producer.flush()
    for one in sent:
        one.get(timeout=30)


def _declare(environment: Environment) -> None:
    sample = (found for _, value in keyed(Shape.of(SAMPLE).stream()) if (found := met(value)) is not None)
    with opened_parts(read(environment), system_clock) as (store, _):
        Declaring(store.definitions, Bounds(), system_clock).meet(sample)
