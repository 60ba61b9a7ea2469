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
from streams.announcing import Announcing
from streams.awaiting import folded_by_others
from streams.cases import CaseOpener
from streams.chunks import Log
from streams.collector import Collector
from streams.declaring import Bounds, Declaring
from streams.delivering import delivery, heard
from streams.engine import Engine, Limits
from streams.experiment_desk import ExperimentDesk
from streams.experiment_evaluator import ExperimentEvaluator
from streams.gap_detector import GapDetector
from streams.keeper import StoreKeeper
from streams.leadership import Leadership
from streams.memory import RecentEvents
from streams.opening import opened_parts
from streams.secrets import kept_key
from streams.settings import Settings
from streams.silence import RescueWatch, Silence
from streams.ticking import Tick, Ticking
from streams.waking import ImportDoor, WakingLog, import_log

_log = structlog.get_logger(__name__)

Clock = Callable[[], Millis]
SETTLING_ROUNDS = 100
ANNOUNCE_SECONDS = 5.0
"""How often it is looked whether a gap or a verdict changed."""
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

        For imports and one-off commands; needs the folder's engine lock (``leading``). On PostgreSQL the workers fold:
        waits until they have, and raises ``Retryable`` when they get nowhere.
        """
        if not self.store.embedded:
            return folded_by_others(self.store, self.log)
        folded = self.engine.drain()
        for _ in range(SETTLING_ROUNDS):
            if not self.silence.tick(self.clock()):
                break
            folded += self.engine.drain()
        return folded

    @contextmanager
    def leading(self) -> Iterator[None]:
        """Hold the right to fold this folder; raises ``RefusedToStart`` when another process does.

        On PostgreSQL there is no such right: nothing is held, and whichever worker leads goes on leading.
        """
        with self.store.engine_lock():
            if self.store.embedded:
                self.leadership.claim(self.clock())
            yield

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lead, with the engine following the log and all ticks beating in threads, until the block ends.

        On PostgreSQL nothing is started: workers fold and tick.
        """
        if not self.store.embedded:
            yield
            return
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
        """The engine runs, and nothing has stopped it; on PostgreSQL there is none here to wait for."""
        if not self.store.embedded:
            return True
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
    with opened_parts(settings, clock) as (store, log):
        yield built(settings, store, clock, log)


def built(settings: Settings, store: Store, clock: Clock = system_clock, log: Log | None = None) -> House:
    """Return the house around an open ``store``, whose own ``log`` is taken when none is given.

    Raises ``RefusedToStart`` for a pseudonym key that cannot be had, or is another than the store was filled under.
    """
    kept = store.log if log is None else log
    key = kept_key(settings, store)
    topics = heard(settings)
    engine = Engine(kept, StoreKeeper(store), limits_of(settings), topics)
    waking = WakingLog(kept, engine.wake)
    bounds = Bounds(settings.declared_values)
    declaring = Declaring(store.definitions, bounds, clock)
    choosing = Declaring(store.definitions, Bounds(settings.declared_values, SEGMENT_VALUES), clock)
    leadership = Leadership(store)
    silence = Silence(waking, store.customers)
    gap_detector = GapDetector(store, leadership)
    desk = ExperimentDesk(store)
    evaluator = ExperimentEvaluator(store, kept, leadership, desk)
    return House(
        settings=settings,
        clock=clock,
        store=store,
        key=key,
        log=waking,
        engine=engine,
        collector=Collector(
            waking, store.customers.load, declaring, key, RecentEvents(settings.duplicate_memory), clock=clock
        ),
        imports=ImportDoor(import_log(store, kept), choosing, engine.wake),
        silence=silence,
        leadership=leadership,
        gap_detector=gap_detector,
        experiment_evaluator=evaluator,
        experiment_desk=desk,
        ticking=Ticking(
            [
                Tick(name, seconds, leadership.alone(run))
                for name, seconds, run in (
                    ("due", settings.due_tick_seconds, silence.tick),
                    ("rescues", settings.rescue_tick_seconds, RescueWatch(waking, store).tick),
                    ("cases", settings.gap_tick_seconds, CaseOpener(store, leadership).tick),
                    ("gaps", settings.gap_tick_seconds, gap_detector.tick),
                    ("experiments", settings.experiment_tick_seconds, evaluator.tick),
                    ("retention", settings.retention_tick_seconds, lambda _: store.prune(retention_of(settings))),
                    *_telling(settings, store, kept, Announcing(store, leadership, topics)),
                )
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


def _telling(
    settings: Settings, store: Store, log: Log, announcing: Announcing
) -> list[tuple[str, float, Callable[[Millis], object]]]:
    deliver = delivery(settings, store, log)
    if deliver is None:
        return []
    return [("announcing", ANNOUNCE_SECONDS, announcing.tick), ("outbox", settings.outbox_tick_seconds, deliver)]
