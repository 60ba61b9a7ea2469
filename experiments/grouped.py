"""What an evaluation looks at where clusters, periods or dates are compared: rows or cohorts, laid on the timetable."""

from collections.abc import Iterable

from experiments import periods
from experiments.cohorts import Snapshot
from experiments.designs.panel import GroupRow, Reading, readings_of
from experiments.ledger import Experiment
from experiments.schedule import timetable_of
from models.errors import InvalidInput
from models.identifiers import DAY, Millis


def snapshot_of_groups(experiment: Experiment, rows: Iterable[GroupRow], watermark: Millis) -> Snapshot:
    """Return the snapshot of rows with cluster and time; what was exposed after enrolment stopped is left out.

    Raises ``InvalidInput`` as ``schedule.timetable_of`` does.
    """
    timetable, design = timetable_of(experiment), experiment.plan.design
    stopped = experiment.stopped_at
    kept = [row for row in rows if stopped is None or row.at <= stopped]
    arms = [arm.name for arm in design.arms] if design is not None else []
    found = readings_of(kept, timetable, arms, watermark)
    return Snapshot(
        cohorts=(),
        enrolled=found.enrolled,
        pending=found.pending,
        watermark=watermark,
        crossed=found.crossed,
        outside=found.outside,
        readings=found.cells,
        off_schedule=found.off_schedule,
    )


def readings(experiment: Experiment, snapshot: Snapshot) -> tuple[Reading, ...]:
    """Return the snapshot's readings; where it has cohorts instead, those of them that lie on the timetable.

    A cohort is of a day, so it serves designs whose periods are whole days, or last as long as the experiment.
    """
    if snapshot.readings:
        return snapshot.readings
    timetable = timetable_of(experiment)
    if snapshot.cohorts and (timetable.period % DAY or timetable.washout):
        raise InvalidInput("cohorts: they are of a day each; give rows for periods that are shorter, or have a washout")
    return periods.readings_of(snapshot.cohorts, timetable, _closed(experiment, snapshot))


def off_schedule(experiment: Experiment, snapshot: Snapshot) -> int:
    """Return how many mature units met another arm than the timetable's; they count where the timetable has them."""
    design = experiment.plan.design
    if design is None or design.layout is None or snapshot.readings:
        return snapshot.off_schedule
    timetable, closed = timetable_of(experiment), _closed(experiment, snapshot)
    return periods.off_schedule(snapshot.cohorts, timetable, design.arms[-1].name, closed)


def _closed(experiment: Experiment, snapshot: Snapshot) -> Millis:
    """Return until when units can have been exposed and be mature, all of them."""
    design = experiment.plan.design
    return Millis(snapshot.watermark - (design.window if design is not None else 0))
