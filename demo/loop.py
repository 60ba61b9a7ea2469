"""The demo's loop: a gap is found, explained, tried on, measured and evaluated, by the functions people use.

Author, reviewer and system act at their own time in the history that is lived through; deciding is left to whoever
looks at the demo. Nothing here may touch what the gate would refuse.
"""

from collections.abc import Callable

from demo import trial
from demo.calendar import Trial
from demo.feed import WINDOW_DAYS
from demo.loading import Loader
from experiments import life_cycle
from experiments.enrolment import assigned
from experiments.ledger import Experiment, FidelityCheck
from experiments.power import History, baseline_of
from models.errors import InvalidInput
from models.gaps.gap import Gap, State
from models.identifiers import DAY, Millis
from streams.bootstrap import House

SETTLED = DAY
"""How long after the last window closes the evaluator looks: by then every partition has told so."""
LISTENED = (37, 40)
"""Conversations listened to in which the transcript was used as planned, of how many."""


class Arms:
    """Tells the company which arm a customer meets; everybody is a control until the experiment runs."""

    def __init__(self) -> None:
        self.running: Experiment | None = None

    def __call__(self, subject: str) -> str:
        """Return the arm of ``subject`` by the product's own assignment."""
        experiment = self.running
        if experiment is None or experiment.started_at is None:
            return trial.CONTROL
        return assigned(experiment, subject, experiment.started_at).arm


def run(house: House, loader: Loader, planned: Trial, arms: Arms, salt: str) -> Experiment:
    """Live through the experiment, from the gap's confirmation to the verdict; return it evaluated."""
    loader.history(planned.begins)
    house.gap_detector.tick(Millis(planned.begins))
    gap = _gap(house)
    arms.running = _started(house, planned, gap, salt)
    loader.history(planned.enrols_until)
    house.experiment_evaluator.tick(Millis(planned.enrols_until))
    _listened(house, Millis(planned.enrols_until))
    loader.history(planned.ends + SETTLED)
    house.experiment_evaluator.tick(Millis(planned.ends + SETTLED))
    return house.store.experiments.get(trial.EXPERIMENT).experiment


def _gap(house: House) -> Gap:
    """Return the gap the experiment is about; raises ``InvalidInput`` when it was not confirmed by then."""
    for kept in house.store.gaps.all([State.CONFIRMED]):
        if (kept.gap.kind, kept.gap.scope, kept.gap.metric) == ("target", trial.SCOPE, trial.METRIC):
            return kept.gap
    raise InvalidInput("customers: too few for the gap to be confirmed before the experiment; give the demo more")


def _started(house: House, planned: Trial, gap: Gap, salt: str) -> Experiment:
    """Carry a draft on ``gap`` through explaining and planning to its start."""
    desk, at, policy = house.experiment_desk, Millis(planned.begins), house.definitions().active.version
    desk.open(trial.opening(gap.id, salt), trial.AUTHOR, at)
    span = (Millis(at - 28 * DAY), at)
    baseline = baseline_of(_history(house, policy, span))
    plan = trial.planned(baseline, policy, Millis(planned.enrols_until), Millis(WINDOW_DAYS * DAY))
    acts: list[Callable[[Experiment], Experiment]] = [
        lambda e: life_cycle.revise(e, trial.AUTHOR, at, trial.explained()),
        lambda e: life_cycle.explain(e, trial.AUTHOR, at),
        lambda e: life_cycle.revise(e, trial.AUTHOR, at, plan),
        lambda e: life_cycle.plan(e, trial.AUTHOR, at),
    ]
    for act in acts:
        desk.act(trial.EXPERIMENT, act, at)
    return desk.start(trial.EXPERIMENT, trial.REVIEWER, at)


def _history(house: House, policy: str, span: tuple[Millis, Millis]) -> History:
    """Return what the scope's cells say; a customer mostly has one journey there, so journeys stand for customers."""
    counts = house.store.cells.total(policy, trial.SCOPE, span)
    return History(
        interactions=counts.get("contact.n", 0),
        total=counts.get("contact.shown", 0) / 100,
        squares=counts.get("contact.shown2", 0) / 10_000,
        customers=counts.get("journey.n", 0),
        days=(span[1] - span[0]) / DAY,
    )


def _listened(house: House, at: Millis) -> None:
    """Record that somebody checked whether the action was carried out as defined."""
    done, of = LISTENED
    check = FidelityCheck(at, trial.REVIEWER.name, done, of, "conversations listened to")
    house.experiment_desk.act(trial.EXPERIMENT, lambda e: life_cycle.record_fidelity(e, trial.REVIEWER, check), at)
