"""The workers of a campaign: so many of them, of one version, started anew when they end by themselves."""

from random import Random

from tests.chaos.reference import patiently
from tests.servers.workers import Ground, WorkerProcess

PACE = {
    "RESSENTI_WORKER_SESSION_SECONDS": "3",
    "RESSENTI_WORKER_HEARTBEAT_SECONDS": "1",
    "RESSENTI_CHUNK_RECORDS": "100",
    "RESSENTI_WORKER_CHECKPOINT_RECORDS": "300",
}
"""A worker that is gone is noticed within three seconds; small checkpoints, so that faults fall in the middle."""
SESSION_SECONDS = 3.0


class NewerWorker(WorkerProcess):
    """A worker of the next version."""

    program = "tests.chaos.newer"


class Crew:
    """The workers; ``tend`` is what a supervisor does."""

    def __init__(self, ground: Ground, random: Random) -> None:
        self._ground = ground
        self.random = random
        self.version = 1
        """The format of the rows that workers started from now on write."""
        self.revived: list[str] = []
        """What workers said that ended without having been told to."""

    @property
    def workers(self) -> list[WorkerProcess]:
        """Those that run, or ought to."""
        return self._ground.workers

    def start(self, count: int = 1) -> list[WorkerProcess]:
        """Start ``count`` more; returns at once."""
        kind = NewerWorker if self.version > 1 else WorkerProcess
        environment = {**self._ground.environment, **PACE, "CHAOS_STATE_FORMAT": str(self.version)}
        started = [kind(environment, self._ground.folder) for _ in range(count)]
        self.workers.extend(started)
        return started

    def any(self) -> WorkerProcess:
        """Return one of them, drawn."""
        return self.random.choice(self.workers)

    def kill(self, worker: WorkerProcess) -> None:
        """Kill one for good."""
        self.workers.remove(worker)
        worker.kill()

    def dismiss(self, worker: WorkerProcess) -> None:
        """Ask one to stop and wait; raises ``AssertionError`` when it does not end in order."""
        self.workers.remove(worker)
        code = worker.stop(60)
        assert code == 0, f"a worker that was asked to stop ended with {code}: {worker.said[-2_000:]}"

    def tend(self) -> None:
        """Start another for each that ended by itself."""
        for worker in [worker for worker in self.workers if not worker.running]:
            self.workers.remove(worker)
            self.revived.append(worker.said[-2_000:])
            self.start()

    def newer_rows(self) -> int:
        """Return how many customers' rows are of this version's format; reads all of them."""
        from models.customers import unpack

        def count() -> int:
            with self._ground.house() as house:
                rows = (
                    row for number in house.store.partitions.positions() for row in house.store.customers.each(number)
                )
                return sum(unpack(row.state).format == self.version for row in rows)

        return patiently(count)
