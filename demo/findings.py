"""What Ressenti found in the demo, next to what was planted: plain data, read from the store.

Printing is in ``demo.showing``; what was planted is in ``demo.truth``.
"""

from dataclasses import dataclass

from demo import story, trial
from demo.calendar import Plan
from demo.courses import day
from demo.planted import DEGRADED, PROMISES
from demo.truth import contact_loss, effect, late_points
from experiments.ledger import Experiment
from models.causes import Cause
from models.cells import ScopeScore, Unit
from models.customers import unpack
from models.effects import Counters
from models.errors import InvariantBroken
from models.gaps.gap import Gap
from models.gaps.gap import State as GapState
from models.identifiers import DAY, Millis
from models.policy import Policy
from models.scoring import journeys_of, score_journey
from models.scoring.spread import scope_score
from streams.bootstrap import House
from streams.calls import Call, calls_now

SCORED: tuple[tuple[Unit, str], ...] = (
    ("journey", "all"),
    ("contact", "all"),
    ("customer", "all"),
    ("contact", "touchpoint:outage_support"),
    ("contact", "touchpoint:billing"),
    ("contact", "touchpoint:cancellation"),
    ("journey", "touchpoint:delivery"),
    ("contact", "touchpoint:shop"),
)
PERIOD = 28 * DAY


@dataclass(frozen=True, slots=True)
class ScoreFound:
    """A score of the last four weeks."""

    scope: str
    score: ScopeScore


@dataclass(frozen=True, slots=True)
class GapFound:
    """A confirmed gap, and what was planted where it lies: points by cause, and since when."""

    gap: Gap
    planted: dict[str, float]
    planted_since: str | None


@dataclass(frozen=True, slots=True)
class MomentFound:
    """One event of the story: the score docs/method.md tells, and the one the store's facts give (both in points)."""

    minute: int
    says: str
    told: float
    found: float | None
    rescue: bool


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything the demo shows."""

    counters: Counters
    scores: tuple[ScoreFound, ...]
    gaps: tuple[GapFound, ...]
    seen: int
    """Gaps that are seen and not confirmed."""
    calls: tuple[Call, ...]
    story: tuple[MomentFound, ...]
    experiment: Experiment
    true_effect: float


def findings(house: House, plan: Plan, now: Millis) -> Findings:
    """Return what ``house`` knows as of ``now``."""
    policy = house.definitions().active
    days = ((now - PERIOD) // DAY, (now - 1) // DAY)
    tables = house.store.day_tables.tables(policy.version, {scope for _, scope in SCORED}, days)
    gaps = [kept.gap for kept in house.store.gaps.list_open()]
    confirmed = sorted((gap for gap in gaps if gap.confirmed), key=lambda gap: (gap.kind, -gap.judged.shortfall))
    return Findings(
        counters=house.store.partitions.counters(),
        scores=tuple(ScoreFound(scope, scope_score(tables[scope], unit)) for unit, scope in SCORED),
        gaps=tuple(GapFound(gap, *_planted(gap, plan)) for gap in confirmed),
        seen=sum(gap.state is GapState.SEEN for gap in gaps),
        calls=tuple(calls_now(house.store, policy, now)),
        story=_story(house, policy),
        experiment=house.store.experiments.get(trial.EXPERIMENT).experiment,
        true_effect=effect(),
    )


def _planted(gap: Gap, plan: Plan) -> tuple[dict[str, float], str | None]:
    """Return what the truth says of a gap's touchpoint."""
    if (gap.kind, gap.metric) == ("target", "contact_score"):
        return {cause.value: points for cause, points in contact_loss(gap.scope.partition(":")[2]).items()}, None
    if gap.kind == "own_past" and gap.scope in {"touchpoint:delivery", "source:logistics"}:
        more = late_points(DEGRADED["delivery"]) - late_points(PROMISES["delivery"])
        return {Cause.LATE.value: more}, day(plan.degraded_at).isoformat()
    return {}, None


def _story(house: House, policy: Policy) -> tuple[MomentFound, ...]:
    """Score the story again from the facts the store kept, event after event."""
    packed = house.store.customers.state(story.subject())
    if packed is None:
        raise InvariantBroken("the story's customer is not in the store; report this")
    facts = [fact for fact in unpack(packed).facts if fact.journey == story.JOURNEY]
    raised = {kept.row.raised_at for kept in house.store.rescues.of(story.subject())}
    found = []
    for count, (moment, fact) in enumerate(zip(story.MOMENTS, facts, strict=True), start=1):
        (journey,) = journeys_of(facts[:count], policy)
        shown = score_journey(journey, policy, fact.time).shown
        points = None if shown is None else shown / 100
        found.append(MomentFound(moment.minute, moment.says, moment.score, points, fact.time in raised))
    return tuple(found)
