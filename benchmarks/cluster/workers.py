"""Workers of ours while they are measured: started, waited for by what they have made durable, and ended."""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from benchmarks.cluster.ground import COMMAND, Environment
from benchmarks.cluster.guarding import guarded
from store.database import Store

LONGEST_SECONDS = 300.0
LOOK_SECONDS = 0.02
STOP_SECONDS = 60.0


class WorkerFailed(Exception):
    """A worker ended that should have gone on."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Those that were started, the ended ones too."""

    environment: Environment
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)
    guards: ExitStack = field(default_factory=ExitStack)

    def start(self) -> subprocess.Popen[bytes]:
        """Start one more; returns at once."""
        given = {**os.environ, **self.environment}
        one = subprocess.Popen([COMMAND, "worker"], env=given, stdout=subprocess.DEVNULL)  # noqa: S603 - our own words
        self.started.append(one)
        self.guards.enter_context(guarded(one.pid))
        return one

    def check(self) -> None:
        """Raise ``WorkerFailed`` if one has ended by itself, which only zero and a signal of ours are not."""
        for one in self.started:
            if (code := one.poll()) is not None and code > 0:
                raise WorkerFailed(f"a worker ended with {code}; what it said is above")

    def end(self) -> None:
        """Ask all to stop, and kill those that do not."""
        for one in self.started:
            one.terminate()
        for one in self.started:
            try:
                one.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        self.guards.close()


@contextmanager
def running(environment: Environment, count: int = 1) -> Iterator[Workers]:
    """Run ``count`` workers while the block runs; all are ended with it."""
    workers = Workers(environment)
    try:
        for _ in range(count):
            workers.start()
        yield workers
    finally:
        workers.end()


def waited(store: Store, workers: Workers, events: int) -> tuple[int, float]:
    """Wait until ``events`` were folded in all; return how many by then, and when that was (``perf_counter``)."""
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        workers.check()
        folded = store.partitions.counters().received
        if folded >= events:
            return folded, time.perf_counter()
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"only {folded} of {events} events were folded within {LONGEST_SECONDS:.0f} s")


def pids(workers: Workers) -> Sequence[int]:
    """Return the process ids of those that run."""
    return [one.pid for one in workers.started if one.poll() is None]
