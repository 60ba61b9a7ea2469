"""What a scope's own history says before an experiment starts: the metric's mean and spread per customer, and volume.

Read from customers' rows: a partition holds customers by hash, so a few partitions are a fair sample of all.
"""

from collections.abc import Iterator
from statistics import fmean, variance

from msgspec.structs import replace

from experiments.design import Baseline
from experiments.measures import Measure, measure_of
from experiments.plan import Plan
from models.customers import CustomerState, unpack
from models.definitions import DeclaredScopes
from models.identifiers import DAY, Millis, Partition
from store.database import Store
from streams.outcomes import Lived, Span, outcome

ENOUGH = 5_000
"""Customers that are read at least, where there are as many."""
FEWEST = 30
"""Customers below which history says too little."""

Values = list[tuple[int, int]]


def with_baseline(store: Store, plan: Plan, now: Millis) -> Plan:
    """Return ``plan`` with the baseline its scope's latest window gives; unchanged where there is too little of it."""
    if plan.design is None or plan.expected is None:
        return plan
    measure = measure_of(plan.expected.metric)
    span = Span(now - plan.design.window, now)
    sampled, values = _sample(store, plan, span)
    if len(values) < FEWEST:
        return plan
    found = _baseline(values, measure, sampled * plan.design.window / DAY)
    return replace(plan, design=replace(plan.design, baseline=found))


def _baseline(values: Values, measure: Measure, sampled_days: float) -> Baseline:
    """Return mean, variance and volume of customers' (n, sum): the ratio's residuals where the metric is a ratio."""
    total, count = sum(sum_ for _, sum_ in values), sum(n for n, _ in values)
    per_day = len(values) / sampled_days
    if measure.kind == "mean" or not count:
        scaled = [sum_ * measure.scale for _, sum_ in values]
        return Baseline(fmean(scaled), variance(scaled), per_day)
    mean, each = total / count, count / len(values)
    residuals = [(sum_ - mean * n) / each * measure.scale for n, sum_ in values]
    return Baseline(mean * measure.scale, variance(residuals), per_day)


def _sample(store: Store, plan: Plan, span: Span) -> tuple[float, Values]:
    """Return the share of all partitions that was read, and the values of the customers who were met in ``span``."""
    assert plan.expected is not None  # noqa: S101 - asked by the only caller
    assert plan.design is not None  # noqa: S101
    declared = store.definitions.current().scopes
    values: Values = []
    for read in range(1, store.partition_count + 1):
        for state in _states(store, Partition(read - 1)):
            if any(span.first <= fact.time < span.beyond for fact in state.facts):
                lived = _lived(state, plan.design.policy, declared)
                values.append(outcome(plan.expected.metric, lived, span, plan.expected.scope))
        if len(values) >= ENOUGH:
            return read / store.partition_count, values
    return 1.0, values


def _states(store: Store, partition: Partition) -> Iterator[CustomerState]:
    for row in store.customers.each(partition):
        yield unpack(row.state)


def _lived(state: CustomerState, policy: str, declared: DeclaredScopes) -> Lived:
    contributions = [c for journey in state.applied for c in journey.contributions if c.policy == policy]
    return Lived(state.facts, contributions, (), declared)
