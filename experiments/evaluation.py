"""The evaluation: what an experiment's mature units say now, as one pure function of record, units and time.

It judges and recommends; it changes nothing. ``steward`` carries the recommendation into the life cycle.

- Before the end only harm, "no worthwhile effect" and "not yet" may be said, by the always-valid interval, at any look.
- Success is said at the end, or before it when the plan's spending boundary is crossed.
- A broken sample ratio hides every estimate: a page must not show what nobody may trust.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from msgspec import structs

from experiments import sentences
from experiments.cohorts import Snapshot
from experiments.comparison import Comparison, Found, compare
from experiments.estimators import Estimate, NoEstimate
from experiments.guardrails import GuardrailResult, judge_guardrail
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.plan import Expected, Guardrail, sign_of
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.sequential import AlwaysValid, always_valid, e_above
from experiments.spending import Stopping, critical_value, information
from experiments.states import State
from experiments.verdict import SUCCESSES, Finding, Kind, Rule, Verdict, Worked, kind_of
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

    @property
    def maturity(self) -> float:
        """The share of enrolled units whose window has closed; 0 before the first."""
        total = sum(self.enrolled.values())
        return sum(self.mature.values()) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class _Seen:
    """What the two interval rules say of the primary effect at this look."""

    information: float
    final: bool
    always_valid: AlwaysValid | None = None
    harm_e: float | None = None
    planned: tuple[float, float] | None = None
    planned_rule: Rule = "always_valid"
    """Which rule ``planned`` was found by."""

    @property
    def rule(self) -> Rule:
        """Which rule ``interval`` is by."""
        return self.planned_rule if self._reads_planned else "always_valid"

    @property
    def _reads_planned(self) -> bool:
        return self.planned is not None and (self.final or self.success)

    @property
    def success(self) -> bool:
        """The planned rule may speak, and its interval lies above zero."""
        return self.planned is not None and self.planned[0] > 0.0

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval a verdict is read from at this look."""
        if self._reads_planned:
            return self.planned
        return None if self.always_valid is None else (self.always_valid.low, self.always_valid.high)


def evaluate(experiment: Experiment, snapshot: Snapshot, now: Millis) -> Evaluation:
    """Return what ``snapshot`` says of the experiment at ``now``; raises ``InvalidInput`` when it never started."""
    found = compare(experiment, snapshot)
    ratio_e = sample_ratio_e([snapshot.enrolled[arm.name] for arm in found.design.arms], found.design.shares)
    seen = _seen(found, snapshot)
    guardrails = tuple(_guardrail(guardrail, effect, seen) for guardrail, effect in found.guardrails)
    verdict = _verdict(found, seen, ratio_e, guardrails)
    verdict = _worded(structs.replace(verdict, at=now, watermark=snapshot.watermark), found.expected)
    evaluation = Evaluation(
        experiment=experiment.id,
        at=now,
        watermark=snapshot.watermark,
        verdict=verdict,
        advice=_advice(found, seen, verdict, now),
        sample_ratio_e=ratio_e,
        hidden=ratio_e >= BROKEN,
        estimate=_present(found.primary),
        no_estimate=_why_none(found.primary),
        always_valid=seen.always_valid,
        planned_low=None if seen.planned is None else seen.planned[0],
        planned_high=None if seen.planned is None else seen.planned[1],
        information=seen.information,
        success_boundary=seen.success,
        harm_e=seen.harm_e,
        guardrails=guardrails,
        mechanism=_present(found.mechanism),
        fidelity=experiment.fidelity,
        mature=found.mature,
        enrolled=dict(snapshot.enrolled),
        pending=snapshot.pending,
        notes=_notes(snapshot, now),
    )
    return _without_estimates(evaluation) if evaluation.hidden else evaluation


def _present(found: Found) -> Estimate | None:
    return found if isinstance(found, Estimate) else None


def _why_none(found: Found) -> str:
    return found.reason if isinstance(found, NoEstimate) else ""


def _elapsed(found: Comparison, watermark: Millis) -> float:
    """Return the share of the planned enrolment time whose units are mature; 1 when all of it is.

    After an early stop time goes on and brings no unit: it must not loosen the boundary, so it stops counting.
    """
    reached = watermark - found.design.window
    stopped = found.experiment.stopped_at
    if stopped is not None:
        reached = min(reached, stopped)
    return max(0.0, (reached - found.started_at) / max(1, found.design.end - found.started_at))


def _is_final(experiment: Experiment, snapshot: Snapshot, window: Millis) -> bool:
    """Return whether enrolment has stopped and every unit's window has closed by the watermark."""
    stopped = experiment.stopped_at
    closed = stopped is not None and snapshot.watermark >= stopped + window
    return experiment.state is not State.RUNNING and closed and not snapshot.pending


def _seen(found: Comparison, snapshot: Snapshot) -> _Seen:
    final = _is_final(found.experiment, snapshot, found.design.window)
    elapsed = _elapsed(found, snapshot.watermark)
    share = information(sum(found.mature.values()), found.design.units, elapsed)
    primary = found.primary
    if isinstance(primary, NoEstimate):
        return _Seen(share, final)
    tau = found.expected.size**2
    interval = always_valid(primary.value, primary.variance, tau)
    harm = e_above(-primary.value, primary.variance, tau)
    planned = _planned(found, primary, share, final=final)
    return _Seen(share, final, interval, harm, planned, _rule(found.design.stopping, share))


def _rule(stopping: Stopping, share: float) -> Rule:
    """Return which rule ``_planned`` finds its interval by: a fixed plan that ended early has lost its one look."""
    return "always_valid" if stopping == "fixed" and share < 1.0 else stopping


def _planned(found: Comparison, primary: Estimate, share: float, *, final: bool) -> tuple[float, float] | None:
    """Return the interval of the planned success rule, or ``None`` where that rule may not speak.

    A fixed plan speaks once, at its frozen end. Stopped before, its one look was not the planned one: the
    always-valid interval, which holds at any moment, takes its place.
    """
    stopping = found.design.stopping
    if final and _rule(stopping, share) == "always_valid":
        interval = always_valid(primary.value, primary.variance, found.expected.size**2)
        return interval.low, interval.high
    if share <= 0.0 or (stopping == "fixed" and not final):
        return None
    half = critical_value(stopping, share, primary.df) * primary.standard_error
    return primary.value - half, primary.value + half


def _guardrail(guardrail: Guardrail, effect: Found, seen: _Seen) -> GuardrailResult:
    """Return a guardrail's standing; the fixed interval speaks at the end only."""
    speaks = seen.final and isinstance(effect, Estimate)
    critical = critical_value("fixed", 1.0, effect.df) if speaks and isinstance(effect, Estimate) else None
    return judge_guardrail(guardrail, effect, critical)


def _worked(kind: Kind, mechanism: Found) -> Worked:
    """Return whether a success came with its stated mechanism (Welch interval above zero) or without it."""
    if kind not in SUCCESSES or isinstance(mechanism, NoEstimate):
        return "unknown"
    low = mechanism.value - critical_value("fixed", 1.0, mechanism.df) * mechanism.standard_error
    return "for the stated reason" if low > 0.0 else "for another reason"


def _invalid(found: Comparison, seen: _Seen, ratio_e: float) -> str:
    """Return why no verdict can be trusted, or an empty string."""
    if ratio_e >= BROKEN:
        return "the arms do not receive the share of units they were designed to: no estimate can be trusted"
    if seen.final and isinstance(found.primary, NoEstimate) and found.primary.kind != "early":
        return found.primary.reason
    return ""


def _verdict(found: Comparison, seen: _Seen, ratio_e: float, guardrails: tuple[GuardrailResult, ...]) -> Verdict:
    """Return the verdict with its figures, not yet dated nor worded."""
    low, high = seen.interval or (None, None)
    expected, worthwhile = found.expected.size, found.experiment.plan.delta or found.expected.size / 2
    invalid = _invalid(found, seen, ratio_e)
    finding = Finding(
        low=low,
        high=high,
        expected=expected,
        worthwhile=worthwhile,
        final=seen.final,
        success_allowed=seen.final or seen.success,
        invalid=invalid,
        harm_e=seen.harm_e,
        guardrail_harmed=any(result.standing == "harmed" for result in guardrails),
    )
    kind = kind_of(finding)
    hidden = ratio_e >= BROKEN
    primary = _present(found.primary)
    return Verdict(
        kind=kind,
        final=seen.final,
        at=Millis(0),
        watermark=Millis(0),
        grade=found.experiment.grade,
        expected=expected,
        worthwhile=worthwhile,
        reason=invalid or _why_none(found.primary),
        estimate=None if hidden or primary is None else primary.value,
        low=None if hidden else low,
        high=None if hidden else high,
        rule=seen.rule,
        units=found.mature,
        sample_ratio_e=ratio_e,
        harm_e=None if hidden else seen.harm_e,
        guardrails=() if hidden else guardrails,
        worked=_worked(kind, found.mechanism),
        fidelity=found.experiment.fidelity,
    )


def _worded(verdict: Verdict, expected: Expected) -> Verdict:
    """Return the verdict with its sentences."""
    wording = sentences.Wording(measure_of(expected.metric), sign_of(expected.direction))
    english, french = sentences.english(verdict, wording), sentences.french(verdict, wording)
    return structs.replace(verdict, english=english, french=french)


def _advice(found: Comparison, seen: _Seen, verdict: Verdict, now: Millis) -> Advice:
    """Return the next step, the most urgent first."""
    state = found.experiment.state
    broken = verdict.sample_ratio_e >= BROKEN
    if broken and found.experiment.imbalance is None:
        return Advice.PAUSE
    if state is State.HALTED:
        return Advice.STOP
    if state is State.RUNNING and verdict.kind is Kind.HARMFUL:
        return Advice.HALT
    if state is State.RUNNING and (now >= found.design.end or (seen.success and not broken)):
        return Advice.STOP
    return Advice.CONCLUDE if state is State.MEASURING and seen.final else Advice.NOTHING


def _notes(snapshot: Snapshot, now: Millis) -> tuple[str, ...]:
    """Return what a reader must know of the data, in words."""
    notes = []
    if snapshot.crossed:
        notes.append(f"{snapshot.crossed:,} units met both arms and are left out of the comparison")
    if snapshot.outside:
        notes.append(f"{snapshot.outside:,} units were exposed outside the enrolment and are left out")
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
        no_estimate="hidden: the sample ratio is broken",
    )
