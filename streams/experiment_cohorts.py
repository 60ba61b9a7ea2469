"""An experiment's units, brought into cohorts as their windows close: each is read once, whoever looks how often.

The leader keeps what it read; anybody else's look reads the few units that matured since, and keeps nothing.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

from experiments.cohorts import Snapshot, columns_of, snapshot
from experiments.designs import Switchback
from experiments.grouped import snapshot_of_groups
from experiments.ledger import Experiment
from experiments.maturing import Cohort, Enrolment, Lots, Matured, days_of
from experiments.periods import lots_of, off_schedule, readings_of
from experiments.schedule import timetable_of
from models.identifiers import Millis
from store.database import Store
from store.units import Asked
from streams.experiment_days import day_rows
from streams.experiment_open import OpenUnits

Writing = Callable[[], AbstractContextManager[None]]


def bring_up(store: Store, experiment: Experiment, watermark: Millis, writing: Writing) -> Matured:
    """Keep every unit that matured by ``watermark`` in its cohort; each page is a transaction of ``writing``.

    Returns what is kept then. Raises ``Fenced`` when another process leads, or has read on meanwhile.
    """
    design = experiment.plan.design
    if design is not None and design.on_days:
        return Matured(Millis(-1), columns_of(experiment))
    asked, enrolment, lots = _asked(experiment), Enrolment.of(experiment), _lots(experiment)
    _reread(store, experiment, writing)
    kept = store.cohorts.of(experiment.id)
    before = kept
    matured = _under(kept, experiment)
    for table, reach in store.units.matured(asked, matured.until, watermark):
        if not len(table.arms):
            continue
        after = matured.absorb(table, enrolment, reach, lots)
        with writing():
            store.cohorts.save(experiment.id, before, after)
        before = matured = after
    return matured


def look(store: Store, experiment: Experiment, watermark: Millis) -> Snapshot:
    """Return all that an evaluation looks at, as of ``watermark``; writes nothing."""
    design = experiment.plan.design
    if design is not None and design.on_days:
        return snapshot_of_groups(experiment, day_rows(store, experiment, watermark), watermark)
    with store.snapshot():
        matured = _under(store.cohorts.of(experiment.id), experiment)
        for table, reach in store.units.matured(_asked(experiment), matured.until, watermark):
            matured = matured.absorb(table, Enrolment.of(experiment), reach, _lots(experiment))
        return seen(store, experiment, matured, watermark, OpenUnits(store.units))


def seen(store: Store, experiment: Experiment, matured: Matured, watermark: Millis, counts: OpenUnits) -> Snapshot:
    """Return the same of units that are in their cohorts already, with the open ones as ``counts`` has them."""
    asked, enrolment, design = _asked(experiment), Enrolment.of(experiment), experiment.plan.design
    if design is not None and design.on_days:
        return look(store, experiment, watermark)
    window = design.window if design is not None else 0
    closes = (enrolment.first + window, enrolment.last + window)
    pending = counts.of(experiment, asked, matured, closes, watermark)
    late = _late(store, experiment, matured) if watermark >= closes[1] else 0
    return _laid_out(experiment, snapshot(experiment, matured, pending, watermark, late))


def _lots(experiment: Experiment) -> Lots:
    """Return which units belong together: those of one day, or of one period of a switchback."""
    design = experiment.plan.design
    if design is None or not isinstance(design.layout, Switchback):
        return days_of
    return lots_of(timetable_of(experiment))


def _laid_out(experiment: Experiment, found: Snapshot) -> Snapshot:
    """Return the snapshot of a switchback by periods instead of cohorts; any other as it is."""
    design = experiment.plan.design
    if design is None or not isinstance(design.layout, Switchback):
        return found
    timetable = timetable_of(experiment)
    closed = Millis(found.watermark - design.window)
    return replace(
        found,
        cohorts=(),
        readings=readings_of(found.cohorts, timetable, closed),
        off_schedule=off_schedule(found.cohorts, timetable, design.arms[-1].name, closed),
    )


def _late(store: Store, experiment: Experiment, matured: Matured) -> int:
    """Return how many units came after their cohort was frozen; they are left out of it."""
    counted = sum(cohort.moments.n + cohort.crossed for cohort in matured.cohorts.values())
    return max(0, store.units.closed(_asked(experiment), matured.until) - counted - matured.outside)


def _asked(experiment: Experiment) -> Asked:
    design = experiment.plan.design
    arms = tuple(arm.name for arm in design.arms) if design is not None else ()
    return Asked(experiment.id, arms, tuple(guardrail.metric for guardrail in experiment.guardrails))


def _under(kept: Matured | None, experiment: Experiment) -> Matured:
    """Return what was kept, under today's columns: a guardrail may have been added since."""
    columns = columns_of(experiment)
    return Matured(Millis(-1), columns) if kept is None else kept.under(columns)


def _reread(store: Store, experiment: Experiment, writing: Writing) -> None:
    """Read the units of cohorts anew of which a customer was forgotten."""
    for key in store.cohorts.stale(experiment.id):
        with writing():
            kept = store.cohorts.of(experiment.id)
            if kept is None:
                return
            table = store.units.of_cohort(_asked(experiment), key, kept.until)
            read = Matured(kept.until, columns_of(experiment))
            if len(table.arms):
                read = read.absorb(table, Enrolment.of(experiment), kept.until, _lots(experiment))
            # Under the columns that the other cohorts are kept under: a guardrail may have been added meanwhile.
            read = read.under(kept.columns)
            store.cohorts.reread(experiment.id, read.cohorts.get(key) or Cohort.empty(key, len(kept.columns)))
