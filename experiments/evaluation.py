"""The evaluation: what an experiment's mature units say now, as one pure function of record, units and time.

It judges and recommends; it changes nothing. ``steward`` carries the recommendation into the life cycle.

What may be said when is in ``seen``, how it becomes a verdict in ``judgement``. A broken sample ratio hides every
estimate: a page must not show what nobody may trust.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from experiments.cohorts import Snapshot
from experiments.comparison import Comparison, compare
from experiments.designs import Check
from experiments.estimators import Estimate, NoEstimate
from experiments.grouped import off_schedule
from experiments.guardrails import GuardrailResult
from experiments.judgement import Evidence, judged_guardrails, verdict_of
from experiments.ledger import Experiment
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.seen import Seen, seen
from experiments.sequential import AlwaysValid
from experiments.states import State
from experiments.verdict import Kind, Verdict
from models.identifiers import Millis


class Advice(StrEnum):
    """What the system should do next with the experiment."""

    NOTHING = "nothing"
    PAUSE = "pause"
    """The sample ratio is broken: pause enrolment, ask for an explanation."""
    HALT = "halt"
    """Harm is established."""
    STOP = "stop enrolment"
    """The end date, or the planned success boundary, is reached; or it was halted."""
    CONCLUDE = "conclude"
    """Every window has closed: the verdict is final."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One look. Effects are in the metric's unit with good turned positive; levels (``control`` …) are as measured.

    ``estimate`` is ``None`` when there is none (``no_estimate`` says why) or when it is ``hidden``.
    ``planned_low``/``planned_high`` is the interval of the planned success rule at ``information``, where it may speak.
    """

    experiment: str
    at: Millis
    watermark: Millis
    verdict: Verdict
    advice: Advice
    sample_ratio_e: float
    hidden: bool
    estimate: Estimate | None
    no_estimate: str
    always_valid: AlwaysValid | None
    planned_low: float | None
    planned_high: float | None
    information: float
    success_boundary: bool
    harm_e: float | None
    guardrails: tuple[GuardrailResult, ...]
    mechanism: Estimate | None
    fidelity: float | None
    mature: dict[str, int]
    enrolled: dict[str, int]
    pending: int
    notes: tuple[str, ...]
    design_p: float | None = None
    """The p-value among what else the design could have drawn; ``None`` where customers are randomised."""
    checks: tuple[Check, ...] = ()


def evaluate(experiment: Experiment, snapshot: Snapshot, now: Millis) -> Evaluation:
    """Return what ``snapshot`` says of the experiment at ``now``; raises ``InvalidInput`` when it never started."""
    found = compare(experiment, snapshot)
    look = seen(found, snapshot)
    strayed = off_schedule(experiment, snapshot)
    delivered = _delivered(found, strayed)
    evidence = Evidence(found, look, _ratio_e(found, snapshot), judged_guardrails(found, look), delivered)
    verdict = verdict_of(evidence, now, snapshot.watermark)
    evaluation = _told(evidence, verdict, snapshot, _notes(snapshot, strayed, now))
    return _without_estimates(evaluation) if evaluation.hidden else evaluation


def _told(evidence: Evidence, verdict: Verdict, snapshot: Snapshot, notes: tuple[str, ...]) -> Evaluation:
    """Return the look with all its figures."""
    found, look = evidence.found, evidence.seen
    low, high = look.planned or (None, None)
    return Evaluation(
        experiment=found.experiment.id,
        at=verdict.at,
        watermark=snapshot.watermark,
        verdict=verdict,
        advice=_advice(found, look, verdict, verdict.at),
        sample_ratio_e=evidence.ratio_e,
        hidden=evidence.hidden,
        estimate=found.primary if isinstance(found.primary, Estimate) else None,
        no_estimate=found.primary.reason if isinstance(found.primary, NoEstimate) else "",
        always_valid=look.always_valid,
        planned_low=low,
        planned_high=high,
        information=look.information,
        success_boundary=look.success,
        harm_e=look.harm_e,
        guardrails=evidence.guardrails,
        mechanism=found.mechanism if isinstance(found.mechanism, Estimate) else None,
        fidelity=evidence.fidelity,
        mature=found.mature,
        enrolled=dict(snapshot.enrolled),
        pending=snapshot.pending,
        notes=notes,
        design_p=found.opinion.p,
        checks=found.opinion.checks,
    )


def _ratio_e(found: Comparison, snapshot: Snapshot) -> float:
    """Return the evidence that arms miss their share of units; 1 where sites and hours are randomised, not customers.

    Sites differ in size and hours in traffic, so units need not follow the arms' shares there.
    """
    if found.design.layout is not None:
        return 1.0
    return sample_ratio_e([snapshot.enrolled[arm.name] for arm in found.design.arms], found.design.shares)


def _delivered(found: Comparison, strayed: int) -> float | None:
    """Return the share of mature units that met the arm of the timetable; ``None`` where customers are randomised."""
    total = sum(found.mature.values())
    return 1.0 - strayed / total if found.design.layout is not None and total else None


def _advice(found: Comparison, look: Seen, verdict: Verdict, now: Millis) -> Advice:
    """Return the next step, the most urgent first."""
    state = found.experiment.state
    broken = verdict.sample_ratio_e >= BROKEN
    if broken and found.experiment.imbalance is None:
        return Advice.PAUSE
    if state is State.HALTED:
        return Advice.STOP
    if state is State.RUNNING and verdict.kind is Kind.HARMFUL:
        return Advice.HALT
    if state is State.RUNNING and (now >= found.design.end or (look.success and not broken)):
        return Advice.STOP
    return Advice.CONCLUDE if state is State.MEASURING and look.final else Advice.NOTHING


def _notes(snapshot: Snapshot, strayed: int, now: Millis) -> tuple[str, ...]:
    """Return what a reader must know of the data, in words."""
    notes = []
    if snapshot.crossed:
        notes.append(f"{snapshot.crossed:,} units met both arms and are left out of the comparison")
    if snapshot.outside:
        notes.append(f"{snapshot.outside:,} units were exposed outside the enrolment and are left out")
    if strayed:
        notes.append(f"{strayed:,} units met another arm than the timetable’s and count where it has them")
    if snapshot.late:
        notes.append(f"{snapshot.late:,} units came after their window had been judged, and are left out")
    if now < snapshot.watermark:
        notes.append("the clock is behind the data: check the machine’s time")
    return tuple(notes)


def _without_estimates(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with every effect taken out: a broken sample ratio makes all of them untrustworthy."""
    return replace(
        evaluation,
        estimate=None,
        always_valid=None,
        planned_low=None,
        planned_high=None,
        success_boundary=False,
        harm_e=None,
        guardrails=(),
        mechanism=None,
        design_p=None,
        checks=(),
        no_estimate="hidden: the sample ratio is broken",
    )
