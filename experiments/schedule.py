"""An experiment's timetable: which cluster is treated when, as its frozen plan and salt draw it.

Programs that serve the action and the evaluation ask the same function. How each design draws is in ``designs``.
"""

from functools import lru_cache

from experiments.design import Design
from experiments.designs import Timetable
from experiments.ledger import Experiment
from models.errors import InvalidInput
from models.identifiers import Millis


def timetable_of(experiment: Experiment) -> Timetable:
    """Return who is treated when; raises ``InvalidInput`` before the start, and where customers are randomised."""
    design = experiment.plan.design
    if design is None or design.layout is None:
        raise InvalidInput(f"experiment {experiment.id}: its customers are randomised; ask for each one's arm")
    if experiment.started_at is None:
        raise InvalidInput(
            f"experiment {experiment.id}: it was never started; its timetable is drawn from the start on"
        )
    return drawn(design, experiment.salt, experiment.started_at)


@lru_cache(maxsize=64)
def drawn(design: Design, salt: str, begins: Millis) -> Timetable:
    """Return the timetable of a design that has a layout, as ``salt`` draws it for a start at ``begins``."""
    if design.layout is None:
        raise InvalidInput("layout: there is none; only designs of clusters, periods or dates have a timetable")
    return design.layout.timetable(salt, design.frame(begins))


def arm_at(experiment: Experiment, cluster: str, at: Millis) -> str | None:
    """Return the arm a cluster is in at ``at`` ("" is the whole scope); ``None`` where it takes no part then.

    Periods of the past are the control's. Raises as ``timetable_of``.
    """
    timetable, design = timetable_of(experiment), experiment.plan.design
    period = timetable.period_at(at)
    if period is None or cluster not in timetable.treated or design is None:
        return None
    return design.arms[timetable.is_treated(cluster, period)].name
