"""Where a worker's processor time goes, of all its threads: each looked at every two milliseconds, by stage of the job.

A look weighs what its thread has used of the processor since the look before, so threads that wait count for nothing.
Signals reach the main thread alone, and the fold has a thread of its own: hence a thread that looks at the others. It
must wait for the interpreter like everybody, which is handed on more often meanwhile so that it is not kept from
looking where Python is busy.
"""

import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from operator import itemgetter
from types import FrameType

from benchmarks.costs import EVERY_S, STAGES, stage_of
from streams.worker import consumer_thread

SWITCH_S = 0.0005
_FOLDING = STAGES | {
    ("streams/publishing", "messages"): "make outgoing messages",
    ("store/outbox", "write_outbox"): "write outgoing messages",
    ("streams/folding", "fold"): "the rest of the fold, and its garbage",
}
_FOLDS = ("fold", "ahead")
"""How the names of the threads that fold and read ahead begin (``streams.worker.pump``, ``streams.ahead``)."""
MEASURING = "measuring"
"""The name of threads that measure, and count for nothing."""
_THREADS: Mapping[str, str] = {
    "MainThread": "hand chunks over (Faust, event loop)",
    "ressenti-network-thread": "send messages (kafka-python)",
    "tick-outbox": "send messages (outbox)",
    "tick": "other ticks",
    "kafka-": "ask brokers (kafka-python)",
    "liveness": "look after itself",
}
"""How a thread's name begins → its stage; the first that fits."""


def stage(thread: threading.Thread, frame: FrameType | None) -> str:
    """Return the stage that ``thread`` is at, with ``frame`` on top of its stack."""
    if thread.name.startswith(_FOLDS):
        return stage_of(frame, _FOLDING)
    if isinstance(thread, consumer_thread.Thread):
        return "fetch from Kafka (aiokafka)"
    return next((found for start, found in _THREADS.items() if thread.name.startswith(start)), f"thread {thread.name}")


class Sampler:
    """Samples by stage; ``shares`` when done."""

    def __init__(self) -> None:
        self._used: defaultdict[str, float] = defaultdict(float)
        self._before: dict[int, float] = {}
        self._stopping = threading.Event()

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Look at every thread but our own until the block ends."""
        looking = threading.Thread(target=self._run, name=MEASURING, daemon=True)
        interval = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_S)
        looking.start()
        try:
            yield
        finally:
            self._stopping.set()
            looking.join()
            sys.setswitchinterval(interval)

    def shares(self) -> dict[str, float]:
        """Return each stage's share of the processor time, the largest first."""
        total = sum(self._used.values())
        return (
            {at: used / total for at, used in sorted(self._used.items(), key=itemgetter(1), reverse=True)}
            if total
            else {}
        )

    def _run(self) -> None:
        self._look()
        self._used.clear()  # what threads had used before
        while not self._stopping.wait(EVERY_S):
            self._look()

    def _look(self) -> None:
        frames = sys._current_frames()  # noqa: SLF001 - documented, for exactly this
        for thread in threading.enumerate():
            if thread.ident is None or thread.name == MEASURING:
                continue
            try:
                used = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
            except OSError:  # it has ended
                continue
            more = used - self._before.get(thread.ident, 0.0)
            self._before[thread.ident] = used
            if more > 0:
                self._used[stage(thread, frames.get(thread.ident))] += more
