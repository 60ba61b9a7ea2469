"""``python -m benchmarks.evaluating FOLDER NOW ROUNDS STEP``: tick the evaluator, and say what it took.

A process of its own, so that the memory it held is the evaluator's and nobody else's.
"""

import json
import resource
import sys
from dataclasses import asdict
from pathlib import Path

from benchmarks.timing import timed
from benchmarks.workload import settings
from models.identifiers import Millis
from streams.bootstrap import opened

KIB = 1024


def main() -> None:
    """Tick once, then ``ROUNDS`` times, ``STEP`` milliseconds apart."""
    folder, now, rounds, step = Path(sys.argv[1]), *(int(word) for word in sys.argv[2:5])
    with opened(settings(folder), lambda: Millis(now)) as house, house.leading():
        tick = house.experiment_evaluator.tick
        first = timed(lambda: tick(Millis(now)))
        refreshes = [timed(lambda at=at: tick(Millis(now + at * step))) for at in range(1, rounds + 1)]  # type: ignore[misc]  # mypy infers no lambda with a default
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB
    told = {"first": asdict(first), "refreshes": [asdict(each) for each in refreshes], "peak": peak}
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
