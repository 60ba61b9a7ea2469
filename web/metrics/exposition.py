"""The metrics as Prometheus reads them, made at each scrape from the store and this process."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.cells import Unit, value_of
from models.effects import Counters
from models.errors import Retryable
from models.identifiers import DAY, SECOND, Millis
from streams.bootstrap import House
from streams.calls import calls_now
from streams.delivering import heard
from web.health.world import World
from web.live.lag import behind, log_ends
from web.metrics.catalogue import METRICS, PREFIX

Samples = Mapping[tuple[str, ...], float]
UNITS: tuple[Unit, ...] = ("contact", "journey", "customer")
SHOWN = ("all", "touchpoint:", "channel:")


class HouseMetrics(Collector):
    """Reads everything in the catalogue; one scrape costs a few short reads.

    While the store does not answer there are samples of what this process knows by itself, and of nothing else.
    """

    def __init__(self, house: House, world: World) -> None:
        self._house = house
        self._world = world
        self.away: Retryable | None = None
        """Why the last ``collect`` left out most, if it did."""

    def collect(self) -> Iterator[Metric]:
        """Yield each metric of the catalogue with its samples."""
        samples = self._samples()
        for metric in METRICS:
            family = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
            made = family(PREFIX + metric.name, metric.says, labels=metric.labels)
            for labels, value in samples.get(metric.name, {}).items():
                made.add_metric(labels, value)
            yield made

    def _samples(self) -> dict[str, Samples]:
        house, own = self._house, _own(self._house)
        try:
            counters = self._world.store()  # before anything else: it may hang, and does not keep us
            return {**own, "store_away": {(): 0}, **_counted(house, counters), **_standing(house), **_scored(house)}
        except Retryable as away:
            self.away = away
            return {**own, "store_away": {(): 1}, "log_away": {(): log_ends(house) is None}}


def exposed(metrics: Collector) -> bytes:
    """Return ``metrics`` alone in Prometheus' text format."""
    registry = CollectorRegistry()
    registry.register(metrics)
    return generate_latest(registry)


def _own(house: House) -> dict[str, Samples]:
    """Return what this process counted itself."""
    collected = house.collector.collected
    return {
        "engine_fences": {(): house.engine.fences},
        "collector_events": {
            ("accepted",): collected.accepted,
            ("duplicate",): collected.duplicates,
            ("rejected",): collected.rejected,
        },
    }


def _counted(house: House, counters: Counters) -> dict[str, Samples]:
    one: dict[str, float] = {
        "events_received": counters.received,
        "events_scored": counters.scored,
        "events_duplicate": counters.duplicates,
        "events_dead": counters.dead_letters,
        "events_late": counters.late,
        "events_erased": counters.erased,
        "events_undeclared": counters.undeclared,
        "unknown_fields": counters.unknown_fields + house.collector.collected.unknown_fields,
        "records_forwarded": counters.forwarded,
        "offsets_skipped": counters.skipped,
    }
    return {
        **{name: {(): value} for name, value in one.items()},
        "dead_letters": {(reason,): n for reason, n in house.store.dead_letters.counts().items()},
    }


def _standing(house: House) -> dict[str, Samples]:
    store = house.store
    waiting = behind(house)
    calls = calls_now(store, house.definitions().active, house.now())
    return {
        "records_behind": {} if waiting is None else {(): waiting},
        "log_away": {(): waiting is None},
        **_outbox(house),
        "watermark_seconds": {(): store.partitions.slowest_watermark() / SECOND},
        "customers": {(): store.customers.count()},
        "rescues_open": {(): len(calls)},
        "gaps": _by(kept.gap.state.value for kept in store.gaps.all()),
        "experiments": _by(kept.experiment.state.value for kept in store.experiments.all()),
    }


def _outbox(house: House) -> dict[str, Samples]:
    """Return nothing where nobody hears results: what is kept all the same, as word of an erasure, waits for nobody."""
    if not heard(house.settings):
        return {}
    outbox = house.store.outbox
    sent = outbox.last_sent()
    return {
        "outbox_unsent": {(): outbox.backlog()},
        "outbox_sent_seconds": {} if sent is None else {(): sent / SECOND},
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
