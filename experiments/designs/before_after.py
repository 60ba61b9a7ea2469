"""Before and after a date, for the whole scope: what is left when nothing can be randomised. Evidence grade C.

Never "confirmed": whatever else happened on that date is in the effect. An adoption is provisional and looked at again
after 60 days. Dates in the past on which nothing was changed (placebo dates) tell how often such a series "finds" one.
"""

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from experiments.designs.check import Check, Opinion
from experiments.designs.frame import Frame
from experiments.designs.panel import Table
from experiments.designs.rerandomisation import p_value
from experiments.designs.timetable import Timetable, origin_of
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.segmented import LEAST_AFTER, LEAST_BEFORE, placebos, segmented
from models.identifiers import DAY
from models.intervals import Z95

Floats = npt.NDArray[np.float64]

LEAST_PLACEBOS = 19
"""With fewer no p-value among placebo dates reaches 5 %."""

SUSPECT = 0.10
"""When more of the placebo dates than this "find" an effect at 5 %, the regression does not fit the series."""

MOST_MISSING = 0.1
"""More days than this with nothing measured, and there is no series."""


class BeforeAfter(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="layout", tag="before_after"):
    """``past`` days before the start are what the days after it are compared with."""

    past: int = 112

    def missing(self, frame: Frame) -> Iterator[str]:
        """Yield what stands against starting, one sentence each."""
        after = (frame.ends - origin_of(frame.begins, DAY)) // DAY
        if after < LEAST_AFTER:
            yield f"{after} days after the date are too few: no look is allowed before {LEAST_AFTER}"
        needed = LEAST_BEFORE + max(after, LEAST_AFTER) + LEAST_PLACEBOS - 1
        if self.past < needed:
            yield f"{self.past} days of the past are too few for {LEAST_PLACEBOS} placebo dates: {needed} are needed"
        if frame.stopping != "fixed":
            yield "before and after is judged once, at its end: choose the fixed stopping rule"

    def timetable(self, salt: str, frame: Frame) -> Timetable:
        """Return the days: all before the start untreated, all after it treated; nothing is drawn."""
        del salt
        origin = origin_of(frame.begins, DAY)
        after = max(0, frame.ends - origin) // DAY
        return Timetable(origin, DAY, -self.past, {"": (False,) * self.past + (True,) * after})

    def effect(self, table: Table) -> Estimate | NoEstimate:
        """Return the segmented regression's mean change."""
        series = _series(table)
        return series if isinstance(series, NoEstimate) else segmented(series, table.zero)

    def opinion(self, table: Table, salt: str) -> Opinion:
        """Return the p-value among placebo dates, and whether those look as they should."""
        del salt
        series = _series(table)
        if isinstance(series, NoEstimate):
            return Opinion()
        found = segmented(series, table.zero)
        if isinstance(found, NoEstimate):
            return Opinion()
        t = placebos(series[: table.zero], len(series) - table.zero)
        p = p_value(found.value / found.standard_error, t, exact=False)
        return Opinion(p, "placebo dates", (placebo_check(t),))


def _series(table: Table) -> Floats | NoEstimate:
    """Return the days' values, gaps drawn straight; or why there is no series."""
    values = table.values[0]
    known = ~np.isnan(values)
    if not len(values) or known.mean() < 1.0 - MOST_MISSING:
        return NoEstimate("nothing_measured", "more than a tenth of the days have nothing measured")
    days = np.arange(len(values))
    return np.asarray(np.interp(days, days[known], values[known]))


def placebo_check(t: Floats) -> Check:
    """Return whether the placebo dates' t-values (dates,) look as if nothing had happened on them."""
    if len(t) < LEAST_PLACEBOS:
        return Check(
            "placebo dates",
            None,
            None,
            f"Only {len(t)} placebo dates: too few to judge by.",
            f"Seulement {len(t)} dates placebo : trop peu pour juger.",
        )
    share = float((np.abs(t) > Z95).mean())
    english = f"{share:.0%} of {len(t)} placebo dates look like an effect".replace("%", " %")
    french = f"{share:.0%} des {len(t)} dates placebo ressemblent à un effet".replace("%", " %")
    if share > SUSPECT:
        return Check(
            "placebo dates",
            passed=False,
            p=None,
            english=f"{english}: such a series proves little.",
            french=f"{french} : une telle série prouve peu.",
        )
    return Check("placebo dates", passed=True, p=None, english=f"{english}.", french=f"{french}.")
