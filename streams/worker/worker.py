"""One worker: its parts started, run until asked to stop or until it cannot go on, and stopped in order.

::

    start  application (consumer, agent) → pump → reconciler, hints, liveness
    stop   1. the pump finishes the checkpoint at work and takes nothing more
           2. a last hint to Kafka, so that lag tools are right
           3. the application stops: the consumer leaves its group, and others take over at once
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass, field

import structlog
from aiokafka.errors import KafkaError

from models.errors import RessentiError, Retryable
from models.identifiers import Offset, Partition
from streams.folding import Folding
from streams.worker.app import WorkerApp, application
from streams.worker.ending import Ending, ExitCode
from streams.worker.hints import Hints
from streams.worker.liveness import Liveness, Watching, World
from streams.worker.parts import Parts, Reading
from streams.worker.pump import Batching, Ground, Progress, Pump
from streams.worker.reconciler import Reconciler

_log = structlog.get_logger(__name__)

SIGNALS = (signal.SIGTERM, signal.SIGINT)
LEAVE_SECONDS = 10.0
"""Longest wait for the application to stop, once the pump has."""


class ConsumerFailed(Retryable):
    """The consumer met something it cannot recover from by itself; the process ends, to be started anew."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are done, and how long is waited."""

    batching: Batching = field(default_factory=Batching)
    watching: Watching = field(default_factory=Watching)
    reconcile_seconds: float = 5.0
    hint_seconds: float = 5.0
    stop_seconds: float = 30.0


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker works on."""

    reading: Reading
    folding: Folding
    check: Callable[[], Mapping[Partition, Offset]]
    """Checks that the log is the store's own, and returns its ends; blocks. See ``liveness.World``."""


class Worker:
    """Folds its share of the log's partitions until asked to stop."""

    def __init__(self, job: Job, pace: Pace, exit_code: ExitCode) -> None:
        self._job = job
        self._pace = pace
        self._exit_code = exit_code
        self._app: WorkerApp | None = None
        self._pump: Pump | None = None
        self._ending: Ending | None = None
        self._liveness: Liveness | None = None
        self._reconciler: Reconciler | None = None

    def run(self, started: Callable[[], object] = lambda: None) -> None:
        """Work in this thread until a signal comes; ``started`` is called once the consumer runs.

        Raises what the worker could not go on from: ``RefusedToStart``, ``Retryable``, ``InvariantBroken``.
        """
        asyncio.run(self._serve(started))

    def ask_to_stop(self) -> None:
        """Stop as a signal would; from any thread, and only while running."""
        if self._ending is not None:
            self._ending.ask()

    @property
    def topic(self) -> str:
        """The topic it reads."""
        return self._job.reading.topic

    @property
    def progress(self) -> Progress:
        """How the pump is doing."""
        return Progress() if self._pump is None else self._pump.progress

    @property
    def wanted(self) -> Mapping[Partition, Offset]:
        """Where the partitions of this worker continue."""
        return {} if self._pump is None else self._pump.wanted()

    @property
    def ends(self) -> Mapping[Partition, Offset]:
        """Where the log ended when it was last looked at."""
        return {} if self._liveness is None else self._liveness.ends

    @property
    def waiting(self) -> str | None:
        """Why nothing is folded just now, when the world is not ready."""
        away = None if self._liveness is None else self._liveness.away
        return self.progress.waiting or away

    @property
    def failure(self) -> BaseException | None:
        """What the worker could not go on from, if anything."""
        return None if self._ending is None else self._ending.failure

    @property
    def fences(self) -> int:
        """How often another writer came between, since the start."""
        return self._job.folding.fences

    @property
    def expired(self) -> int:
        """How many offsets were gone from the log before they were read, since the start."""
        return 0 if self._app is None else sum(self._app.chunks.expired.values())

    @property
    def lost_on_the_way(self) -> int:
        """How often the reconciler had to read a partition again, since the start."""
        return 0 if self._reconciler is None else self._reconciler.found

    async def _serve(self, started: Callable[[], object]) -> None:
        ending = self._ending = Ending(self._pace.stop_seconds + LEAVE_SECONDS, self._exit_code)
        with _signals(ending):
            pump = self._pump = Pump(self._job.folding, Ground(self._job.check, ending.give_up), self._pace.batching)
            app = self._app = application(Parts(self._job.reading, pump, ending.give_up))
            try:
                await self._live(app, pump, ending, started)
            finally:
                if self._liveness is not None:
                    self._liveness.stop()
                await self._leave(app, ending)
                if not pump.close():  # else the process cannot end by itself, and is ended after its time
                    ending.done()
        if ending.failure is not None:
            raise _told(ending.failure)

    async def _live(self, app: WorkerApp, pump: Pump, ending: Ending, started: Callable[[], object]) -> None:
        """Start everything, wait for the end, and stop the pump (1, 2)."""
        if not await _begun(app, ending):
            return
        hints = Hints(pump, app.chunks, self._pace.hint_seconds)
        pumping = asyncio.create_task(pump.run(app.chunks))
        beside = self._beside(app, pump, hints, ending)
        started()
        await ending.wait()
        _log.info("the worker stops")
        await pump.stop()
        await asyncio.wait([pumping], timeout=self._pace.stop_seconds)  # 1
        for task in beside:
            await _cancelled(task)
        if ending.failure is None:
            await hints.give()  # 2

    def _beside(self, app: WorkerApp, pump: Pump, hints: Hints, ending: Ending) -> list[asyncio.Task[None]]:
        """Start what runs beside the pump; whichever of it fails ends the worker."""
        self._reconciler = Reconciler(pump, app.chunks, self._pace.reconcile_seconds)
        world = World(self._job.check, lambda: bool(app.rebalancing))
        self._liveness = Liveness(pump, world, self._pace.watching, ending.give_up)
        self._liveness.start()
        return [_watched(work, ending) for work in (self._reconciler.run(), hints.run(), _crash_of(app))]

    async def _leave(self, app: WorkerApp, ending: Ending) -> None:
        """Stop the application (3); what goes wrong there no longer matters."""
        try:
            async with asyncio.timeout(LEAVE_SECONDS):
                await app.stop()
        except Exception as error:  # noqa: BLE001 - the group finds out by itself, after the session timeout
            _log.warning("the consumer did not leave its group in order", reason=repr(error), failure=ending.failure)


async def _begun(app: WorkerApp, ending: Ending) -> bool:
    """Start ``app``; return whether it runs: it may fail, or the end may be asked for meanwhile."""
    starting = asyncio.create_task(app.start())
    asked = asyncio.create_task(ending.wait())
    await asyncio.wait([starting, asked], return_when=asyncio.FIRST_COMPLETED)
    await _cancelled(asked)
    if not starting.done():
        await _cancelled(starting)
        return False
    if (error := starting.exception()) is not None:
        ending.give_up(error)
    return error is None


async def _crash_of(app: WorkerApp) -> None:
    """Raise what ended one of Faust's services."""
    await app.wait_until_stopped()
    if app.crashed:
        reason = app.crash_reason
        raise reason if isinstance(reason, Exception) else ConsumerFailed(f"Faust stopped by itself ({reason!r})")


def _watched(work: Coroutine[object, object, None], ending: Ending) -> asyncio.Task[None]:
    async def watched() -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - a worker without one of its parts must end
            ending.give_up(error)

    return asyncio.create_task(watched())


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task], timeout=LEAVE_SECONDS)


def _told(error: BaseException) -> BaseException:
    """Return ``error`` in our own words, if it is of another's making."""
    if isinstance(error, RessentiError) or not isinstance(error, KafkaError):
        return error
    return ConsumerFailed(f"the consumer failed ({error!r}); the process ends, to be started anew")


@contextlib.contextmanager
def _signals(ending: Ending) -> Iterator[None]:
    """Let SIGTERM and SIGINT ask for the end, where this is the main thread."""
    loop = asyncio.get_running_loop()
    try:
        for one in SIGNALS:
            loop.add_signal_handler(one, ending.ask)
    except (RuntimeError, ValueError):  # another thread: whoever runs us there asks by ``ask_to_stop``
        yield
        return
    try:
        yield
    finally:
        for one in SIGNALS:
            loop.remove_signal_handler(one)
