"""The whole table: every design with its own seeded generator, so that a row does not depend on the rows before it."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from benchmarks.figures import Figure
from benchmarks.statistics import clusters, customers, dates, metrics, ratio, rollouts, switchback
from benchmarks.statistics.measured import Measured

SEED = 20_260_101

Measure = Callable[[np.random.Generator, int], Iterator[Measured]]

PARTS: Mapping[str, tuple[Measure, int]] = {
    "customers": (customers.measure, 20_000),
    "sample ratio": (ratio.measure, 10_000),
    "metrics": (metrics.measure, 2_000),
    "clusters": (clusters.measure, 4_000),
    "switchback": (switchback.measure, 2_000),
    "roll-outs": (rollouts.measure, 1_000),
    "before/after": (dates.measure, 3_000),
}
"""Each part of the table, and how many runs it takes; all of it takes a few minutes of one core."""

FEWEST = 100


def table(scale: float = 1.0, seed: int = SEED) -> dict[str, list[Measured]]:
    """Return the rows of every part; ``scale`` multiplies the runs."""
    found = {}
    for number, (name, (measure, runs)) in enumerate(PARTS.items()):
        rng = np.random.default_rng([seed, number])
        found[name] = list(measure(rng, max(FEWEST, round(scale * runs))))
    return found


def figure(parts: Mapping[str, list[Measured]]) -> Figure:
    """Return the table as a benchmark's figure."""
    rows = [row for part in parts.values() for row in part]
    kept = sum(row.holds for row in rows if row.promise)
    promised = sum(bool(row.promise) for row in rows)
    shown = Figure(
        "statistics",
        "how often are the statistics of experiments wrong?",
        {"seed": SEED, "promises kept": f"{kept} of {promised}"},
    )
    for row in rows:
        said = [f"± {row.error:.2g} in {row.runs:,} runs"]
        said += [f"promised {row.promise}"] if row.promise else []
        said += ["BROKEN"] if not row.holds else []
        said += [f"stated {row.stated}"] if row.stated else []
        shown.add(f"{row.design}: {row.what}", row.value, row.unit, ", ".join(said))
    return shown
