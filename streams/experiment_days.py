"""A scope's days before and during an experiment, from the cells: what roll-outs and before/after are judged on.

There every customer of a site, or of the whole scope, is treated from a date on; nobody is exposed one by one, and the
past belongs to the comparison.
"""

from collections.abc import Iterator

from experiments.designs import Rollout
from experiments.designs.panel import GroupRow
from experiments.ledger import Experiment
from experiments.schedule import timetable_of
from experiments.scopes import scope_of
from models.cells import Counts
from models.errors import InvalidInput
from models.identifiers import DAY, Millis
from store.database import Store
from streams.experiment_surroundings import scopes_declared
from streams.outcomes import cell_keys

NOTHING = (0.0, 0.0)
SHOWN = 3
"""Clusters that a refusal names; of more it is said how many."""


def day_rows(store: Store, experiment: Experiment, watermark: Millis) -> Iterator[GroupRow]:
    """Yield each cluster's days from the plan's past up to ``watermark``, one row a day.

    A day's values are final when its last journey has had the plan's window. Raises ``InvalidInput`` when a cluster's
    scope is not known.
    """
    design, expected = experiment.plan.design, experiment.plan.expected
    if design is None or expected is None:
        return
    timetable = timetable_of(experiment)
    first = Millis(timetable.origin + timetable.first * timetable.period)
    known = list(scopes_declared(store.definitions.current().scopes))
    for cluster in sorted(timetable.treated):
        scope = scope_of(cluster, expected.scope, known)
        for day, counts in store.cells.series(design.policy, scope, "day", (first, watermark)).items():
            yield _row(experiment, cluster, day, counts)


def clusters_unseen(store: Store, experiment: Experiment) -> list[str]:
    """Return, in words, which clusters of a roll-out have no scope to be measured in; none for other designs."""
    design, expected = experiment.plan.design, experiment.plan.expected
    if design is None or expected is None or not isinstance(design.layout, Rollout):
        return []
    known = list(scopes_declared(store.definitions.current().scopes))
    unseen = []
    for cluster in design.layout.names:
        try:
            scope_of(cluster, expected.scope, known)
        except InvalidInput as fault:
            unseen.append(str(fault))
    return unseen[:SHOWN] + ([f"and {len(unseen) - SHOWN} more such clusters"] if len(unseen) > SHOWN else [])


def _row(experiment: Experiment, cluster: str, day: Millis, counts: Counts) -> GroupRow:
    plan = experiment.plan
    window = plan.design.window if plan.design is not None else 0
    own = _values(plan.expected.metric, counts) if plan.expected is not None else NOTHING
    moved = _values(plan.mechanism.metric, counts) if plan.mechanism is not None else NOTHING
    watched = [part for guardrail in experiment.guardrails for part in _values(guardrail.metric, counts)]
    values = (*own, *NOTHING, *moved, *watched)
    return GroupRow(cluster, day, Millis(day + DAY + window), values, units=int(own[1]))


def _values(metric: str, counts: Counts) -> tuple[float, float]:
    """Return (total, n) of a metric in a cell's counts."""
    counted, summed = cell_keys(metric)
    return float(sum(counts.get(key, 0) for key in summed)), float(sum(counts.get(key, 0) for key in counted))
