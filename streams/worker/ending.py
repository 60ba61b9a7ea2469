"""How a worker ends: when it is asked to, or when it cannot go on; in both cases within a bounded time.

What it cannot go on from is kept, so that the process can end with the right exit code. A timer in a thread of its own
ends the process should the orderly way hang: whatever is not checkpointed is in the log still.
"""

import asyncio
import os
import threading
from collections.abc import Callable

import structlog

_log = structlog.get_logger(__name__)

ExitCode = Callable[[BaseException | None], int]
"""Says which code a process ends with that could not go on from something, or was asked to stop."""


end_process: Callable[[int], object] = os._exit
"""Ends the process at once; replaced where workers run as threads of a process that has more to do."""


class Ending:
    """Waits for the end, and remembers why it came. Made in the event loop; ``give_up`` may be called by any thread."""

    def __init__(self, seconds: float, exit_code: ExitCode) -> None:
        self._loop = asyncio.get_running_loop()
        self._asked = asyncio.Event()
        self._seconds = seconds
        self._exit_code = exit_code
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._over = False
        self.failure: BaseException | None = None
        """What the worker could not go on from, if anything."""

    def give_up(self, error: BaseException) -> None:
        """End because of ``error``; the first one counts."""
        with self._lock:
            first = self.failure is None
            if first:
                self.failure = error
        if first:
            _log.critical("the worker cannot go on", reason=str(error) or repr(error))
        self.ask()

    def ask(self) -> None:
        """End in an orderly way; whoever asks once the end was reached is not heard."""
        with self._lock:
            if self._over:
                return
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self._end_now)
                self._timer.daemon = True
                self._timer.start()
            self._loop.call_soon_threadsafe(self._asked.set)

    async def wait(self) -> None:
        """Return once the end was asked for."""
        await self._asked.wait()

    def done(self) -> None:
        """Note that the end was reached in an orderly way."""
        with self._lock:
            self._over = True
            if self._timer is not None:
                self._timer.cancel()

    def _end_now(self) -> None:
        code = self._exit_code(self.failure)
        _log.critical("stopping took too long: the process ends at once", seconds=self._seconds, exit_code=code)
        end_process(code)
