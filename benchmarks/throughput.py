"""How many events a second one process folds from the embedded log: the whole job, up to the commit."""

import shutil
from pathlib import Path

from benchmarks.baseline import keeping, parsing
from benchmarks.costs import Costs
from benchmarks.figures import Figure, quantile
from benchmarks.timing import Spent, timed
from benchmarks.workload import Shape, contents, copied, prepared, records

LARGEST = 5
RATE = "events/s of processor time"
Round = tuple[Spent, Spent, Spent]
"""The whole job, parsing alone, and keeping rows alone."""


def measure(work: Path, events: int, rounds: int, *, live: bool) -> Figure:
    """Fold the same log ``rounds`` times from nothing, then once more under a sampling profiler."""
    source = prepared(work, Shape.of(events, live=live))
    name = "throughput of live events" if live else "throughput of history"
    figure = Figure(name, "how many events a second does one process fold?", {})
    done = [_round(source, work, figure) for _ in range(rounds)]
    _rates(figure, done, events)
    for stage, share in list(_profiled(source, work).items())[:LARGEST]:
        figure.add(f"cost: {stage}", 100 * share, "%", "of the job's processor time, sampled")
    return figure


def _round(source: Path, work: Path, figure: Figure) -> Round:
    with copied(source, work / "round") as house:
        found = list(records(house))
        parse = parsing(found)
        keep = keeping(found, work / "baseline.db", house.settings.checkpoint_records)
        del found
        job = timed(house.engine.drain)
        figure.on = contents(house)
    return job, parse, keep


def _profiled(source: Path, work: Path) -> dict[str, float]:
    costs = Costs()
    with copied(source, work / "round") as house, costs.sampling():
        house.engine.drain()
    shutil.rmtree(work / "round", ignore_errors=True)
    return costs.shares()


def _rates(figure: Figure, done: list[Round], events: int) -> None:
    said = f"median of {len(done)} rounds"
    job, parse, keep = ([each[i] for each in done] for i in range(3))
    figure.add("whole job", _rate([spent.processor for spent in job], events), RATE, said)
    figure.add("whole job", _rate([spent.wall for spent in job], events), "events/s of wall time", said)
    figure.add("parse alone", _rate([spent.processor for spent in parse], events), RATE, "msgspec")
    figure.add("keep alone", _rate([spent.processor for spent in keep], events), RATE, "json, sqlite3")
    for name, other in (("parse", parse), ("keep", keep)):
        ratios = [one.processor / base.processor for one, base in zip(job, other, strict=True)]
        figure.add(f"whole job / {name} alone", quantile(ratios, 0.5), "× processor time", said)


def _rate(seconds: list[float], events: int) -> float:
    return events / quantile(seconds, 0.5)
