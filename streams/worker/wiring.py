"""From settings to a house and the worker that folds for it: the one place that knows how these fit together."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import structlog

from models.errors import InvariantBroken, RefusedToStart
from models.identifiers import Millis, Offset, Partition
from store.database import Store, system_clock
from streams.bootstrap import House, built
from streams.delivering import heard
from streams.kafka.clients import cluster_of
from streams.kafka.log import KafkaLog
from streams.kafka.topic_admin import wrong_outgoing
from streams.opening import opened_parts
from streams.settings import Settings
from streams.worker.ending import ExitCode
from streams.worker.liveness import Watching
from streams.worker.parts import Reading
from streams.worker.pump import Batching
from streams.worker.worker import Job, Pace, Worker

_log = structlog.get_logger(__name__)

HEARTBEATS = 3
"""How many heartbeats a session must have room for: one may be late, and one lost."""


@contextmanager
def opened_worker(
    settings: Settings, exit_code: ExitCode, clock: Callable[[], Millis] = system_clock
) -> Iterator[tuple[House, Worker]]:
    """Open the house that ``settings`` describe, and the worker that folds its log; neither runs yet.

    Raises ``RefusedToStart`` with one sentence for whatever would do harm, ``Retryable`` while the database is away.
    """
    if settings.kafka_bootstrap is None:
        raise RefusedToStart(
            "a worker folds from Kafka into PostgreSQL: set RESSENTI_KAFKA_BOOTSTRAP and RESSENTI_DATABASE_URL; "
            "with a data folder, `ressenti serve` folds by itself"
        )
    reading_of(settings, settings.kafka_topic)  # before anybody is met
    with opened_parts(settings, clock) as (store, log):
        if not isinstance(log, KafkaLog):
            raise InvariantBroken(f"the log is a {type(log).__name__}, not Kafka's; report this")
        for fault in wrong_outgoing(settings, heard(settings) | {"erased"}):
            _log.warning("results wait in the outbox, those after them too, until this is mended", fault=fault)
        house = built(settings, store, clock, log)
        job = Job(reading_of(settings, log.name), house.engine.folding, lambda: checked(store, log))
        yield house, Worker(job, pace_of(settings), exit_code)


def checked(store: Store, log: KafkaLog) -> Mapping[Partition, Offset]:
    """Return where ``log`` ends; raises ``LogChanged`` unless it is the one that ``store`` was built from."""
    log.check()
    ends = log.ends()
    store.check_log(log.identity, ends)
    return ends


def reading_of(settings: Settings, topic: str) -> Reading:
    """Return how a worker reads ``topic``; raises ``RefusedToStart`` for settings that do not fit together."""
    if settings.worker_heartbeat_seconds * HEARTBEATS > settings.worker_session_seconds:
        raise RefusedToStart(
            f"RESSENTI_WORKER_HEARTBEAT_SECONDS is {settings.worker_heartbeat_seconds:g} and "
            f"RESSENTI_WORKER_SESSION_SECONDS {settings.worker_session_seconds:g}: a session must hold {HEARTBEATS} "
            "heartbeats, or a worker that lives is taken for dead; lower the first or raise the second"
        )
    cluster = cluster_of(settings)
    return Reading(
        bootstrap=cluster.bootstrap,
        topic=topic,
        group=settings.kafka_prefix + settings.worker_group,
        instance=settings.worker_instance,
        session_seconds=settings.worker_session_seconds,
        heartbeat_seconds=settings.worker_heartbeat_seconds,
        records=settings.chunk_records,
        security=cluster.security,
    )


def pace_of(settings: Settings) -> Pace:
    """Return how often things are done."""
    return Pace(
        batching=Batching(records=settings.worker_checkpoint_records, seconds=settings.worker_checkpoint_seconds),
        watching=Watching(limit=settings.worker_stall_seconds),
        reconcile_seconds=settings.worker_reconcile_seconds,
        hint_seconds=settings.worker_hint_seconds,
        stop_seconds=settings.stop_seconds,
    )
