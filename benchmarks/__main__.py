"""``python -m benchmarks [NAME…] [--json] [--events N]``: measure, and print what came out."""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from benchmarks import experiments, latency, memory, pages, throughput
from benchmarks.figures import Figure, show
from benchmarks.statistics import table


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for; ``events`` is ``None`` for each figure's own number."""

    work: Path
    events: int | None
    rounds: int
    seconds: float


FIGURES: Mapping[str, Callable[[Asked], Figure]] = {
    "throughput": lambda asked: throughput.measure(asked.work, asked.events or 200_000, asked.rounds, live=False),
    "throughput-live": lambda asked: throughput.measure(asked.work, asked.events or 200_000, asked.rounds, live=True),
    "latency": lambda asked: latency.measure(asked.work, asked.seconds),
    "memory": lambda asked: memory.measure(asked.work, asked.events or 50_000),
    "experiments": lambda asked: experiments.measure(asked.work, asked.events or 1_000_000, 5 * asked.rounds),
    "statistics": lambda _asked: table.figure(table.table()),
    "pages": lambda asked: pages.measure(asked.work, asked.events or 1_000_000, 5 * asked.rounds),
}


def main() -> None:
    """Run the figures that were named, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(FIGURES)}; all when none is named")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--events", type=int, help="how many events, instead of each figure's own number")
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured; medians are printed (3)")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long the latency figure sends events (20)")
    parser.add_argument("--work", type=Path, help="folder that keeps the workloads for the next run")
    given = parser.parse_args()
    unknown = sorted(set(given.names) - FIGURES.keys())
    if unknown:
        parser.error(f"unknown figures {', '.join(unknown)}; there are {', '.join(FIGURES)}")
    with tempfile.TemporaryDirectory(prefix="ressenti-benchmarks-") as scratch:
        work = given.work or Path(scratch)
        work.mkdir(parents=True, exist_ok=True)
        asked = Asked(work, given.events, max(1, given.rounds), given.seconds)
        figures = {name: FIGURES[name](asked) for name in given.names or FIGURES}
    if given.json:
        json.dump({name: figure.as_json() for name, figure in figures.items()}, sys.stdout, indent=1)
        print()
    else:
        show(figures.values())


if __name__ == "__main__":
    main()
