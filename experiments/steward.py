"""What the system does by itself with an experiment after each look: pause, halt, stop, void, conclude.

Every step goes through ``life_cycle``, as ``SYSTEM``; people's decisions are never taken here.
"""

from experiments import life_cycle
from experiments.cohorts import Snapshot
from experiments.conclusion import Conclusion
from experiments.evaluation import Advice, Evaluation, evaluate
from experiments.ledger import Experiment, Imbalance
from experiments.requirements import LIVE
from experiments.states import SYSTEM
from models.identifiers import Millis

_AT_MOST = 5
"""Steps of one call: pause, halt, stop, conclude, and nothing left to do."""


def advance(experiment: Experiment, snapshot: Snapshot, now: Millis) -> tuple[Experiment, Evaluation]:
    """Return the experiment after every step the system may take at ``now``, and the evaluation that led there.

    Idempotent: advancing the result again with the same snapshot and time changes nothing. Raises ``InvalidInput`` when
    the experiment was never started.
    """
    for _ in range(_AT_MOST):
        evaluation = evaluate(experiment, snapshot, now)
        changed = _step(experiment, evaluation, now) if experiment.state in LIVE else experiment
        if changed is experiment:
            break
        experiment = changed
    return experiment, evaluation


def _step(experiment: Experiment, evaluation: Evaluation, now: Millis) -> Experiment:
    """Return the experiment one step further, or itself."""
    if experiment.imbalance is not None and not experiment.imbalance.explained:
        return _wait_or_void(experiment, evaluation, experiment.imbalance, now)
    match evaluation.advice:
        case Advice.PAUSE:
            return life_cycle.pause(experiment, SYSTEM, now, evaluation.verdict.reason)
        case Advice.HALT:
            return life_cycle.halt(experiment, SYSTEM, now, f"harm: {evaluation.verdict.english}")
        case Advice.STOP:
            crossed = evaluation.success_boundary
            return life_cycle.stop_enrolment(experiment, SYSTEM, now, success_boundary=crossed)
        case Advice.CONCLUDE:
            return life_cycle.conclude(experiment, SYSTEM, now, evaluation.verdict, _behind(evaluation))
    return experiment


def _behind(evaluation: Evaluation) -> Conclusion | None:
    """Return the figures behind the verdict; ``None`` where there is no estimate, or it may not be shown."""
    return None if evaluation.estimate is None else Conclusion.of(evaluation.estimate, evaluation.verdict.expected)


def _wait_or_void(experiment: Experiment, evaluation: Evaluation, imbalance: Imbalance, now: Millis) -> Experiment:
    """Return the experiment void after 72 h; before that enrolment may still end, but no verdict is written.

    That the ratio has become even meanwhile explains nothing: whoever was lost is still lost.
    """
    if now >= imbalance.explain_by:
        return life_cycle.void(experiment, SYSTEM, now, "the broken sample ratio was not explained within 72 hours")
    if evaluation.advice is Advice.STOP and (experiment.halted or _over(experiment, now)):
        return life_cycle.stop_enrolment(experiment, SYSTEM, now, success_boundary=False)
    return experiment


def _over(experiment: Experiment, now: Millis) -> bool:
    return experiment.plan.design is not None and now >= experiment.plan.design.end
