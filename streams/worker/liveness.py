"""Liveness from progress: a worker that has something to fold and folds nothing is ended, to be started anew.

Seen from a thread of its own, with a client of its own, so that neither a stuck event loop nor a consumer that died
in silence can hide it. The log's end is the last committed one: with the high watermark, an open transaction would look
like work that nobody does. Waiting for a database or a broker is no standing still: no restart would help.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from models.errors import RefusedToStart, Retryable
from models.identifiers import Offset, Partition
from streams.worker.pump import Pump

_log = structlog.get_logger(__name__)

JOIN_SECONDS = 1.0


class Stalled(Retryable):
    """There was something to fold and nothing was folded; the process ends, to be started anew."""


@dataclass(frozen=True, slots=True)
class Look:
    """What is seen at one moment."""

    moved: int
    """Offsets checkpointed since the start; any change is progress."""
    behind: bool
    """There is something to fold."""
    excused: bool
    """The world is not ready, and that is known."""


class Stall:
    """For how long the worker has been behind, without excuse, at the same place."""

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._moved = -1
        self._since: float | None = None

    def after(self, look: Look, now: float) -> bool:
        """Take in a look at ``now`` (seconds, never going back); return whether the limit is reached."""
        if look.moved != self._moved or not look.behind or look.excused:
            self._moved, self._since = look.moved, None
            return False
        if self._since is None:
            self._since = now
        return now - self._since >= self._limit


@dataclass(frozen=True, slots=True)
class World:
    """What is asked from outside; both block, from a thread of their own."""

    check: Callable[[], Mapping[Partition, Offset]]
    """Checks that the log is still the store's own, and returns its ends; raises ``Retryable`` and ``LogChanged``."""
    rebalancing: Callable[[], bool]


@dataclass(frozen=True, slots=True)
class Watching:
    """How often is looked, and how long standing still is borne."""

    seconds: float = 5.0
    limit: float = 60.0


class Liveness:
    """Looks every so often, in a thread; tells ``give_up`` what the worker cannot go on from."""

    def __init__(self, pump: Pump, world: World, watching: Watching, give_up: Callable[[BaseException], None]) -> None:
        self._pump = pump
        self._world = world
        self._watching = watching
        self._give_up = give_up
        self._stall = Stall(watching.limit)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liveness", daemon=True)
        self.away: str | None = None
        """Why the log or the store was not reached at the last look, if it was not."""
        self.ends: Mapping[Partition, Offset] = {}
        """Where the log ended at the last look."""

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """Look no longer; waits a moment for a look at work."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    def look(self, now: float) -> None:
        """Look once."""
        try:
            self.ends = self._world.check()
        except Retryable as error:
            self._note_away(str(error))
        except RefusedToStart as error:
            self._give_up(error)
            return
        else:
            self._note_back()
        progress = self._pump.progress
        behind = self._world.rebalancing() or any(
            self.ends.get(partition, 0) > wanted for partition, wanted in self._pump.wanted().items()
        )
        excused = self.away is not None or progress.waiting is not None
        if self._stall.after(Look(progress.offsets, behind, excused), now):
            self._give_up(
                Stalled(
                    f"there was something to fold and nothing was folded for {self._watching.limit:.0f} s; "
                    "the process ends, to be started anew"
                )
            )

    def _note_away(self, why: str) -> None:
        if self.away is None:
            _log.warning("the log or the store does not answer", reason=why)
        self.away = why

    def _note_back(self) -> None:
        if self.away is not None:
            _log.info("the log and the store answer again")
        self.away = None

    def _run(self) -> None:
        while not self._stopping.wait(self._watching.seconds):
            try:
                self.look(time.monotonic())
            except Exception as error:  # noqa: BLE001 - a worker nobody watches must end
                self._give_up(error)
                return
