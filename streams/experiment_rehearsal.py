"""The design, rehearsed on the scope's own past before anything starts: how often it finds what is not there.

Customers one by one are split at random in the past window; sites, periods and dates are drawn anew over the cells of
the past. What a rehearsal is, is in ``experiments.power.rehearsing``.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from msgspec.structs import replace

from experiments.design import Design
from experiments.designs import BeforeAfter, Clusters, Frame, Layout, Timetable
from experiments.designs.panel import GroupRow, MetricColumns, Table, readings_of, table_of
from experiments.measures import measure_of
from experiments.plan import Expected, Plan
from experiments.power import reachable, rehearse_customers, rehearse_layout
from experiments.rehearsal import Rehearsal
from experiments.scopes import scope_of
from models.cells import Grain
from models.errors import InvalidInput
from models.identifiers import DAY, HOUR, Millis
from store.database import Store
from streams.experiment_baseline import ENOUGH, FEWEST, Past, sampled_past
from streams.experiment_surroundings import scopes_declared
from streams.outcomes import cell_keys

LONGEST = 400
"""Days of the past that before/after tries its dates in."""
TOTAL, COUNT, BEFORE, BEFORE_COUNT = range(4)


def rehearsed(store: Store, plan: Plan, salt: str, now: Millis) -> Plan:
    """Return the plan with what its design finds on the past; without, where the past cannot tell.

    Reads customers' rows or cells, and draws the design a thousand times: seconds, outside of any transaction.
    """
    design, expected = plan.design, plan.expected
    if design is None or expected is None or any(design.missing(now)):
        return plan
    try:
        found = _rehearsal(store, design, expected, salt, now)
    except InvalidInput:
        return replace(plan, design=replace(design, rehearsal=None))
    return replace(plan, design=replace(design, rehearsal=found))


def _rehearsal(store: Store, design: Design, expected: Expected, salt: str, now: Millis) -> Rehearsal:
    if design.layout is None:
        return _of_customers(store, design, expected, salt, now)
    past = _Reader(store, design.policy, expected).past(design.layout, design.frame(now), now)
    return rehearse_layout(design.layout, past, design.frame(now), salt)


def _of_customers(store: Store, design: Design, expected: Expected, salt: str, now: Millis) -> Rehearsal:
    """Return the rehearsal on as many past customers as the plan will reach, so that its error is the plan's.

    No more than are read of the past anyway: the error of a larger plan follows from that of those (``power.planned``).
    """
    wanted = max(FEWEST, min(reachable(design, now), ENOUGH))
    customers = sampled_past(store, design, expected, now).customers[:wanted]
    if len(customers) < wanted:
        raise InvalidInput(f"past: {len(customers)} customers are fewer than the {wanted} needed; give it time")
    ratio = measure_of(expected.metric).kind == "ratio"
    rows = np.array([_row(past, ratio=ratio) for past in customers], dtype=np.float64)
    scaled = rows * [measure_of(expected.metric).scale, 1.0, measure_of(expected.metric).scale, 1.0]
    return rehearse_customers(scaled, design.shares[-1], salt, design.window / DAY)


def _row(past: Past, *, ratio: bool) -> tuple[float, float, float, float]:
    n, before_n = (past.after[0], past.before[0]) if ratio else (1, 1)
    return float(past.after[1]), float(n), float(past.before[1]), float(before_n)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the past of one metric from cells, as tables of clusters and periods."""

    store: Store
    policy: str
    expected: Expected

    def past(self, layout: Layout, frame: Frame, now: Millis) -> Table:
        """Return the past that lies as long before ``now`` as the plan lies after it."""
        if isinstance(layout, BeforeAfter):
            return self._table([""], DAY, LONGEST, now)
        drawn = layout.timetable("any salt has the same shape", frame)
        if isinstance(layout, Clusters):
            length = Millis(max(DAY, (frame.ends - frame.begins) // DAY * DAY))
            return self._table(layout.names, length, 1, now, before=length)
        return self._table(sorted(drawn.treated), drawn.period, drawn.beyond - drawn.first, now)

    def _table(
        self, clusters: "list[str] | tuple[str, ...]", period: Millis, periods: int, now: Millis, before: int = 0
    ) -> Table:
        grain: Grain = "day" if period % DAY == 0 else "hour"
        step = DAY if grain == "day" else HOUR
        if period % step:
            raise InvalidInput("past: cells are kept by the hour; periods must be whole hours to be rehearsed")
        origin = Millis((now - now % step) - periods * period)
        untreated = Timetable(origin, period, 0, dict.fromkeys(clusters, (False,) * periods))
        rows = [row for cluster in clusters for row in self._rows(cluster, grain, (origin, now), before)]
        found = readings_of(rows, untreated, ("past", "treated"), Millis(now + period))
        table = table_of(found.cells, untreated, MetricColumns(TOTAL, COUNT, BEFORE, BEFORE_COUNT))
        return Table(table.clusters, -periods, table.values, table.treated, table.before)

    def _rows(self, cluster: str, grain: Grain, span: tuple[Millis, Millis], before: int) -> Iterator[GroupRow]:
        """Yield the cells of a cluster's scope as rows; what lies ``before`` them tells its level before."""
        known = list(scopes_declared(self.store.definitions.current().scopes))
        scope = scope_of(cluster, self.expected.scope, known)
        scale = measure_of(self.expected.metric).scale
        counted, summed = cell_keys(self.expected.metric)
        earlier = (0.0, 0.0)
        if before:
            past = self.store.cells.total(self.policy, scope, (Millis(span[0] - before), span[0]))
            earlier = (scale * sum(past.get(key, 0) for key in summed), float(sum(past.get(key, 0) for key in counted)))
        for at, counts in self.store.cells.series(self.policy, scope, grain, span).items():
            n = sum(counts.get(key, 0) for key in counted)
            total = scale * sum(counts.get(key, 0) for key in summed)
            yield GroupRow(cluster, at, at, (total, float(n), *earlier), units=n)
            earlier = (0.0, 0.0)
