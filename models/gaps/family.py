"""A family of hypotheses that share one stated error: each evening, which gaps are seen, confirmed, closed or gone.

Confirmation goes by e-BH over the whole family; a confirmed gap keeps the evidence it was confirmed with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np

from models.gaps import states
from models.gaps.days import date_of, day_from
from models.gaps.ebh import rejected
from models.gaps.gap import Gap, Judgement, State, Step, id_of
from models.gaps.judging import Path
from models.gaps.measuring import Facts, began, lately, measured
from models.gaps.own_past import Baseline
from models.gaps.tracking import FOREVER, Track

What = Literal["seen", "confirmed", "reopened", "closed", "faded", "expired", "measured"]
"""``measured`` only refreshes the figures of an open gap; it is given for the last day walked."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one gap on one day, and the gap as it is after it."""

    what: What
    on: date
    gap: Gap


class Family:
    """Hypotheses confirmed together at ``alpha``; K is all of them, with data or without."""

    def __init__(self, tracks: Sequence[Track], alpha: float, facts: Facts) -> None:
        self._tracks = tracks
        self._alpha = alpha
        self._facts = facts
        days = tracks[0].span[1] - tracks[0].span[0] + 1 if tracks else 0
        self._ln_e = np.array([track.ln_e for track in tracks]).reshape(len(tracks), days)
        self._visible = np.array([track.visible for track in tracks], dtype=np.bool_).reshape(len(tracks), days)
        self._gone = np.array([track.gone for track in tracks], dtype=np.bool_).reshape(len(tracks), days)
        self._frozen = np.full(len(tracks), np.nan)
        self._held_until = np.full(len(tracks), -1, dtype=np.int64)
        self._seen = np.zeros(len(tracks), dtype=np.bool_)
        for index in range(len(tracks)):
            self._note(index)

    def evening(self, day: int, burning: frozenset[str]) -> list[Change]:
        """Return what changed on ``day``; call once per day, in order."""
        if not self._tracks:
            return []
        at = day - self._tracks[0].span[0]
        changes = self._expire(day) + self._close(day, at)
        confirmed = self._confirm(day, at)
        return changes + confirmed + self._see(day, at, burning) + self._fade(day, at)

    def refreshed(self, day: int) -> list[Change]:
        """Return every open gap with its figures as of ``day``."""
        out = []
        for track in self._tracks:
            if track.seen is not None:
                track.seen = self._figures(track, track.seen, day)
                track.seen = replace(track.seen, judged=track.judgement(day) or track.seen.judged)
                out.append(Change("measured", date_of(day), track.seen))
            for held in track.held:
                held.gap = self._figures(track, held.gap, day)
                out.append(Change("measured", date_of(day), held.gap))
        return out

    def _note(self, index: int) -> None:
        """Keep the family's arrays in step with one track."""
        track = self._tracks[index]
        self._ln_e[index], self._visible[index], self._gone[index] = track.ln_e, track.visible, track.gone
        self._seen[index] = track.seen is not None
        self._held_until[index] = track.held_until
        ln_e = track.held[-1].gap.ln_e if track.held else None
        self._frozen[index] = np.nan if ln_e is None else ln_e

    def _expire(self, day: int) -> list[Change]:
        out = []
        for index in np.flatnonzero(self._seen | (self._held_until >= 0)).tolist():
            track = self._tracks[index]
            if track.seen is not None and _expired(track.seen, day):
                track.seen = states.expire(track.seen, date_of(day))
                out.append(Change("expired", date_of(day), track.seen))
            for held in track.held:
                if _expired(held.gap, day):
                    held.gap = states.expire(held.gap, date_of(day))
                    out.append(Change("expired", date_of(day), held.gap))
        return out

    def _close(self, day: int, at: int) -> list[Change]:
        out = []
        for index in np.flatnonzero(self._held_until >= 0).tolist():
            track = self._tracks[index]
            closing = [held for held in track.held if held.may_close[at]]
            for held in closing:
                gap = self._figures(track, held.gap, day)
                track.closed = states.close(gap, date_of(day), f"at target for 28 days: {gap.now.words}")
                track.held.remove(held)
                out.append(Change("closed", date_of(day), track.closed))
            if closing:
                track.start(max(day, track.held_until if track.held else day) + 1)
                self._note(index)
        return out

    def _confirm(self, day: int, at: int) -> list[Change]:
        held = day <= self._held_until
        ln_e = np.where(held, self._frozen, self._ln_e[:, at])
        out = []
        for index in np.flatnonzero(rejected(ln_e, self._alpha, len(self._tracks)) & ~held).tolist():
            track = self._tracks[index]
            aim, judged = track.aim(day), track.judgement(day)
            if aim is not None and judged is not None:
                out.append(self._confirmed(track, aim, judged, float(ln_e[index])))
                self._note(index)
        return out

    def _confirmed(self, track: Track, aim: Path | Baseline, judged: Judgement, ln_e: float) -> Change:
        on, base = judged.last, aim if isinstance(aim, Baseline) else None
        day = day_from(on)
        what: What = "confirmed"
        if not track.held and track.closed is not None and states.may_reopen(track.closed, on, track.rules):
            what, gap = "reopened", states.reopen(track.closed, on, judged, ln_e, base)
        else:
            gap = states.confirm(track.seen or self._new(track, aim, judged), on, judged, ln_e, base)
        gap = replace(gap, since=began(track.series, aim, day), policy=self._facts.policy)
        gap = self._figures(track, gap, day)
        track.seen = None
        track.hold(gap, day + 1)
        if track.held_until < FOREVER:
            track.start(track.held_until + 1)
        return Change(what, on, gap)

    def _see(self, day: int, at: int, burning: frozenset[str]) -> list[Change]:
        out = []
        burns = np.array([track.target in burning for track in self._tracks], dtype=np.bool_)
        fresh = ~self._seen & (day > self._held_until)
        for index in np.flatnonzero((self._visible[:, at] | burns) & fresh).tolist():
            track = self._tracks[index]
            if track.closed is not None and states.may_reopen(track.closed, date_of(day), track.rules):
                continue
            aim, judged = track.aim(day), track.judgement(day)
            if aim is None or judged is None:
                continue
            track.seen = self._new(track, aim, judged)
            self._note(index)
            out.append(Change("seen", date_of(day), track.seen))
        return out

    def _fade(self, day: int, at: int) -> list[Change]:
        out = []
        for index in np.flatnonzero(self._gone[:, at] & self._seen).tolist():
            track = self._tracks[index]
            if track.seen is None:
                continue
            judged = track.judgement(day) or track.seen.judged
            out.append(Change("faded", date_of(day), states.fade(track.seen, date_of(day), judged.words)))
            track.seen = None
            self._note(index)
        return out

    def _new(self, track: Track, aim: Path | Baseline, judged: Judgement) -> Gap:
        """Return the gap first seen on the judgement's last day."""
        on = judged.last
        return Gap(
            id=id_of(track.kind, track.metric.name, track.scope, track.target, on=on),
            kind=track.kind,
            metric=track.metric.name,
            scope=track.scope,
            state=State.SEEN,
            policy=self._facts.policy,
            first_seen=on,
            since=began(track.series, aim, day_from(on)),
            judged=judged,
            now=judged,
            target=track.target,
            owner=track.owner,
            steps=(Step(on, None, State.SEEN, judged.words),),
        )

    def _figures(self, track: Track, gap: Gap, day: int) -> Gap:
        """Return the gap with its last 28 days, causes, reach and impact as of ``day``."""
        aim = track.aim(day, gap)
        if aim is not None:
            gap = replace(gap, now=lately(track.series, aim, day, track.metric, track.rules))
        return measured(gap, self._facts, track.metric, day)


def _expired(gap: Gap, day: int) -> bool:
    return gap.accepted is not None and day > day_from(gap.accepted.until)
