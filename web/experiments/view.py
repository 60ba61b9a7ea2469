"""What an experiment's page shows: the record, the latest look, and which acts its state leaves open."""

from dataclasses import dataclass

from experiments.evaluation import Evaluation
from experiments.gate import RULES
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.plan import sign_of
from experiments.requirements import LIVE
from experiments.sentences import Wording, english, french
from experiments.verdict import Verdict
from streams.bootstrap import House

OFFERED = {
    "explain": "The root causes are established",
    "plan": "The plan is complete",
    "waive power": "Accept less power, with a reason",
    "start": "Start: freeze the plan",
    "halt": "Halt exposure for good",
    "explain imbalance": "Explain the broken sample ratio",
    "resume": "Resume enrolment",
    "record fidelity": "Record how the action was carried out",
    "decide": "Decide, with what was learnt",
    "iterate": "Open the next iteration",
    "void": "Declare void, with a reason",
    "retry": "Retry under a new salt",
}


@dataclass(frozen=True, slots=True)
class Offer:
    """One act the state leaves open, and who may take it."""

    act: str
    path: str
    words: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExperimentView:
    """The whole page."""

    record: Experiment
    evaluation: Evaluation | None
    verdict: Verdict | None
    english: str
    french: str
    offers: tuple[Offer, ...]
    children: tuple[Experiment, ...]


def experiment_view(house: House, experiment_id: str) -> ExperimentView:
    """Return the page of one experiment; raises ``NotFound``."""
    record = house.store.experiments.get(experiment_id).experiment
    evaluation = house.experiment_evaluator.look(record, house.now()) if record.state in LIVE else None
    verdict = record.verdict or (None if evaluation is None else evaluation.verdict)
    wording = _wording(record)
    return ExperimentView(
        record=record,
        evaluation=evaluation,
        verdict=verdict,
        english="" if verdict is None or wording is None else english(verdict, wording),
        french="" if verdict is None or wording is None else french(verdict, wording),
        offers=offers_of(record),
        children=tuple(kept.experiment for kept in house.store.experiments.children(experiment_id)),
    )


def offers_of(record: Experiment) -> tuple[Offer, ...]:
    """Return the acts of people that the record's state leaves open; the gate still asks for what they require."""
    return tuple(
        Offer(act, act.replace(" ", "-"), words, tuple(sorted(RULES[act].roles - {"system"})))
        for act, words in OFFERED.items()
        if record.state in RULES[act].before and not _pointless(record, act)
    )


def _pointless(record: Experiment, act: str) -> bool:
    return (
        (act == "explain imbalance" and record.imbalance is None)
        or (act == "resume" and not record.paused)
        or (act in {"iterate", "retry"} and record.succeeded_by is not None)
    )


def _wording(record: Experiment) -> Wording | None:
    expected = record.plan.expected
    return None if expected is None else Wording(measure_of(expected.metric), sign_of(expected.direction))
