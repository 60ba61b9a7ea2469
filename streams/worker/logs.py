"""What the libraries below say of themselves, told in our own log lines, and told once.

Faust, aiokafka and mode log through the standard library, several lines a second while a broker is away. Their
warnings go through structlog like ours; the same one is repeated once in a while, with how often it was left out.
"""

import logging
import threading
import time

import structlog

_log = structlog.get_logger("libraries")

LIBRARIES = ("aiokafka", "faust", "kafka", "mode", "asyncio")
REPEAT_SECONDS = 30.0


class Told(logging.Handler):
    """Passes records on to structlog, each message at most once per ``seconds``."""

    def __init__(self, level: int = logging.WARNING, seconds: float = REPEAT_SECONDS) -> None:
        super().__init__(level)
        self._seconds = seconds
        self._last: dict[tuple[str, str], float] = {}
        self._left_out: dict[tuple[str, str], int] = {}
        self._turn = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass ``record`` on, unless it was passed on a moment ago."""
        key = (record.name, str(record.msg))
        now = time.monotonic()
        with self._turn:
            if now - self._last.get(key, -self._seconds) < self._seconds:
                self._left_out[key] = self._left_out.get(key, 0) + 1
                return
            self._last[key] = now
            left_out = self._left_out.pop(key, 0)
        more = {"left_out": left_out} if left_out else {}
        exc_info = record.exc_info if record.exc_info and record.exc_info[0] else None
        _log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=exc_info, **more)


def tame(*, debug: bool = False) -> None:
    """Let the libraries' warnings through our log, for the whole process; with ``debug`` all of what they are doing."""
    level = logging.INFO if debug else logging.WARNING
    told = Told(level, 0.0 if debug else REPEAT_SECONDS)
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers[:] = [told]
        logger.propagate = False
        logger.setLevel(level)
