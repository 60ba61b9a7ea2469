"""What an experiment's page shows: the record, the latest look, its chain, and which acts its state leaves open."""

from dataclasses import dataclass

from experiments.calibration import Calibration, calibration, foreseen
from experiments.chain import ChainEvidence, chain_of, evidence_of
from experiments.evaluation import Evaluation
from experiments.gate import RULES
from experiments.learning import LearningCard, cards_of
from experiments.ledger import Experiment
from experiments.measures import measure_of
from experiments.plan import sign_of
from experiments.power import Detectable, by_week, weeks_needed
from experiments.requirements import LIVE
from experiments.sentences import Wording, english, french
from experiments.states import AuditEntry, State
from experiments.verdict import Verdict, why_not_adopt
from models.errors import InvalidInput
from models.identifiers import Millis
from streams.bootstrap import House
from streams.experiment_causes import Offered

OFFERED = {
    "explain": "The root causes are established",
    "plan": "The plan is complete",
    "waive power": "Accept less power, with a reason",
    "start": "Start: freeze the plan",
    "halt": "Halt exposure for good",
    "explain imbalance": "Explain the broken sample ratio",
    "resume": "Resume enrolment",
    "record fidelity": "Record how the action was carried out",
    "add guardrail": "Watch one more metric (unplanned)",
    "correct label": "Correct the title",
    "decide": "Decide, with what was learnt",
    "recheck": "Say whether the adoption holds",
    "iterate": "Open the next iteration",
    "void": "Declare void, with a reason",
    "retry": "Retry under a new salt",
}
UNFROZEN = frozenset({State.DRAFT, State.EXPLAINED, State.PLANNED})
ENDING = frozenset({"halt", "void"})
WEEKS = 8
RELATED = 3
"""Cards of the library that a draft is shown."""


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
    fault: str
    """Why a live experiment cannot be looked at now; empty where it can."""
    verdict: Verdict | None
    english: str
    french: str
    offers: tuple[Offer, ...]
    barred: str
    """Why it cannot be adopted, once it is evaluated; empty where it can."""
    ended: AuditEntry | None
    """Who halted it or declared it void, and why."""
    children: tuple[Experiment, ...]
    chain: tuple[Experiment, ...]
    evidence: ChainEvidence
    proposals: tuple[Offered, ...]
    related: tuple[LearningCard, ...]
    team: Calibration
    """How well the team has foreseen so far: to be read before another expectation is written."""
    needs: str
    """How long the plan must run, by its scope's history; empty where nothing is planned yet."""
    weeks: tuple[Detectable, ...]


def experiment_view(house: House, experiment_id: str) -> ExperimentView:
    """Return the page of one experiment; raises ``NotFound``."""
    record = house.store.experiments.get(experiment_id).experiment
    known = [kept.experiment for kept in house.store.experiments.all()]
    evaluation, fault = _looked(house, record)
    verdict = record.verdict or (None if evaluation is None else evaluation.verdict)
    wording = _wording(record)
    chain = tuple(chain_of(record, known))
    unfrozen = record.state in UNFROZEN
    return ExperimentView(
        record=record,
        evaluation=evaluation,
        fault=fault,
        verdict=verdict,
        english="" if verdict is None or wording is None else english(verdict, wording),
        french="" if verdict is None or wording is None else french(verdict, wording),
        offers=offers_of(record, house.now()),
        barred=why_not_adopt(record.verdict) if record.verdict is not None else "",
        ended=next((entry for entry in reversed(record.audit) if entry.act in ENDING), None),
        children=tuple(each for each in chain if experiment_id in {each.parent, each.retry_of}),
        chain=chain,
        evidence=evidence_of(chain),
        proposals=tuple(house.experiment_desk.proposals(experiment_id)) if unfrozen else (),
        related=tuple(_related(record, cards_of(known))) if unfrozen else (),
        team=calibration(list(foreseen(known))),
        needs=_needs(record) if unfrozen else "",
        weeks=_weeks(record) if unfrozen else (),
    )


def _looked(house: House, record: Experiment) -> tuple[Evaluation | None, str]:
    """Return what may be said of a live experiment, or why nothing may: its page must open whatever became of it."""
    if record.state not in LIVE:
        return None, ""
    try:
        return house.experiment_evaluator.look(record, house.now()), ""
    except InvalidInput as fault:
        return None, str(fault)


def _needs(record: Experiment) -> str:
    """Return what the plan needs to see what it expects, or why nobody can say."""
    design, expected = record.plan.design, record.plan.expected
    if design is None or expected is None:
        return ""
    try:
        return weeks_needed(expected.size, design).sentence
    except InvalidInput as unknown:
        return str(unknown)


def _weeks(record: Experiment) -> tuple[Detectable, ...]:
    """Return what each further week would make visible; nothing where history does not tell."""
    design = record.plan.design
    if design is None or design.baseline is None:
        return ()
    try:
        return by_week(design, WEEKS)
    except InvalidInput:
        return ()


def offers_of(record: Experiment, now: Millis) -> tuple[Offer, ...]:
    """Return the acts of people that the record's state leaves open; the gate still asks for what they require."""
    return tuple(
        Offer(act, act.replace(" ", "-"), words, tuple(sorted(RULES[act].roles - {"system"})))
        for act, words in OFFERED.items()
        if record.state in RULES[act].before and not _pointless(record, act, now)
    )


def _pointless(record: Experiment, act: str, now: Millis) -> bool:
    due = record.decision.recheck if record.decision is not None else None
    return (
        (act == "explain imbalance" and record.imbalance is None)
        or (act == "resume" and not record.paused)
        or (act in {"iterate", "retry"} and record.succeeded_by is not None)
        or (act == "recheck" and (due is None or now < due or not record.provisional or record.recheck is None))
    )


def _related(record: Experiment, cards: list[LearningCard]) -> list[LearningCard]:
    """Return what was learnt of the same causes, or in the same scope."""
    causes = {cause.cause for cause in record.plan.causes if cause.cause}
    scope = record.plan.expected.scope if record.plan.expected is not None else ""
    return [card for card in cards if causes & set(card.causes) or card.scope == scope][:RELATED]


def _wording(record: Experiment) -> Wording | None:
    expected = record.plan.expected
    return None if expected is None else Wording(measure_of(expected.metric), sign_of(expected.direction))
