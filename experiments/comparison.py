"""The two arms side by side: effect on the expected metric, on every guardrail, on the mechanism, good positive.

Which estimator serves which metric is chosen here; what the effects mean for the experiment is ``evaluation``'s.
"""

from dataclasses import dataclass

from experiments.cohorts import Snapshot, columns_of
from experiments.design import Design
from experiments.estimators import Estimate, NoEstimate, cuped, cuped_ratio, mean_difference, ratio_difference
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.moments import Comoments
from experiments.plan import Direction, Expected, Guardrail, sign_of
from models.errors import InvalidInput
from models.identifiers import Millis

TOTAL, COUNT, PRE_TOTAL, PRE_COUNT, MECHANISM, MECHANISM_COUNT, FIRST_GUARDRAIL = range(7)

Found = Estimate | NoEstimate


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the arms' mature units give, and the frozen parts of the record that judge it."""

    experiment: Experiment
    design: Design
    expected: Expected
    started_at: Millis
    mature: dict[str, int]
    primary: Found
    guardrails: tuple[tuple[Guardrail, Found], ...]
    mechanism: Found


def compare(experiment: Experiment, snapshot: Snapshot) -> Comparison:
    """Return the comparison; raises ``InvalidInput`` when the experiment was never started."""
    design, expected = experiment.plan.design, experiment.plan.expected
    if design is None or expected is None or experiment.started_at is None:
        raise InvalidInput(f"experiment {experiment.id}: it was never started; there is nothing to evaluate")
    columns = len(columns_of(experiment))
    control, treatment = (snapshot.arm(arm.name, columns) for arm in design.arms)
    return Comparison(
        experiment=experiment,
        design=design,
        expected=expected,
        started_at=experiment.started_at,
        mature={design.arms[0].name: control.n, design.arms[1].name: treatment.n},
        primary=_primary(expected, control, treatment),
        guardrails=_guardrails(experiment, control, treatment),
        mechanism=_mechanism(experiment, control, treatment),
    )


def _oriented(found: Found, metric: str, direction: Direction) -> Found:
    """Return the estimate in the metric's unit with the good direction positive."""
    if isinstance(found, NoEstimate):
        return found
    return found.scaled(measure_of(metric).scale * sign_of(direction))


def _primary(expected: Expected, control: Comoments, treatment: Comoments) -> Found:
    """Return the effect on the expected metric, adjusted by the frozen pre-period (CUPED)."""
    if measure_of(expected.metric).kind == "ratio":
        found = cuped_ratio(control, treatment)
    else:
        found = cuped(control, treatment, TOTAL, PRE_TOTAL)
    return _oriented(found, expected.metric, expected.direction)


def _guardrails(
    experiment: Experiment, control: Comoments, treatment: Comoments
) -> tuple[tuple[Guardrail, Found], ...]:
    results = []
    for i, guardrail in enumerate(experiment.guardrails):
        total = FIRST_GUARDRAIL + 2 * i
        found = _difference(guardrail.metric, control, treatment, (total, total + 1))
        results.append((guardrail, _oriented(found, guardrail.metric, guardrail.direction)))
    return tuple(results)


def _difference(metric: str, control: Comoments, treatment: Comoments, columns: tuple[int, int]) -> Found:
    """Return the plain difference of ``metric``, whose total and n are in ``columns``."""
    total, count = columns
    if measure_of(metric).kind == "ratio":
        return ratio_difference(control, treatment, total, count)
    return mean_difference(control.column(total), treatment.column(total))


def _mechanism(experiment: Experiment, control: Comoments, treatment: Comoments) -> Found:
    """Return the effect on the mechanism's metric: a ratio or a mean per unit, as the metric is."""
    mechanism = experiment.plan.mechanism
    if mechanism is None:
        return NoEstimate("nothing_measured", "no mechanism is stated")
    found = _difference(mechanism.metric, control, treatment, (MECHANISM, MECHANISM_COUNT))
    return _oriented(found, mechanism.metric, mechanism.direction)
