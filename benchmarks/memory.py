"""How much memory the engine takes as the number of customers it knows grows; the events it folds are the same.

A process of its own folds one log into stores that know 10⁵ and 10⁶ customers already, and says the most memory it ever
held. The stores are filled with copies of simulated customers' rows, each under a subject of its own.
"""

import shutil
import subprocess
import sys
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path

from benchmarks.figures import Figure
from benchmarks.workload import Shape, folded, prepared, settings
from demo.customers import customer
from models.effects import CustomerRow, Effects
from models.identifiers import Partition
from models.partitions import partition_of
from streams.bootstrap import House, opened

SIZES = (0, 100_000, 1_000_000)
BATCH = 50_000
SEED = 1
LIVED = 5_000
"""Events of the small company whose customers' rows are copied."""


def measure(work: Path, events: int) -> Figure:
    """Fold ``events`` events of 10⁵ customers into stores of growing size."""
    shape = Shape(events, SIZES[1])
    rows = _rows(work)
    state = sum(len(row.state) for row in rows) / len(rows)
    figure = Figure("memory", "does memory grow with customers?", {"events": events, "bytes per copied row": state})
    peaks = {size: _peak(work, shape, rows, size) for size in SIZES}
    for size, peak in peaks.items():
        figure.add(f"{size:,} customers known", peak, "MB", "most held by the folding process")
    figure.add("10⁶ / 10⁵", peaks[SIZES[2]] / peaks[SIZES[1]], "×", "the aim: at most 1.1")
    return figure


def _rows(work: Path) -> list[CustomerRow]:
    with opened(settings(folded(work, Shape.of(LIVED)))) as house:
        return house.store.customers.every(Partition(0), limit=500)


def _peak(work: Path, shape: Shape, rows: Sequence[CustomerRow], size: int) -> float:
    """Return the most memory (MB) that folding into a store of ``size`` customers takes."""
    folder = work / "memory"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(prepared(work, shape), folder)
    with opened(settings(folder)) as house:
        for start in range(0, size, BATCH):
            _fill(house, rows, start, min(size, start + BATCH))
    command = [sys.executable, "-m", "benchmarks.folding", str(folder)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own words
    shutil.rmtree(folder)
    return float(said.stdout)


def _fill(house: House, rows: Sequence[CustomerRow], start: int, end: int) -> None:
    """Write the rows of customers ``start`` to ``end``, as the fold would have left them."""
    copies: dict[Partition, Effects] = {}
    positions = house.store.partitions.positions()
    for number, row in zip(range(start, end), islice(cycle(rows), end - start), strict=True):
        subject = customer(SEED, number).subject
        partition = partition_of(subject.encode(), house.log.partitions)
        at = positions[partition]
        effects = copies.setdefault(
            partition, Effects(partition, at.next_offset, at.next_offset, at.epoch, at.watermark)
        )
        effects.customers[subject] = CustomerRow(subject, row.state, row.last_at, row.score, None, waiting=False)
    with house.store.exclusive(*copies) as rewriter:
        for effects in copies.values():
            rewriter.write(effects)
