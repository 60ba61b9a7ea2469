"""The composition root: from settings to a house with all its parts, in the one place that knows how they fit.

Nothing here decides anything; it opens, connects, starts and stops.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import structlog

from experiments.evaluation import Evaluation
from experiments.ledger import Experiment
from models.definitions import Definitions
from models.identifiers import DAY, HOUR, Millis
from models.pseudonyms import PseudonymKey
from store.database import Store, system_clock
from store.retention import Retention
from streams.cases import CaseOpener
from streams.collector import Collector
from streams.declaring import Bounds, Declaring
from streams.engine import Engine, Limits
from streams.experiment_desk import ExperimentDesk
from streams.experiment_evaluator import ExperimentEvaluator
from streams.gap_detector import GapDetector
from streams.keeper import StoreKeeper
from streams.leadership import Leadership
from streams.memory import RecentEvents
from streams.secrets import pseudonym_key
from streams.settings import Settings, secret
from streams.silence import RescueWatch, Silence
from streams.ticking import Tick, Ticking
from streams.waking import ImportDoor, WakingLog
from streams.webhooks import Deliveries, Receiver

_log = structlog.get_logger(__name__)

Clock = Callable[[], Millis]
SETTLING_ROUNDS = 100
SEGMENT_VALUES = 200
"""Segment values that imports may declare: whoever wrote their mapping chose them."""


@dataclass(frozen=True, slots=True)
class House:
    """A data folder opened, and everything that works on it."""

    settings: Settings
    clock: Clock
    store: Store
    key: PseudonymKey
    log: WakingLog
    engine: Engine
    collector: Collector
    imports: ImportDoor
    """Where imports and the demo append: it declares the scopes they bring."""
    silence: Silence
    leadership: Leadership
    gap_detector: GapDetector
    experiment_evaluator: ExperimentEvaluator
    experiment_desk: ExperimentDesk
    ticking: Ticking
    _running: list[threading.Thread] = field(default_factory=list)

    def now(self) -> Millis:
        """Return the time."""
        return self.clock()

    def definitions(self) -> Definitions:
        """Return the definitions in force."""
        return self.store.definitions.current()

    def look(self, experiment: Experiment) -> Evaluation:
        """Return what the data say of ``experiment`` now; writes nothing."""
        return self.experiment_evaluator.look(experiment, self.clock())

    def settle(self) -> int:
        """Fold everything there is, and let silence pass for whom it changes something; return how many records.

        For imports and one-off commands; needs the folder's engine lock (``leading``).
        """
        folded = self.engine.drain()
        for _ in range(SETTLING_ROUNDS):
            if not self.silence.tick(self.clock()):
                break
            folded += self.engine.drain()
        return folded

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Hold the right to fold this folder; raises ``RefusedToStart`` when another process does."""
        with self.store.engine_lock():
            self.leadership.claim(self.clock())
            yield

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lead, with the engine following the log and all ticks beating in threads, until the block ends."""
        with self.leading():
            engine = threading.Thread(target=self._run_engine, name="engine", daemon=True)
            engine.start()
            self.ticking.start()
            self._running[:] = [engine]
            try:
                yield
            finally:
                self.ticking.stop()
                self.engine.stop()
                engine.join(self.settings.stop_seconds)

    @property
    def ready(self) -> bool:
        """The engine runs, and nothing has stopped it."""
        return self.engine.failure is None and any(thread.is_alive() for thread in self._running)

    def _run_engine(self) -> None:
        try:
            self.engine.run()
        except BaseException as error:  # noqa: BLE001 - kept in ``engine.failure``; /readyz and the exit code tell
            _log.critical("the engine is down: nothing is folded any more", reason=str(error))


@contextmanager
def opened(settings: Settings, clock: Clock = system_clock) -> Iterator[House]:
    """Open the house that ``settings`` describe; nothing runs yet. Closes it at the end of the block.

    Raises ``RefusedToStart`` and ``Retryable`` as the store does.
    """
    with Store.open(settings.data, partitions=settings.partitions, clock=clock) as store:
        yield built(settings, store, clock)


def built(settings: Settings, store: Store, clock: Clock = system_clock) -> House:
    """Return the house around an open ``store``."""
    key = pseudonym_key(settings)
    topics = frozenset({"scores", "rescues"}) if settings.webhook_url else frozenset[str]()
    engine = Engine(store.log, StoreKeeper(store), limits_of(settings), topics)
    log = WakingLog(store.log, engine.wake)
    bounds = Bounds(settings.declared_values)
    declaring = Declaring(store.definitions, bounds, clock)
    choosing = Declaring(store.definitions, Bounds(settings.declared_values, SEGMENT_VALUES), clock)
    leadership = Leadership(store)
    silence = Silence(log, store.customers)
    gap_detector = GapDetector(store, leadership)
    desk = ExperimentDesk(store)
    evaluator = ExperimentEvaluator(store, leadership, desk)
    return House(
        settings=settings,
        clock=clock,
        store=store,
        key=key,
        log=log,
        engine=engine,
        collector=Collector(
            log, store.customers.load, declaring, key, RecentEvents(settings.duplicate_memory), clock=clock
        ),
        imports=ImportDoor(store.log, choosing, engine.wake),
        silence=silence,
        leadership=leadership,
        gap_detector=gap_detector,
        experiment_evaluator=evaluator,
        experiment_desk=desk,
        ticking=Ticking(
            [
                Tick("due", settings.due_tick_seconds, silence.tick),
                Tick("rescues", settings.rescue_tick_seconds, RescueWatch(log, store).tick),
                Tick("cases", settings.gap_tick_seconds, CaseOpener(store, leadership).tick),
                Tick("gaps", settings.gap_tick_seconds, gap_detector.tick),
                Tick("experiments", settings.experiment_tick_seconds, evaluator.tick),
                Tick("retention", settings.retention_tick_seconds, lambda _: store.prune(retention_of(settings))),
                *_deliveries(settings, store),
            ],
            clock,
        ),
    )


def limits_of(settings: Settings) -> Limits:
    """Return how much the engine does at once."""
    return Limits(settings.chunk_records, settings.checkpoint_records, settings.idle_seconds)


def retention_of(settings: Settings) -> Retention:
    """Return how long things are kept."""
    return Retention(
        five_minutes=Millis(settings.five_minute_retention_hours * HOUR),
        log=Millis(settings.log_retention_days * DAY),
        dead_letters=Millis(settings.dead_letter_retention_days * DAY),
    )


def _deliveries(settings: Settings, store: Store) -> list[Tick]:
    if settings.webhook_url is None:
        return []
    key = secret(settings.webhook_secret_file)
    signed = None if key is None else key.get_secret_value().encode()
    receiver = Receiver(settings.webhook_url, signed, settings.webhook_timeout_seconds)
    return [Tick("outbox", settings.outbox_tick_seconds, Deliveries(store.outbox, receiver).tick)]
