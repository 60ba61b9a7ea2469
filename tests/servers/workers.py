"""Worker processes for the tests: as many as one likes over one log and one database, to be stopped, killed, paused.

``ground`` is a topic and a database of the test's own. What a test leaves running is killed at its end.
"""

import os
import re
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.servers.kafka import Kafka

if TYPE_CHECKING:  # this is loaded with every run of the tests, most of which start no worker
    from models.identifiers import Offset, Partition
    from streams.bootstrap import House
    from streams.settings import Settings

ROOT = Path(__file__).parents[2]
SECRET = "5e" * 32
PATIENCE = 120.0
QUICK = {
    "RESSENTI_WORKER_SESSION_SECONDS": "2",
    "RESSENTI_WORKER_HEARTBEAT_SECONDS": "0.5",
    "RESSENTI_WORKER_RECONCILE_SECONDS": "1",
    "RESSENTI_WORKER_HINT_SECONDS": "1",
}
"""A worker that is gone is noticed within two seconds (the broker must allow it)."""
STILL = {
    f"RESSENTI_{name}_TICK_SECONDS": "86400" for name in ("DUE", "RESCUE", "GAP", "EXPERIMENT", "RETENTION", "OUTBOX")
}
"""No ticks: nothing is in the log but what the test put there."""


class WorkerProcess:
    """One ``ressenti worker``; what it says is in ``said``."""

    program: ClassVar[str] = "web.cli.main"

    def __init__(self, environment: dict[str, str], folder: Path, more: Sequence[str] = ()) -> None:
        self._out, self._err = (folder / f"{uuid.uuid4().hex[:8]}.{name}" for name in ("out", "err"))
        command = [sys.executable, "-m", self.program, "worker", *more]
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=err)  # noqa: S603

    @property
    def pid(self) -> int:
        """The process id."""
        return self.process.pid

    @property
    def said(self) -> str:
        """Everything it wrote, results first."""
        return self._out.read_text() + self._err.read_text()

    @property
    def address(self) -> str | None:
        """Where its health is told, once it runs."""
        found = re.search(r"health:\s+(http://\S+)", self._out.read_text())
        return found[1] if found else None

    @property
    def running(self) -> bool:
        """It has not ended (it may be paused)."""
        return self.process.poll() is None

    def ready(self, seconds: float = PATIENCE) -> "WorkerProcess":
        """Wait until its consumer runs."""
        until(lambda: self.address is not None or not self.running, seconds)
        assert self.running, self.said
        return self

    def signal(self, which: signal.Signals) -> None:
        """Send it a signal."""
        self.process.send_signal(which)

    def pause(self) -> None:
        """Freeze it, as a machine that is moved or a very long collection would."""
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """Kill it as a power cut would."""
        if self.running:
            self.process.kill()
        self.process.wait()

    def stop(self, seconds: float = PATIENCE) -> int:
        """Ask it to stop; return its exit code."""
        if self.running:
            self.signal(signal.SIGCONT)
            self.signal(signal.SIGTERM)
        return self.wait(seconds)

    def wait(self, seconds: float = PATIENCE) -> int:
        """Wait for its end; return its exit code."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the worker did not end in time: {self.said}") from None


@dataclass
class Ground:
    """A log and a database for workers, and the workers."""

    settings: "Settings"
    environment: dict[str, str]
    folder: Path
    workers: list[WorkerProcess] = field(default_factory=list)

    def start(self, count: int = 1, **environment: str) -> list[WorkerProcess]:
        """Start ``count`` workers, ``environment`` (names in full) on top of the ground's; returns at once."""
        started = [WorkerProcess({**self.environment, **environment}, self.folder) for _ in range(count)]
        self.workers += started
        return started

    def one(self, **environment: str) -> WorkerProcess:
        """Start one worker and wait until it runs."""
        return self.start(1, **environment)[0].ready()

    @contextmanager
    def house(self) -> Iterator["House"]:
        """Open the house: to append, to look, to verify; it folds nothing."""
        from streams.bootstrap import opened

        with opened(self.settings) as house:
            yield house

    def behind(self, house: "House") -> int:
        """Return how many offsets are committed and not folded."""
        positions, ends = house.store.partitions.positions(), house.log.ends()
        return sum(end - positions[partition].next_offset for partition, end in ends.items())

    def folded(self, house: "House", seconds: float = PATIENCE) -> "dict[Partition, Offset]":
        """Wait until everything is folded; return where the store stands."""
        end = time.monotonic() + seconds
        while self.behind(house):
            assert time.monotonic() < end, f"{self.behind(house)} left; {[worker.said for worker in self.workers]}"
            time.sleep(0.05)
        return {partition: at.next_offset for partition, at in house.store.partitions.positions().items()}

    def beside(self, database: str, **environment: str) -> "Ground":
        """Return the ground of another group over the same log, with a database of its own."""
        from streams.settings import read

        more = {"RESSENTI_DATABASE_URL": database, "RESSENTI_WORKER_GROUP": uuid.uuid4().hex, **environment}
        whole = {**self.environment, **more}
        return Ground(read(whole), whole, self.folder, self.workers)

    def close(self) -> None:
        """Kill whatever still runs."""
        for worker in self.workers:
            worker.kill()


def until(true: object, seconds: float = PATIENCE) -> None:
    """Wait until ``true()``."""
    assert callable(true)
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.02)


def environment_of(bootstrap: str, database: str, folder: Path, **more: str) -> dict[str, str]:
    """Return the environment of worker processes over a broker and a database, with a prefix nobody has."""
    secret = folder / "pseudonym.key"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    ours = {
        "RESSENTI_KAFKA_BOOTSTRAP": bootstrap,
        "RESSENTI_KAFKA_PREFIX": f"test-{uuid.uuid4().hex[:12]}.",
        "RESSENTI_KAFKA_REPLICATION": "1",
        "RESSENTI_DATABASE_URL": database,
        "RESSENTI_SECRET_FILE": str(secret),
        "RESSENTI_PARTITIONS": "4",
        "RESSENTI_WORKER_PORT": "0",
        **QUICK,
        **STILL,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RESSENTI_")}
    return {**kept, **ours, **more}


def make_topic(settings: "Settings") -> None:
    """Make the topic of the interactions."""
    from streams.kafka.clients import cluster_of
    from streams.kafka.topic_admin import create
    from streams.kafka.topics import topics_of

    (topic,) = (one for one in topics_of(settings) if one.noun == "interactions")
    admin = cluster_of(settings).admin()
    try:
        create(admin, topic, settings.kafka_replication)
    finally:
        admin.close()


@pytest.fixture
def ground(kafka: Kafka, postgres: str, tmp_path: Path) -> Iterator[Ground]:
    """Yield a topic of four partitions and a migrated database."""
    from streams.settings import read

    environment = environment_of(kafka.bootstrap, postgres, tmp_path)
    settings = read(environment)
    make_topic(settings)
    made = Ground(settings, environment, tmp_path)
    yield made
    made.close()
