"""Simulated A/A: the very design, drawn again and again over a past in which nothing was changed.

What it "finds" there are false alarms, and how far its estimates scatter is its standard error: no assumption about how
customers, sites or days resemble each other goes into either. The draws depend on the salt alone.
"""

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from msgspec import structs

from experiments.designs import BeforeAfter, Frame, Layout
from experiments.designs.panel import Table
from experiments.designs.rerandomisation import drawn_masks
from experiments.estimators import Estimate, NoEstimate, cuped_ratio
from experiments.estimators.segmented import LEAST_BEFORE, segmented
from experiments.moments import Comoments
from experiments.rehearsal import PROMISED, Rehearsal
from models.errors import InvalidInput
from models.identifiers import DAY

Floats = npt.NDArray[np.float64]

RUNS = 1_000

AT_ONCE = 50
"""Draws held at a time: 50 of 20,000 customers take 8 MB."""


def rehearse_customers(rows: Floats, share: float, salt: str, days: float, runs: int = RUNS) -> Rehearsal:
    """Return what splitting past customers at random finds: ``share`` of them "treated", ``runs`` times.

    ``rows`` (n, 4): total, n, total before, n before of each customer, as ``cuped_ratio`` takes them; for a metric that
    is a mean per customer both n are 1. ``days``: how long the past was. Raises ``InvalidInput`` for too few customers.
    """
    whole, found = Comoments.of(rows), []
    for first in range(0, runs, AT_ONCE):
        count = min(AT_ONCE, runs - first)
        for mask in drawn_masks(len(rows), round(share * len(rows)), count, f"{salt}/rehearsal/{first}"):
            treated = Comoments.of(rows[mask])
            found.append(cuped_ratio(_others(whole, treated), treated))
    return structs.replace(_rehearsal(found, days), units=len(rows))


def _others(whole: Comoments, part: Comoments) -> Comoments:
    """Return the moments of the rows of ``whole`` that are not in ``part``: the merge, undone."""
    n = whole.n - part.n
    means = (whole.means * whole.n - part.means * part.n) / n
    delta = part.means - means
    products = whole.products - part.products - np.outer(delta, delta) * (n * part.n / whole.n)
    return Comoments(n, means, products)


def rehearse_layout(layout: Layout, past: Table, frame: Frame, salt: str, runs: int = RUNS) -> Rehearsal:
    """Return what drawing the layout anew over the ``past`` finds, ``runs`` times.

    ``past.values`` must have as many columns as the plan's timetable has periods, of the same length; for before/after
    as many past days as there are: every date in them is tried. Raises ``InvalidInput`` for a shorter past.
    """
    if isinstance(layout, BeforeAfter):
        return _at_every_date(layout, past, frame)
    found = []
    for run in range(runs):
        timetable = layout.timetable(f"{salt}/rehearsal/{run}", frame)
        columns = timetable.beyond - timetable.first
        if past.values.shape[1] < columns:
            raise InvalidInput(f"past: it has {past.values.shape[1]} periods and the plan {columns}; give a longer one")
        treated = np.array([timetable.treated[cluster] for cluster in past.clusters], dtype=np.bool_)
        table = replace(past, first=timetable.first, values=past.values[:, -columns:], treated=treated)
        found.append(layout.effect(table))
    return _rehearsal(found, (frame.ends - frame.begins) / DAY)


def _at_every_date(layout: BeforeAfter, past: Table, frame: Frame) -> Rehearsal:
    """Return what the regression finds at each past date that has the plan's days on either side."""
    after = (frame.ends - frame.begins) // DAY
    before = max(LEAST_BEFORE, min(layout.past, past.values.shape[1] - after))
    series = past.values[0]
    starts = range(len(series) - before - after + 1)
    found = [segmented(series[start : start + before + after], before) for start in starts]
    return _rehearsal(found, float(after))


def _rehearsal(found: list[Estimate | NoEstimate], days: float) -> Rehearsal:
    """Return the record of all runs that gave an estimate; raises ``InvalidInput`` when none did."""
    estimates = [one for one in found if isinstance(one, Estimate)]
    if not estimates:
        reason = found[0].reason if found and isinstance(found[0], NoEstimate) else "the past is too short"
        raise InvalidInput(f"past: the design cannot be rehearsed ({reason}); give more of it")
    alarms = sum(one.p_value <= PROMISED for one in estimates)
    spread = math.sqrt(sum(one.value**2 for one in estimates) / len(estimates))
    df = float(np.median([one.df for one in estimates]))
    return Rehearsal(len(estimates), alarms, spread, df, days)
