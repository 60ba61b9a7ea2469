"""Things done every so often beside the fold: each in a thread of its own, so that a slow one delays no other.

What they do is registered by ``bootstrap``; when they run, and what happens when one fails, is here.
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from models.errors import Fenced, Retryable
from models.identifiers import Millis

_log = structlog.get_logger(__name__)

Clock = Callable[[], Millis]


@dataclass(frozen=True, slots=True)
class Tick:
    """Something to do every ``seconds``, told what time it is."""

    name: str
    seconds: float
    run: Callable[[Millis], object]


REPEAT_MS = 30_000
"""How often it is told that the world is still not ready for a tick, which some find out every second."""


@dataclass(slots=True)
class Beat:
    """How one tick has been doing."""

    runs: int = 0
    failures: int = 0
    last_at: Millis | None = None
    last_error: str | None = None
    told_at: Millis | None = None
    """When it was last told that it waits for the world, while it does."""


class Ticking:
    """Runs ticks until it is stopped. A tick that fails is logged, counted, and run again at its next turn."""

    def __init__(self, ticks: Sequence[Tick], clock: Clock) -> None:
        self._ticks = ticks
        self._clock = clock
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self.beats: dict[str, Beat] = {tick.name: Beat() for tick in ticks}

    def start(self) -> None:
        """Start a thread for each tick."""
        self._threads = [
            threading.Thread(target=self._beat, args=(tick,), name=f"tick-{tick.name}", daemon=True)
            for tick in self._ticks
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, seconds: float = 10.0) -> None:
        """Ask every tick to end after its present run, and wait for them at most ``seconds`` each."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(seconds)

    def once(self) -> None:
        """Run every tick once, here and now, in their order."""
        for tick in self._ticks:
            self.run(tick)

    def run(self, tick: Tick) -> None:
        """Run ``tick`` once; what it raises is noted, never passed on."""
        beat = self.beats[tick.name]
        beat.runs += 1
        try:
            tick.run(self._clock())
            beat.last_at, beat.last_error, beat.told_at = self._clock(), None, None
        except (Retryable, Fenced) as error:
            beat.failures, beat.last_error = beat.failures + 1, str(error)
            self._tell(tick, beat)
        except Exception as error:  # noqa: BLE001 - no tick may end the others; it is logged and counted
            beat.failures, beat.last_error = beat.failures + 1, f"{type(error).__name__}: {error}"
            _log.exception("a tick failed", tick=tick.name)

    def _tell(self, tick: Tick, beat: Beat) -> None:
        now = self._clock()
        if beat.told_at is None or now - beat.told_at >= REPEAT_MS:
            beat.told_at = now
            _log.warning("a tick will be tried again", tick=tick.name, reason=beat.last_error)

    def _beat(self, tick: Tick) -> None:
        while not self._stopping.wait(tick.seconds):
            self.run(tick)
