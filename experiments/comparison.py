"""All that is compared: effect on the expected metric, on every guardrail, on the mechanism, good positive.

How a metric is compared is in ``contrast``; what the effects mean for the experiment is ``evaluation``'s.
"""

from dataclasses import dataclass, field

from experiments.cohorts import Snapshot
from experiments.contrast import FIRST_GUARDRAIL, MECHANISM, Contrast, Found, contrast_of
from experiments.design import Design
from experiments.designs import Opinion
from experiments.estimators import NoEstimate
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.plan import Direction, Expected, Guardrail, sign_of
from models.errors import InvalidInput
from models.identifiers import Millis

__all__ = ["Comparison", "Found", "Further", "compare"]


@dataclass(frozen=True, slots=True)
class Further:
    """Another primary result: what was expected of it, what was found, and the design's second ``opinion`` on that."""

    expected: Expected
    effect: Found
    opinion: Opinion


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the mature units give, and the frozen parts of the record that judge it.

    ``further`` are the other primary results; ``opinion`` is the design's second one on the ``primary``.
    """

    experiment: Experiment
    design: Design
    expected: Expected
    started_at: Millis
    mature: dict[str, int]
    primary: Found
    guardrails: tuple[tuple[Guardrail, Found], ...]
    mechanism: Found
    further: tuple[Further, ...] = ()
    opinion: Opinion = field(default_factory=Opinion)


def compare(experiment: Experiment, snapshot: Snapshot) -> Comparison:
    """Return the comparison; raises ``InvalidInput`` when the experiment was never started."""
    design, expected = experiment.plan.design, experiment.plan.expected
    if design is None or expected is None or experiment.started_at is None:
        raise InvalidInput(f"experiment {experiment.id}: it was never started; there is nothing to evaluate")
    contrast = contrast_of(experiment, design, snapshot)
    return Comparison(
        experiment=experiment,
        design=design,
        expected=expected,
        started_at=experiment.started_at,
        mature=contrast.mature,
        primary=_oriented(contrast.primary(expected.metric), expected.metric, expected.direction),
        guardrails=tuple(_guardrails(experiment, contrast)),
        mechanism=_mechanism(experiment, contrast),
        further=tuple(_further(experiment, contrast)),
        opinion=contrast.opinion(expected.metric),
    )


def _oriented(found: Found, metric: str, direction: Direction) -> Found:
    """Return the estimate in the metric's unit with the good direction positive."""
    if isinstance(found, NoEstimate):
        return found
    return found.scaled(measure_of(metric).scale * sign_of(direction))


def _columns(experiment: Experiment) -> dict[str, int]:
    """Return where each watched metric's total is."""
    return {guardrail.metric: FIRST_GUARDRAIL + 2 * i for i, guardrail in enumerate(experiment.guardrails)}


def _guardrails(experiment: Experiment, contrast: Contrast) -> list[tuple[Guardrail, Found]]:
    columns, results = _columns(experiment), []
    for guardrail in experiment.guardrails:
        found = contrast.plain(guardrail.metric, columns[guardrail.metric])
        results.append((guardrail, _oriented(found, guardrail.metric, guardrail.direction)))
    return results


def _further(experiment: Experiment, contrast: Contrast) -> list[Further]:
    """Return the further primary results: each is watched as a guardrail too, whose columns it is read from."""
    columns, results = _columns(experiment), []
    for result in experiment.plan.further:
        if result.metric in columns:
            found = contrast.plain(result.metric, columns[result.metric])
            opinion = contrast.opinion(result.metric, columns[result.metric])
            results.append(Further(result, _oriented(found, result.metric, result.direction), opinion))
    return results


def _mechanism(experiment: Experiment, contrast: Contrast) -> Found:
    """Return the effect on the mechanism's metric: a ratio or a mean per unit, as the metric is."""
    mechanism = experiment.plan.mechanism
    if mechanism is None:
        return NoEstimate("nothing_measured", "no mechanism is stated")
    return _oriented(contrast.plain(mechanism.metric, MECHANISM), mechanism.metric, mechanism.direction)
