"""One hypothesis under watch through the days: a metric of a scope against its target, or against its own past.

Holds what the walk looks up each day: its evidence, whether a shortfall is visible or gone, and once it is confirmed on
which days it may close. The walk itself is ``detector``.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.gaps.days import day_from
from models.gaps.evidence import CLOSING_LN_E
from models.gaps.gap import Gap, Judgement, Kind
from models.gaps.judging import Judged, Path, judge_abreast, together, trailing_shortfall
from models.gaps.measuring import judgement
from models.gaps.metrics import Metric
from models.gaps.own_past import Baseline, baseline_before
from models.gaps.rules import GapRules
from models.gaps.series import DayTable, Series, series_of

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


FOREVER = 2**31
"""A day that never comes."""


@dataclass(slots=True)
class Held:
    """A confirmed gap that is still open, and by day walked whether it may close."""

    gap: Gap
    may_close: Bools


@dataclass(slots=True)
class Track:
    """A hypothesis and its open gaps. ``span``: the days walked, both included, and so of the arrays."""

    kind: Kind
    metric: Metric
    scope: str
    table: DayTable
    path: Path | None
    """The target's path; ``None`` for the own past."""
    target: str | None
    owner: str | None
    span: tuple[int, int]
    rules: GapRules
    seen: Gap | None = None
    """A gap that is visible and not confirmed."""
    held: list[Held] = field(default_factory=list)
    """Confirmed, open, oldest first. More than one only for an own past that dropped again after it had dropped."""
    closed: Gap | None = None
    """The latest closed gap: what a new confirmation may reopen."""
    lanes: list[Judged] = field(init=False)
    """Periods of evidence, three abreast."""
    ln_e: Floats = field(init=False)
    visible: Bools = field(init=False)
    """Days on which a shortfall is worth showing though it may be noise."""
    gone: Bools = field(init=False)
    """Days on which there is no shortfall."""

    @property
    def series(self) -> Series:
        """The observations, made anew at each call: kept for hundreds of tracks they would fill the memory."""
        return series_of(self.table, self.metric)

    @property
    def held_until(self) -> int:
        """The last day on which the newest confirmed gap already says all there is to say; −1 when there is none.

        A target has one open gap at a time. A drop against the own past says nothing of a further one, which shows
        once the eight weeks before are all after the first: otherwise a level that never came back would hide every
        later slump.
        """
        if not self.held:
            return -1
        confirmed = self.held[-1].gap.confirmed
        if self.path is not None or confirmed is None:
            return FOREVER
        return day_from(confirmed) + self.rules.baseline

    def start(self, anchor: int) -> None:
        """Gather evidence afresh from day ``anchor`` on."""
        self.lanes = self._judge(self.path, anchor)
        self.ln_e = self._together(self.lanes, lambda lane: lane.ln_e)
        self.gone = self._any(_level) & ~self._any(_short)
        self.visible = self.ln_e >= np.log(1 / self.rules.searched_alpha)
        if self.path is not None:
            self.visible |= self._any(self._short_by_an_error)

    def judged(self, day: int) -> Judged | None:
        """Return the period of evidence that speaks loudest on ``day``, or the longest; ``None`` before all."""
        begun = [lane for lane in self.lanes if lane.row(day) is not None]
        if not begun:
            return None
        return max(begun, key=lambda lane: (lane.ln_e[day - lane.first], -lane.period[day - lane.first]))

    def judgement(self, day: int) -> Judgement | None:
        """Return what is said on ``day``; ``None`` before any period has begun."""
        lane = self.judged(day)
        return None if lane is None else judgement(lane, day, self.metric, self.rules)

    def _short_by_an_error(self, lane: Judged) -> Bools:
        with np.errstate(invalid="ignore"):
            return np.asarray((lane.z >= self.rules.seen_z) & (lane.days >= self.rules.seen_days), dtype=np.bool_)

    def forget_before(self, day: int) -> None:
        """Say nothing of days before ``day``: what is known of this hypothesis begins there."""
        count = max(0, day - self.span[0])
        self.ln_e[:count], self.visible[:count], self.gone[:count] = -np.inf, False, False

    def hold(self, gap: Gap, anchor: int) -> None:
        """Keep a confirmed gap, and find the days from ``anchor`` on at which it may close.

        e⁺ of "the mean is at most T − δ" must reach 20 since the anchor (in periods of 42 days), and the last 28 days
        must be at target.
        """
        aim = self.path or gap.baseline
        may_close = np.zeros(len(self), dtype=np.bool_)
        if aim is not None:
            ln_e = self._together(self._judge(aim, anchor), lambda lane: lane.ln_closing)
            with np.errstate(invalid="ignore"):
                back = trailing_shortfall(self.series, aim, self.span, self.rules.at_target) <= 0
            may_close = (ln_e >= CLOSING_LN_E) & back
        self.held.append(Held(gap, may_close))

    def __len__(self) -> int:
        """How many days are walked."""
        return self.span[1] - self.span[0] + 1

    def aim(self, day: int, gap: Gap | None = None) -> Path | Baseline | None:
        """Return what ``gap`` (or a new one) is measured against on ``day``; ``None`` when there is no past."""
        if self.path is not None:
            return self.path
        if gap is not None and gap.baseline is not None:
            return gap.baseline
        judged = self.judged(day)
        start = day if judged is None else int(judged.period[day - judged.first])
        past = baseline_before(self.series, start, self.rules)
        return None if isinstance(past, str) else past

    def _judge(self, aim: Path | Baseline | None, anchor: int) -> list[Judged]:
        """Judge from the first period that is still running on the first day walked."""
        begun = (self.span[0] - anchor) // self.rules.stagger - (self.rules.abreast - 1)
        first = anchor + max(0, begun) * self.rules.stagger
        return judge_abreast(self.series, aim, (first, self.span[1]), self.rules, self.metric.worthwhile)

    def _together(self, lanes: Sequence[Judged], of: Callable[[Judged], Floats]) -> Floats:
        """Return ln of the mean e of the lanes, by days walked."""
        if not lanes:
            return np.full(len(self), -np.inf)
        return together([self._aligned(of(lane), lane.first, -np.inf) for lane in lanes], self.rules.abreast)

    def _any(self, of: Callable[[Judged], Bools]) -> Bools:
        """Return on which days walked something holds of any lane."""
        found = np.zeros(len(self), dtype=np.bool_)
        for lane in self.lanes:
            found |= self._aligned(of(lane), lane.first, 0.0) > 0
        return found

    def _aligned(self, values: Floats | Bools, first: int, empty: float) -> Floats:
        """Return ``values`` by day from ``first`` laid out by the days walked."""
        out = np.full(len(self), empty)
        skip, at = max(0, self.span[0] - first), max(0, first - self.span[0])
        part = values[skip:]
        out[at : at + len(part)] = part[: max(0, len(out) - at)]
        return out


def _short(lane: Judged) -> Bools:
    with np.errstate(invalid="ignore"):
        return np.asarray(np.isfinite(lane.variance) & (lane.shortfall > 0), dtype=np.bool_)


def _level(lane: Judged) -> Bools:
    return np.asarray(np.isfinite(lane.variance) & ~_short(lane), dtype=np.bool_)
