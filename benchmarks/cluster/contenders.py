"""Running the contenders: others' programs, each in its own environment, and workers of ours."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from benchmarks.cluster.ground import STILL, TOPIC, Ground, Servers
from benchmarks.cluster.guarding import guarded
from benchmarks.cluster.processes import processor
from benchmarks.cluster.workers import LONGEST_SECONDS, pids, running, waited
from store.database import Store

RIVALS = Path(__file__).parent / "rivals"
ROOT = Path(__file__).parents[2]
SAID = 1_500


class ContenderFailed(Exception):
    """A program ended otherwise than at the end of the topic; the text is the end of what it said."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What one contender did: events, seconds by the wall, and seconds of its own processor time."""

    events: int
    seconds: float
    processor: float
    servers: Servers = Servers()  # noqa: RUF009 - it is frozen
    """What broker and database used meanwhile; of other programs from their start, of ours while events were folded."""
    unsent: int = 0
    """Messages of ours that wait to be sent when the last event is durable."""

    @property
    def rate(self) -> float:
        """Events a second by the wall."""
        return self.events / self.seconds

    @property
    def per_processor(self) -> float:
        """Events a second of the processor time of its own processes, broker and database left out."""
        return self.events / self.processor

    @property
    def busy(self) -> float:
        """How many cores it kept busy, together with broker and database."""
        return (self.processor + self.servers.broker + self.servers.database) / self.seconds


def rival(ground: Ground, program: str, python: Path | None = None) -> Ran:
    """Run ``rivals/<program>.py`` to the end of the topic; raises ``ContenderFailed``."""
    return _run(ground, [str(python or sys.executable), str(RIVALS / f"{program}.py")], str(RIVALS))


def bare(ground: Ground) -> Ran:
    """Run our transport alone to the end of the topic; raises ``ContenderFailed``."""
    return _run(ground, [sys.executable, "-m", "benchmarks.cluster.bare_transport"], str(ROOT))


def _run(ground: Ground, command: list[str], path: str) -> Ran:
    given = {"BOOTSTRAP": ground.broker.bootstrap, "TOPIC": TOPIC, "EVENTS": str(ground.events), "PARTITIONS": "16"}
    before = ground.servers()
    said = program(command, {**given, "PYTHONPATH": path}, ground.folder)
    return replace(Ran(**json.loads(said)), servers=ground.servers().since(before))


def program(command: list[str], environment: dict[str, str], folder: Path) -> str:
    """Run ``command`` to its end in ``folder``; return its last line. Raises ``ContenderFailed``."""
    running = subprocess.Popen(  # noqa: S603 - our own words
        command,
        env={**os.environ, **environment},
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running, guarded(running.pid):
        try:
            out, err = running.communicate(timeout=LONGEST_SECONDS)
        finally:
            running.kill()  # where it has ended, this does nothing
    lines = out.strip().splitlines()
    if running.returncode or not lines:
        raise ContenderFailed(f"{command[-1]} ended with {running.returncode}: {err.strip()[-SAID:]}")
    return lines[-1]


def ours(ground: Ground, database: str, count: int = 1, **settings: str) -> Ran:
    """Fold the whole topic into a database of its own with ``count`` workers, until everything is durable.

    Nothing is appended meanwhile, for the next contender reads the topic too. Counted from the first checkpoint seen to
    the last, leaving out what the first held.
    """
    environment = ground.prepare(database, **STILL, **settings)
    with Store.connect(ground.cluster.url(database)) as store, running(environment, count) as workers:
        first, began = waited(store, workers, 1)
        spent, servers = _spent(pids(workers)), ground.servers()
        last, ended = waited(store, workers, ground.events)
        used, served = _spent(pids(workers)) - spent, ground.servers().since(servers)
        unsent = _unsent(ground.cluster.url(database))
    return Ran(last - first, ended - began, used, served, unsent)


def _unsent(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute("SELECT count(*) FROM outbox WHERE sent_at IS NULL").fetchall()[0][0])


def _spent(of: Sequence[int]) -> float:
    return sum(processor(pid) for pid in of)
