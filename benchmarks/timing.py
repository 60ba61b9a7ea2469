"""Time by two clocks: the wall's, which a user waits by, and the processor's, which a busy neighbour disturbs less."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds of one piece of work; ``processor`` counts every thread of this process."""

    wall: float
    processor: float


def timed(work: Callable[[], object]) -> Spent:
    """Do ``work`` once and return what it took."""
    wall, processor = time.perf_counter(), time.process_time()
    work()
    return Spent(time.perf_counter() - wall, time.process_time() - processor)
