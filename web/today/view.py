"""What the first page shows: whom to call, what to explain, what to decide, and the headline scores."""

from dataclasses import dataclass

from experiments.ledger import Experiment
from experiments.states import State
from models.cells import ScopeScore, Unit, value_of
from models.gaps.gap import Gap
from models.gaps.gap import State as GapState
from models.identifiers import DAY, Millis
from streams.bootstrap import House
from streams.calls import Call, calls_now
from web.pages.periods import last_moment

UNITS: tuple[Unit, ...] = ("journey", "contact", "customer")
TO_DECIDE = frozenset({State.EVALUATED})
MOST = 5


@dataclass(frozen=True, slots=True)
class Headline:
    """A score of the last day, and of the week before it."""

    now: ScopeScore
    before: ScopeScore

    @property
    def change(self) -> int | None:
        """Hundredths of a point against the week before; ``None`` while either lacks data."""
        if self.now.value is None or self.before.value is None:
            return None
        return self.now.value - self.before.value


@dataclass(frozen=True, slots=True)
class TodayView:
    """The whole page."""

    headlines: tuple[Headline, ...]
    calls: tuple[Call, ...]
    calls_in_all: int
    gaps: tuple[Gap, ...]
    decide: tuple[Experiment, ...]
    running: tuple[Experiment, ...]
    end: Millis
    past: bool
    received: int


def today_view(house: House) -> TodayView:
    """Return the page as of now."""
    policy = house.definitions().active
    store, now = house.store, house.now()
    end, past = last_moment(store, policy.version, now)
    day = store.cells.total(policy.version, "all", (Millis(end - DAY), end))
    week = store.cells.total(policy.version, "all", (Millis(end - 8 * DAY), Millis(end - DAY)))
    calls = calls_now(store, policy, now)
    experiments = [kept.experiment for kept in store.experiments.all()]
    confirmed = [kept.gap for kept in store.gaps.all([GapState.CONFIRMED])]
    return TodayView(
        headlines=tuple(Headline(value_of(day, unit), value_of(week, unit)) for unit in UNITS),
        calls=tuple(calls[:MOST]),
        calls_in_all=len(calls),
        gaps=tuple(sorted(confirmed, key=lambda gap: -gap.judged.shortfall)[:MOST]),
        decide=tuple(e for e in experiments if e.state in TO_DECIDE),
        running=tuple(e for e in experiments if e.state in {State.RUNNING, State.MEASURING, State.HALTED}),
        end=end,
        past=past,
        received=store.partitions.counters().received,
    )
