"""Running the contenders: others' programs, each in its own environment, and workers of ours."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.cluster.ground import COMMAND, TOPIC, Ground
from models.errors import RefusedToStart
from store.database import Store

RIVALS = Path(__file__).parent / "rivals"
ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 300.0
LOOK_SECONDS = 0.02
START_SECONDS = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
SAID = 1_500


class ContenderFailed(Exception):
    """A program ended otherwise than at the end of the topic; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one contender did: events, seconds by the wall, and seconds of its own processor time."""

    events: int
    seconds: float
    processor: float

    @property
    def rate(self) -> float:
        """Events a second by the wall."""
        return self.events / self.seconds

    @property
    def per_processor(self) -> float:
        """Events a second of the processor time of its own processes, broker and database left out."""
        return self.events / self.processor


def rival(ground: Ground, program: str, python: Path | None = None) -> Ran:
    """Run ``rivals/<program>.py`` to the end of the topic; raises ``ContenderFailed``."""
    return _run(ground, [str(python or sys.executable), str(RIVALS / f"{program}.py")], str(RIVALS))


def bare(ground: Ground) -> Ran:
    """Run our transport alone to the end of the topic; raises ``ContenderFailed``."""
    return _run(ground, [sys.executable, "-m", "benchmarks.cluster.bare_transport"], str(ROOT))


def _run(ground: Ground, command: list[str], path: str) -> Ran:
    given = {"BOOTSTRAP": ground.broker.bootstrap, "TOPIC": TOPIC, "EVENTS": str(ground.events), "PARTITIONS": "16"}
    environment = {**os.environ, **given, "PYTHONPATH": path}
    done = subprocess.run(  # noqa: S603 - our own words
        command,
        env=environment,
        cwd=ground.folder,
        check=False,
        timeout=LONGEST_SECONDS,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise ContenderFailed(f"{command[-1]} ended with {done.returncode}: {done.stderr.strip()[-SAID:]}")
    return Ran(**json.loads(done.stdout.strip().splitlines()[-1]))


@contextmanager
def workers(environment: Mapping[str, str], count: int) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Run ``count`` workers while the block runs; they are asked to stop at its end."""
    given = {**os.environ, **environment}
    # The first free port each: nobody asks them anything here.
    running = [subprocess.Popen([COMMAND, "worker"], env=given, stdout=subprocess.DEVNULL) for _ in range(count)]  # noqa: S603
    try:
        yield running
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(60)


def ours(ground: Ground, database: str, count: int = 1) -> Ran:
    """Fold the whole topic into a database of its own with ``count`` workers.

    Counted from the first checkpoint seen to the last, leaving out what the first held; until everything is durable.
    """
    ground.database(database)
    environment = ground.environment(database, RESSENTI_WORKER_PORT="0")
    with workers(environment, count) as running, _opened(ground.cluster.url(database), running) as store:
        first, began = _wait(store, 1)
        spent = _processor(running)
        last, ended = _wait(store, ground.events)
        return Ran(last - first, ended - began, _processor(running) - spent)


@contextmanager
def _opened(url: str, running: list[subprocess.Popen[bytes]]) -> Iterator[Store]:
    """Open the store of a log, as soon as a worker has made it that."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            store = Store.connect(url)
        except RefusedToStart:
            if time.monotonic() > until or any(one.poll() is not None for one in running):
                raise
            time.sleep(LOOK_SECONDS)
        else:
            break
    with store:
        yield store


def _wait(store: Store, events: int) -> tuple[int, float]:
    """Wait until ``events`` were folded; return how many by then, and when that was."""
    until = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        folded = store.partitions.counters().received
        if folded >= events:
            return folded, time.perf_counter()
        time.sleep(LOOK_SECONDS)
    raise TimeoutError(f"only {folded} of {events} events were folded within {LONGEST_SECONDS:.0f} s")


def _processor(running: list[subprocess.Popen[bytes]]) -> float:
    """Return the processor time (s) the processes have used so far."""
    total = 0
    for one in running:
        fields = Path(f"/proc/{one.pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS
