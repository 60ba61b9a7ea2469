"""Experiment units: one row per customer that met an arm, whose outcome is the customer's own value in a fixed window.

Which values there are is in ``outcomes``; what they mean (estimates, verdicts) is ``experiments``' business.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.cells import Contribution
from models.definitions import Definitions, LiveExperiment
from models.effects import UnitRow
from models.facts import AnyFact, ExposureFact
from models.identifiers import DAY, Millis, Subject
from models.scoring import Journey
from models.scoring.rescue import rescues_of
from streams.facts import FREEZE_HORIZON, LATE_HORIZON
from streams.outcomes import Lived, Span, outcome

PRE_PERIOD: Millis = Millis(30 * DAY)
"""Longest pre-period that can be promised: journeys older than the freezing horizon may have left the row."""


@dataclass(frozen=True, slots=True)
class Person:
    """What a unit's values are taken from: everything of one customer that is still in play."""

    subject: Subject
    facts: Sequence[AnyFact]
    journeys: Sequence[Journey]
    contributions: Sequence[Contribution]
    """Under every policy in force."""
    asof: Millis


def units(person: Person, definitions: Definitions) -> list[UnitRow]:
    """Return the unit rows of ``person`` in the experiments that are live."""
    exposures = [fact for fact in person.facts if isinstance(fact, ExposureFact)]
    rows = (_unit(person, experiment, exposures, definitions) for experiment in definitions.experiments)
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
    windows = {experiment.id: experiment for experiment in live}
    needed = [
        fact.time - min(experiment.pre_window, PRE_PERIOD)
        for fact in facts
        if isinstance(fact, ExposureFact)
        and (experiment := windows.get(fact.experiment)) is not None
        and clock <= fact.time + max(experiment.window + LATE_HORIZON, FREEZE_HORIZON)
    ]
    return min(needed, default=None)


def _unit(
    person: Person, experiment: LiveExperiment, exposures: Sequence[ExposureFact], definitions: Definitions
) -> UnitRow | None:
    own = [fact for fact in exposures if fact.experiment == experiment.id and fact.arm in experiment.arms]
    if not own:
        return None
    first = own[0]
    lived = _lived(person, experiment, definitions)
    before = Span(first.time - min(experiment.pre_window, PRE_PERIOD), first.time)
    after = Span(first.time, first.time + experiment.window)
    pre_n, pre_sum = outcome(experiment.metric, lived, before, experiment.scope)
    n, total = outcome(experiment.metric, lived, after, experiment.scope)
    mechanism = None if experiment.mechanism is None else outcome(experiment.mechanism, lived, after, experiment.scope)
    return UnitRow(
        experiment=experiment.id,
        subject=person.subject,
        arm=first.arm,
        exposed_at=first.time,
        matures_at=Millis(first.time + experiment.window),
        pre_n=pre_n,
        pre_sum=pre_sum,
        n=n,
        total=total,
        mechanism=0 if mechanism is None else mechanism[1],
        guardrails={metric: outcome(metric, lived, after, experiment.scope) for metric in experiment.guardrails},
        crossed=any(fact.arm != first.arm for fact in own),
    )


def _lived(person: Person, experiment: LiveExperiment, definitions: Definitions) -> Lived:
    policy = next((p for p in definitions.policies if p.version == experiment.policy), definitions.active)
    metrics = {experiment.metric, experiment.mechanism, *experiment.guardrails}
    rescues = rescues_of(person.subject, person.journeys, policy, person.asof) if "rescues" in metrics else []
    return Lived(
        facts=person.facts,
        contributions=[c for c in person.contributions if c.policy == experiment.policy],
        rescued=[rescue.raised_at for rescue in rescues],
        declared=definitions.scopes,
    )
