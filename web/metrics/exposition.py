"""The metrics as Prometheus reads them, made at each scrape from the store and this process."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.cells import Unit, value_of
from models.identifiers import DAY, SECOND, Millis
from streams.bootstrap import House
from streams.calls import calls_now
from web.live.lag import behind
from web.metrics.catalogue import METRICS, PREFIX

Samples = Mapping[tuple[str, ...], float]
UNITS: tuple[Unit, ...] = ("contact", "journey", "customer")
SHOWN = ("all", "touchpoint:", "channel:")


class StoreMetrics(Collector):
    """Reads everything in the catalogue; one scrape costs a few short reads."""

    def __init__(self, house: House) -> None:
        self._house = house

    def collect(self) -> Iterator[Metric]:
        """Yield each metric of the catalogue with its samples."""
        samples = {**_counted(self._house), **_standing(self._house), **_scored(self._house)}
        for metric in METRICS:
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            made = family(PREFIX + metric.name, metric.says, labels=metric.labels)
            for labels, value in samples.get(metric.name, {}).items():
                made.add_metric(labels, value)
            yield made


def registry_of(house: House) -> CollectorRegistry:
    """Return a registry of this house's metrics alone."""
    registry = CollectorRegistry()
    registry.register(StoreMetrics(house))
    return registry


def _counted(house: House) -> dict[str, Samples]:
    counters = house.store.partitions.counters()
    collected = house.collector.collected
    one: dict[str, float] = {
        "events_received": counters.received,
        "events_scored": counters.scored,
        "events_duplicate": counters.duplicates,
        "events_dead": counters.dead_letters,
        "events_late": counters.late,
        "events_erased": counters.erased,
        "events_undeclared": counters.undeclared,
        "unknown_fields": counters.unknown_fields + collected.unknown_fields,
        "records_forwarded": counters.forwarded,
        "offsets_skipped": counters.skipped,
        "engine_fences": house.engine.fences,
    }
    return {
        **{name: {(): value} for name, value in one.items()},
        "dead_letters": {(reason,): n for reason, n in house.store.dead_letters.counts().items()},
        "collector_events": {
            ("accepted",): collected.accepted,
            ("duplicate",): collected.duplicates,
            ("rejected",): collected.rejected,
        },
    }


def _standing(house: House) -> dict[str, Samples]:
    store = house.store
    waiting = behind(house)
    calls = calls_now(store, house.definitions().active, house.now())
    return {
        "records_behind": {} if waiting is None else {(): waiting},
        "log_away": {(): waiting is None},
        "outbox_unsent": {(): store.outbox.backlog()},
        "watermark_seconds": {(): store.partitions.slowest_watermark() / SECOND},
        "customers": {(): store.customers.count()},
        "rescues_open": {(): len(calls)},
        "gaps": _by(kept.gap.state.value for kept in store.gaps.all()),
        "experiments": _by(kept.experiment.state.value for kept in store.experiments.all()),
    }


def _scored(house: House) -> dict[str, Samples]:
    policy, now = house.definitions().active.version, house.now()
    span = (Millis(now - DAY), now)
    scores: dict[tuple[str, ...], float] = {}
    units: dict[tuple[str, ...], float] = {}
    for scope in house.store.cells.scopes(policy):
        if "|" in scope or not scope.startswith(SHOWN):
            continue
        counts = house.store.cells.total(policy, scope, span)
        for unit in UNITS:
            score = value_of(counts, unit)
            if score.value is not None:
                scores[score.metric, scope] = score.value / 100
                units[score.metric, scope] = score.n
    return {"score": scores, "score_units": units}


def _by(states: Iterable[str]) -> Samples:
    return {(state,): count for state, count in Counter(states).items()}
