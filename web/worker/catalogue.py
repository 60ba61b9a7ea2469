"""Every metric of a worker, with what to do when it rises; the exposition is made from this list."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from streams.worker.worker import Worker
from web.metrics.catalogue import PREFIX, Metric


@dataclass(frozen=True, slots=True)
class Told:
    """A metric, and where it is read."""

    metric: Metric
    read: Callable[[Worker], float]


def _behind(worker: Worker) -> float:
    wanted = worker.wanted
    return sum(max(0, end - wanted[partition]) for partition, end in worker.ends.items() if partition in wanted)


TOLD: tuple[Told, ...] = (
    Told(
        Metric("worker_partitions", "gauge", "Partitions this worker folds.", "Nothing; the others have fewer."),
        lambda worker: len(worker.wanted),
    ),
    Told(
        Metric("worker_offsets_folded", "counter", "Offsets this worker wrote.", "Nothing; it should."),
        lambda worker: worker.progress.offsets,
    ),
    Told(
        Metric("worker_checkpoints", "counter", "Checkpoints this worker wrote.", "Nothing; it should."),
        lambda worker: worker.progress.checkpoints,
    ),
    Told(
        Metric(
            "worker_records_behind",
            "gauge",
            "Offsets of its partitions that are committed and not folded.",
            "It is slower than what arrives: add workers, or look at the database.",
        ),
        _behind,
    ),
    Told(
        Metric(
            "worker_idle_seconds",
            "gauge",
            "Since this worker last wrote a checkpoint.",
            "Nothing, while worker_records_behind is 0; else it ends by itself after RESSENTI_WORKER_STALL_SECONDS.",
        ),
        lambda worker: monotonic() - worker.progress.at,
    ),
    Told(
        Metric(
            "worker_waiting",
            "gauge",
            "1 while the database or Kafka is away, and this worker waits.",
            "See /readyz for the reason, and mend it; nothing is lost meanwhile.",
        ),
        lambda worker: worker.waiting is not None,
    ),
    Told(
        Metric(
            "engine_fences",
            "counter",
            "Checkpoints undone because another writer came between.",
            "Erasures and replays do this; else sessions that time out: see worker_session_seconds.",
        ),
        lambda worker: worker.fences,
    ),
    Told(
        Metric(
            "worker_seeks", "counter", "Partitions read again from where the store stands.", "As for engine_fences."
        ),
        lambda worker: worker.progress.seeks,
    ),
    Told(
        Metric(
            "worker_chunks_lost",
            "counter",
            "Times fetched records were lost on the way and read again.",
            "A few at rebalances are normal; more is a fault of the consumer: report it.",
        ),
        lambda worker: worker.lost_on_the_way,
    ),
    Told(
        Metric(
            "offsets_expired",
            "counter",
            "Offsets that retention deleted before they were folded: lost events.",
            "Alarm. Lengthen the topic's retention and add workers; import what the senders still have.",
        ),
        lambda worker: worker.expired,
    ),
)


class WorkerMetrics(Collector):
    """Reads every metric of one worker; asks neither Kafka nor the database."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker

    def collect(self) -> Iterator[Family]:
        """Yield each metric with its sample."""
        for told in TOLD:
            family = CounterMetricFamily if told.metric.kind == "counter" else GaugeMetricFamily
            made = family(PREFIX + told.metric.name, told.metric.says)
            made.add_metric((), float(told.read(self._worker)))
            yield made
