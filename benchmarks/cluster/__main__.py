"""``make bench-kafka [ARGS="…"]``: our worker beside others on one broker and one database, in one run."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.cluster import rates
from benchmarks.cluster.ground import standing
from benchmarks.figures import show


def main() -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(prog="make bench-kafka", description=__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    parser.add_argument("--events", type=int, default=200_000, help="how many events each contender reads (200,000)")
    parser.add_argument("--rounds", type=int, default=1, help="how often; medians are printed (1)")
    parser.add_argument(
        "--without", nargs="*", default=[], help=f"contenders to leave out: {', '.join(rates.CONTENDERS)}"
    )
    given = parser.parse_args()
    unknown = sorted(set(given.without) - set(rates.CONTENDERS))
    if unknown:
        parser.error(f"unknown contenders {', '.join(unknown)}; there are {', '.join(rates.CONTENDERS)}")
    names = [name for name in rates.CONTENDERS if name not in given.without]
    with (
        tempfile.TemporaryDirectory(prefix="ressenti-bench-kafka-") as folder,
        standing(Path(folder), given.events) as ground,
    ):
        figure = rates.measure(ground, names, given.rounds)
    if given.json:
        json.dump({figure.name: figure.as_json()}, sys.stdout, indent=1)
        print()
    else:
        show([figure])


if __name__ == "__main__":
    main()
