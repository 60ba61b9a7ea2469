"""``python -m benchmarks.folding FOLDER``: fold what is there; print the most memory (MB) this process ever held."""

import resource
import sys
from pathlib import Path

from benchmarks.workload import at_its_time

KIB_PER_MB = 1_000_000 / 1024


def main() -> None:
    """Fold the folder named on the command line."""
    with at_its_time(Path(sys.argv[1])) as house:
        house.engine.drain()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KIB_PER_MB)


if __name__ == "__main__":
    main()
