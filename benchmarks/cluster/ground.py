"""What all contenders stand on: one broker, one database server, one topic with the simulated company's events."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from kafka import KafkaProducer

from benchmarks.workload import Shape
from demo.envelopes import keyed
from deploy.kafka.broker import Broker
from deploy.postgres.cluster import Cluster, throwaway

TOPIC = "interactions"
SENT_AT_ONCE = 50_000
COMMAND = str(Path(sys.executable).parent / "ressenti")


@dataclass(frozen=True, slots=True)
class Ground:
    """Broker and database, running; a folder for what is left over."""

    broker: Broker
    cluster: Cluster
    folder: Path
    events: int

    def environment(self, database: str, **more: str) -> dict[str, str]:
        """Return the settings of a process of ours on ``database``."""
        return {
            "RESSENTI_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "RESSENTI_KAFKA_REPLICATION": "1",
            "RESSENTI_DATABASE_URL": self.cluster.url(database),
            "RESSENTI_SECRET_FILE": str(self._key()),
            "RESSENTI_LOG_LEVEL": "warning",
            **more,
        }

    def _key(self) -> Path:
        """Return the file with the key of pseudonyms, which all processes share."""
        path = self.folder / "pseudonym.key"
        if not path.exists():
            path.touch(0o600)
            path.write_text("5e" * 32)
        return path

    def database(self, name: str) -> str:
        """Make the database ``name`` and its tables; return its name."""
        create = [str(self.cluster.binaries / "createdb"), "-h", str(self.cluster.folder), "-p", str(self.cluster.port)]
        subprocess.run([*create, "-U", "ressenti", name], check=True)  # noqa: S603 - our own words
        ressenti(self.environment(name), "migrate")
        return name


def ressenti(environment: dict[str, str], *words: str) -> None:
    """Run a command of ours under ``environment``; raises ``CalledProcessError`` after its words went to stderr."""
    subprocess.run([COMMAND, *words], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own


@contextmanager
def standing(folder: Path, events: int) -> Iterator[Ground]:
    """Start broker and database, and fill the topic with ``events`` events; all of it goes when the block ends.

    The database writes through to the disk as a real one does.
    """
    with Broker() as broker, throwaway(durable=True, settings=("shared_buffers=512MB",)) as cluster:
        ground = Ground(broker, cluster, folder, events)
        ressenti(ground.environment("postgres"), "topics", "create")
        fill(broker.bootstrap, Shape.of(events))
        yield ground


def fill(bootstrap: str, shape: Shape) -> None:
    """Append the events of ``shape`` to the topic."""
    producer = KafkaProducer(bootstrap_servers=bootstrap, linger_ms=20, batch_size=1 << 18, acks="all")
    events = keyed(shape.stream())
    while batch := list(islice(events, SENT_AT_ONCE)):
        send(producer, batch)
    producer.close()


def send(producer: KafkaProducer, batch: Sequence[tuple[bytes, bytes]]) -> None:
    """Append ``batch`` and wait until all of it is acknowledged."""
    sent = [producer.send(TOPIC, key=key, value=value) for key, value in batch]
    producer.flush()
    for one in sent:
        one.get(timeout=30)
