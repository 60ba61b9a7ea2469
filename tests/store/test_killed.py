"""A process killed in the middle of appending: what it was told is durable is there, and an import goes on exactly."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from models.identifiers import Offset, Partition
from store.database import Store
from store.imports import ImportProgress

ROOT = Path(__file__).parents[2]
APPENDS = """
import sys
from store.database import Store
from store.imports import ImportProgress
with Store.open(sys.argv[1], partitions=4) as store:
    found = store.imports.find("sha", "m")
    row = found.row if found else 0
    print("ready", flush=True)
    while True:
        rows = range(row, row + 7)
        row += 7
        store.log.append_import([(b"k%d" % (n % 5), b"%d" % n) for n in rows], ImportProgress("sha", "m", "f.csv", row))
        print(row, flush=True)
"""


def killed_after(seconds: float, folder: Path) -> int:
    """Run the import until it has begun, let it work for a while, kill it; return the last row it was sure of."""
    command = [sys.executable, "-c", APPENDS, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own text
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(seconds)
        process.kill()
        told = [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    return int(told[-1]) if told else 0


@pytest.mark.slow
def test_an_import_killed_again_and_again_appends_every_row_once(tmp_path: Path) -> None:
    moments = random.Random(7)
    sure = 0
    for _ in range(5):
        sure = max(sure, killed_after(moments.uniform(0.0, 0.2), tmp_path))
        with Store.open(tmp_path) as store:
            progress = store.imports.find("sha", "m") or ImportProgress("sha", "m", "f.csv")
            chunks = [store.log.read(Partition(p), Offset(0), 10**9) for p in range(4)]
            rows = sorted(int(record.value) for chunk in chunks for record in chunk.records)
            assert rows == list(range(progress.row)), "the log holds exactly the rows the import counts"
            assert progress.row >= sure, "what was acknowledged is there"
    assert sure > 0
