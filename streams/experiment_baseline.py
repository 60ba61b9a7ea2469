"""What a scope's own history says before an experiment starts: the metric's mean and spread per customer, and volume.

Read from customers' rows: a partition holds customers by hash, so a few partitions are a fair sample of all. What the
design itself would have found in that history is in ``experiment_rehearsal``.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from msgspec.structs import replace

from experiments.design import PRE_PERIOD, Baseline, Design
from experiments.designs import Clusters
from experiments.measures import Measure, measure_of
from experiments.moments import Variance
from experiments.plan import Expected, Plan
from experiments.power import likeness_of
from models.customers import CustomerState, unpack
from models.definitions import DeclaredScopes
from models.errors import InvalidInput
from models.identifiers import DAY, Millis, Partition
from store.database import Store
from streams.outcomes import Lived, Span, outcome
from streams.units import cluster_of

ENOUGH = 5_000
"""Customers that are read at least, where there are as many."""
FEWEST = 30
"""Customers below which history says too little."""


@dataclass(frozen=True, slots=True)
class Past:
    """One past customer as a unit would have been: (n, sum) in the window and before it, and its cluster."""

    after: tuple[int, int]
    before: tuple[int, int]
    cluster: str = ""


@dataclass(frozen=True, slots=True)
class Sampled:
    """Past customers met in a window, and what share of all of them was read."""

    customers: tuple[Past, ...]
    share: float


def with_baseline(store: Store, plan: Plan, now: Millis) -> Plan:
    """Return ``plan`` with the baseline its scope's latest window gives; unchanged where there is too little of it.

    A plan of clusters that does not say how much their customers resemble each other learns it from there, too.
    """
    if plan.design is None or plan.expected is None:
        return plan
    sampled = sampled_past(store, plan.design, plan.expected, now)
    if len(sampled.customers) < FEWEST:
        return plan
    measure = measure_of(plan.expected.metric)
    found = _baseline(sampled.customers, measure, sampled.share * plan.design.window / DAY)
    design = replace(plan.design, baseline=found)
    return replace(plan, design=_with_likeness(design, sampled.customers, measure))


def sampled_past(store: Store, design: Design, expected: Expected, now: Millis) -> Sampled:
    """Return customers met in the latest window, as units of the design; at least 5,000 where there are as many."""
    span = Span(now - design.window, now)
    before = Span(span.first - min(design.pre_window, PRE_PERIOD), span.first)
    declared = store.definitions.current().scopes
    found: list[Past] = []
    for read in range(1, store.partition_count + 1):
        for state in _states(store, Partition(read - 1)):
            if any(span.first <= fact.time < span.beyond for fact in state.facts):
                lived = _lived(state, design.policy, declared)
                values = [outcome(expected.metric, lived, part, expected.scope) for part in (span, before)]
                found.append(Past(values[0], values[1], _cluster(state, design)))
        if len(found) >= ENOUGH:
            return Sampled(tuple(found), read / store.partition_count)
    return Sampled(tuple(found), 1.0)


def _baseline(customers: Sequence[Past], measure: Measure, sampled_days: float) -> Baseline:
    """Return mean, variance and volume of customers' (n, sum): the ratio's residuals where the metric is a ratio."""
    level, values = _values(customers, measure)
    return Baseline(level, variance(values), len(customers) / sampled_days)


def _values(customers: Sequence[Past], measure: Measure) -> tuple[float, list[float]]:
    """Return the metric's level and one value a customer that varies as its share of the metric does."""
    total, count = sum(past.after[1] for past in customers), sum(past.after[0] for past in customers)
    if measure.kind == "mean" or not count:
        scaled = [past.after[1] * measure.scale for past in customers]
        return fmean(scaled), scaled
    mean, each = total / count, count / len(customers)
    residuals = [(past.after[1] - mean * past.after[0]) / each * measure.scale for past in customers]
    return mean * measure.scale, residuals


def _with_likeness(design: Design, customers: Sequence[Past], measure: Measure) -> Design:
    layout = design.layout
    if not isinstance(layout, Clusters) or layout.correlation is not None:
        return design
    _, values = _values(customers, measure)
    groups: dict[str, list[float]] = defaultdict(list)
    for past, value in zip(customers, values, strict=True):
        if past.cluster:
            groups[past.cluster].append(value)
    try:
        found = likeness_of([Variance.of(own) for own in groups.values()])
    except InvalidInput:
        return design  # too few clusters in the past: the plan stays without, and says so itself
    return replace(design, layout=replace(layout, correlation=found.correlation))


def _cluster(state: CustomerState, design: Design) -> str:
    """Return the cluster the customer's latest fact names, where the design has clusters."""
    if not isinstance(design.layout, Clusters):
        return ""
    named = (cluster_of(fact, design.layout.names) for fact in reversed(state.facts))
    return next((cluster for cluster in named if cluster), "")


def _states(store: Store, partition: Partition) -> Iterator[CustomerState]:
    for row in store.customers.each(partition):
        yield unpack(row.state)


def _lived(state: CustomerState, policy: str, declared: DeclaredScopes) -> Lived:
    contributions = [c for journey in state.applied for c in journey.contributions if c.policy == policy]
    return Lived(state.facts, contributions, (), declared)
