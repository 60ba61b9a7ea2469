"""How long a look at live experiments takes with 10⁶ units each: the first one, and every one after it.

The rows are written straight into the store, as the fold would have left them; the evaluator then ticks in a process of
its own, which says how long each tick took and the most memory it held. A quarter of the units is still open.
"""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.figures import Figure, quantile
from benchmarks.timing import Spent
from benchmarks.workload import START, settings
from experiments import life_cycle as life
from experiments.design import Arm, Baseline, Design
from experiments.ledger import Experiment
from experiments.plan import Expected, Fidelity, Guardrail, Mechanism, Origin, Plan, Step
from experiments.root_causes import Evidence, Rival, RootCause
from experiments.states import Actor, Role
from models.identifiers import DAY, MINUTE, Millis
from store.folder import STORE_FILE
from streams.bootstrap import House, opened

LIVE = 20
DAYS, WINDOW = 28, 7
ARMS = ("control", "treated")
SEED = 5
BATCH = 50_000
NOW = Millis(START + DAYS * DAY)
BUDGET_S, BUDGET_MB = 2.0, 500.0
COLUMNS = (
    "experiment, subject, partition, arm, exposed_at, matures_at, pre_n, pre_sum, n, total, mechanism_n, mechanism, "
    "guardrails, crossed, cluster"
)


@dataclass(frozen=True, slots=True)
class Ticked:
    """What the evaluating process says: the first tick, those after it, and MB held at most."""

    first: Spent
    refreshes: list[Spent]
    peak: float


def measure(work: Path, units: int, rounds: int) -> Figure:
    """Evaluate 20 live experiments of ``units`` units each, once and then once a minute."""
    folder = work / "experiments"
    shutil.rmtree(folder, ignore_errors=True)
    with opened(settings(folder), lambda: NOW) as house:
        ids = [_started(house, number) for number in range(LIVE)]
    _fill(folder / STORE_FILE, ids, units)
    ticked = _ticked(folder, rounds)
    figure = Figure("experiments", "how long does a look take?", {"experiments": LIVE, "units each": units})
    figure.add("first look", ticked.first.wall, "s", f"processor {ticked.first.processor:,.0f} s; every unit, once")
    walls = [spent.wall for spent in ticked.refreshes]
    processor = quantile([spent.processor for spent in ticked.refreshes], 0.5)
    said = f"median of {len(walls)}, a minute apart; processor {processor:.2f} s; the aim: {BUDGET_S:g} s"
    figure.add("refresh", quantile(walls, 0.5), "s", said)
    figure.add("slowest refresh", max(walls), "s", "open units are counted in full every ten minutes")
    figure.add("memory", ticked.peak, "MB", f"most held by the evaluating process; the aim: {BUDGET_MB:g} MB")
    shutil.rmtree(folder)
    return figure


def _ticked(folder: Path, rounds: int) -> Ticked:
    command = [sys.executable, "-m", "benchmarks.evaluating", str(folder), str(NOW), str(max(3, rounds)), str(MINUTE)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
    told = json.loads(said.stdout)
    return Ticked(Spent(**told["first"]), [Spent(**each) for each in told["refreshes"]], told["peak"])


def _started(house: House, number: int) -> str:
    """Keep a running experiment, as nobody else's were live, and return its id."""
    author, reviewer = Actor("ana", Role.AUTHOR), Actor("rui", Role.REVIEWER)
    opening = life.Opening(f"e{number:02}", f"experiment {number}", f"salt-{number}", "olga", _origin(number))
    draft = life.open_draft(opening, author, START, ())
    planned = life.plan(life.explain(life.revise(draft, author, START, _plan(house)), author, START), author, START)
    running: Experiment = life.start(planned, reviewer, START, ())
    house.store.experiments.add(running, START)
    return running.id


def _origin(number: int) -> Origin:
    return Origin("opportunity", f"walk {number}")


def _plan(house: House) -> Plan:
    cause = RootCause(
        "nobody sees the chat",
        "context_lost",
        (Evidence("ledger", "3 points"), Evidence("staff", "we cannot see it")),
        (Rival("new staff", "no difference"),),
    )
    end = Millis(START + 2 * DAYS * DAY)
    return Plan(
        causes=(cause,),
        hypothesis="who sees the chat does not ask again",
        steps=(Step("show it"),),
        expected=Expected("journey_score", "up", 5.0, Millis(end + WINDOW * DAY)),
        mechanism=Mechanism("loss.repeated_step", "down"),
        fidelity=Fidelity("ten calls a week"),
        guardrails=(Guardrail("contacts", "down", 0.2),),
        design=Design(
            arms=tuple(Arm(name) for name in ARMS),
            units=2_000_000,
            end=end,
            policy=house.definitions().active.version,
            baseline=Baseline(70.0, 900.0, 50_000.0),
            window=Millis(WINDOW * DAY),
        ),
    )


def _fill(file: Path, ids: list[str], units: int) -> None:
    """Write the units of the first experiment, and copies of them for the others."""
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        marks = ", ".join("?" * len(COLUMNS.split(",")))
        connection.executemany(f"INSERT INTO units ({COLUMNS}) VALUES ({marks})", _rows(ids[0], units))  # noqa: S608 - our own names
        connection.commit()
        copied = COLUMNS.partition(", ")[2]
        for other in ids[1:]:
            connection.execute(
                f"INSERT INTO units ({COLUMNS}) SELECT ?, {copied} FROM units WHERE experiment = ?",  # noqa: S608 - our own names
                (other, ids[0]),
            )
            connection.commit()
    connection.close()


def _rows(experiment: str, units: int) -> Iterator[tuple[object, ...]]:
    """Yield units exposed evenly over the days so far, in equal arms, with no effect."""
    random = np.random.default_rng(SEED)
    for start in range(0, units, BATCH):
        size = min(BATCH, units - start)
        exposed = START + (np.arange(start, start + size) + 0.5) * DAYS * DAY / units
        arms, n = random.integers(0, 2, size), random.integers(0, 4, size)
        total = n * random.normal(7_000, 2_000, size)
        for i in range(size):
            at = int(exposed[i])
            each = int(n[i])
            yield (
                *(experiment, f"p1_{start + i:026d}", 0, ARMS[arms[i]], at, at + WINDOW * DAY),
                *(1, 7_000, each, round(total[i]), each, 30 * each, f'{{"contacts":[1,{each}]}}', 0, ""),
            )
