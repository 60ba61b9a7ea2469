"""A scope's days before and during an experiment, from the cells: what roll-outs and before/after are judged on.

There every customer of a site, or of the whole scope, is treated from a date on; nobody is exposed one by one, and the
past belongs to the comparison.
"""

from collections.abc import Iterator

from experiments.designs import BeforeAfter, Layout, Rollout
from experiments.designs.panel import GroupRow
from experiments.ledger import Experiment
from experiments.schedule import timetable_of
from models.cells import Counts
from models.errors import InvalidInput
from models.identifiers import DAY, Millis
from store.database import Store
from streams.experiment_surroundings import scopes_declared
from streams.outcomes import cell_keys

NOTHING = (0.0, 0.0)


def on_days(layout: Layout | None) -> bool:
    """Return whether the design is judged on a scope's days rather than on units."""
    return isinstance(layout, BeforeAfter | Rollout)


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


def scope_of(cluster: str, scope: str, known: list[str]) -> str:
    """Return the scope whose cells are a cluster's; "" is the experiment's own scope.

    >>> scope_of("lyon", "all", ["all", "segment:site=lyon", "touchpoint:lyon|channel:chat"])
    'segment:site=lyon'
    """
    if not cluster:
        return scope
    single = [name for name in known if "|" not in name]
    found = [name for name in single if name == cluster or name.endswith((f":{cluster}", f"={cluster}"))]
    if len(found) != 1:
        said = f"several scopes are called so: {', '.join(found)}" if found else "no scope is called so"
        raise InvalidInput(f"cluster {cluster!r}: {said}; name the cluster as its scope, such as segment:site=lyon")
    return found[0]
