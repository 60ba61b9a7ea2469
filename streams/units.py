"""Experiment units: one row per customer that met an arm, whose outcome is the customer's own value in a fixed window.

Which values there are is in ``outcomes``; what they mean (estimates, verdicts) is ``experiments``' business.
Neither time nor any event after ``matures_at`` changes a unit; an event from before it that arrives later does, as long
as the unit's facts are held (``held_from``).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experiments.design import PRE_PERIOD
from models.cells import Contribution
from models.customers import FrozenJourney
from models.definitions import Definitions, LiveExperiment
from models.effects import UnitRow
from models.facts import AnyFact, ExposureFact
from models.identifiers import Millis, Subject
from models.policy import Policy
from models.scoring import contributions, journeys_of
from models.scoring.rescue import rescues_of
from streams.facts import FREEZE_HORIZON, LATE_HORIZON
from streams.outcomes import Lived, Span, outcome


@dataclass(frozen=True, slots=True)
class Person:
    """What a unit's values are taken from: everything of one customer that is still in play."""

    subject: Subject
    facts: Sequence[AnyFact]
    contributions: Sequence[Contribution]
    """Under every policy in force, as of ``asof``."""
    frozen: Sequence[FrozenJourney]
    asof: Millis

    def until(self, moment: Millis, policy: Policy, definitions: Definitions) -> "Person":
        """Return the person as known at ``moment``: the facts up to then, and their journeys scored as of then."""
        facts = [fact for fact in self.facts if fact.time <= moment]
        journeys = journeys_of(facts, policy, {journey.key for journey in self.frozen})
        parts = contributions(journeys, self.frozen, policy, definitions.scopes, moment)
        return Person(self.subject, facts, [c for own in parts.values() for c in own], self.frozen, moment)


def units(person: Person, live: Iterable[LiveExperiment], definitions: Definitions) -> list[UnitRow]:
    """Return the unit rows of ``person`` in the ``live`` experiments."""
    exposures = [fact for fact in person.facts if isinstance(fact, ExposureFact)]
    rows = (_unit(person, experiment, exposures, definitions) for experiment in live)
    return [row for row in rows if row is not None]


def exposed(facts: Iterable[AnyFact]) -> bool:
    """Tell whether the customer met any experiment."""
    return any(isinstance(fact, ExposureFact) for fact in facts)


def held_from(facts: Iterable[AnyFact], live: Sequence[LiveExperiment], clock: int) -> int | None:
    """Return the time from which facts must stay in the row for an experiment's sake; ``None`` when none does.

    An exposure and the journeys of its pre-period stay until the outcome is final and the exposure itself is old, so
    that a unit is computed from all of its facts or not at all.
    """
    if not live:
        return None
    needed = [
        first.time - min(experiment.pre_window, PRE_PERIOD)
        for experiment, first in _firsts(facts, live)
        if clock <= _held_until(experiment, first)
    ]
    return min(needed, default=None)


def final(facts: Iterable[AnyFact], live: Sequence[LiveExperiment], clock: int) -> list[str]:
    """Return the ``live`` experiments in which the unit is held no longer: once facts leave, it stays as it is."""
    return [experiment.id for experiment, first in _firsts(facts, live) if clock > _held_until(experiment, first)]


def _firsts(facts: Iterable[AnyFact], live: Sequence[LiveExperiment]) -> list[tuple[LiveExperiment, ExposureFact]]:
    """Return each experiment that the customer met, with the exposure that made the unit."""
    exposures = [fact for fact in facts if isinstance(fact, ExposureFact)]
    if not exposures:
        return []
    owned = ((experiment, _own(experiment, exposures)) for experiment in live)
    return [(experiment, own[0]) for experiment, own in owned if own]


def _own(experiment: LiveExperiment, exposures: Iterable[ExposureFact]) -> list[ExposureFact]:
    return [fact for fact in exposures if fact.experiment == experiment.id and fact.arm in experiment.arms]


def _held_until(experiment: LiveExperiment, first: ExposureFact) -> int:
    return first.time + max(experiment.window + LATE_HORIZON, FREEZE_HORIZON)


def _unit(
    person: Person, experiment: LiveExperiment, exposures: Sequence[ExposureFact], definitions: Definitions
) -> UnitRow | None:
    own = _own(experiment, exposures)
    if not own:
        return None
    first = own[0]
    matures_at = Millis(first.time + experiment.window)
    lived = _lived(person, experiment, matures_at, definitions)
    before = Span(first.time - min(experiment.pre_window, PRE_PERIOD), first.time)
    after = Span(first.time, matures_at)
    pre_n, pre_sum = outcome(experiment.metric, lived, before, experiment.scope)
    n, total = outcome(experiment.metric, lived, after, experiment.scope)
    moved = (0, 0) if experiment.mechanism is None else outcome(experiment.mechanism, lived, after, experiment.scope)
    return UnitRow(
        experiment=experiment.id,
        subject=person.subject,
        arm=first.arm,
        exposed_at=first.time,
        matures_at=matures_at,
        pre_n=pre_n,
        pre_sum=pre_sum,
        n=n,
        total=total,
        mechanism_n=moved[0],
        mechanism=moved[1],
        guardrails={metric: outcome(metric, lived, after, experiment.scope) for metric in experiment.guardrails},
        crossed=any(fact.arm != first.arm and fact.time <= matures_at for fact in own),
        cluster=cluster_of(first, experiment.clusters),
    )


def cluster_of(exposure: AnyFact, clusters: Sequence[str]) -> str:
    """Return which of ``clusters`` a fact names: as a segment's value, touchpoint, channel, staff or source."""
    if not clusters:
        return ""
    places = (exposure.touchpoint, exposure.channel, exposure.staff or "", exposure.source)
    named = (*(value for _, value in exposure.segment), *places)
    return next((name for name in named if name in clusters), "")


def _lived(person: Person, experiment: LiveExperiment, matures_at: Millis, definitions: Definitions) -> Lived:
    policy = next((p for p in definitions.policies if p.version == experiment.policy), definitions.active)
    if person.asof > matures_at:
        person = person.until(matures_at, policy, definitions)
    rescues = []
    if "rescues" in {experiment.metric, experiment.mechanism, *experiment.guardrails}:
        journeys = journeys_of(person.facts, policy, {journey.key for journey in person.frozen})
        rescues = rescues_of(person.subject, journeys, policy, person.asof)
    return Lived(
        facts=person.facts,
        contributions=[c for c in person.contributions if c.policy == experiment.policy],
        rescued=[rescue.raised_at for rescue in rescues],
        declared=definitions.scopes,
    )
