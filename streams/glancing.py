"""Asking what may hang, for somebody who must not wait with it: a broker or a database whose machine was frozen."""

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import Generic, TypeVar

from models.errors import Retryable

GLANCE_SECONDS = 2.0
"""Longest wait of whoever glances: Prometheus gives up after ten, Kubernetes' probes after one, unless told."""

T = TypeVar("T")


class Glance(Generic[T]):
    """One question to ``who``, asked in a thread of its own; whoever comes while it is asked shares the answer.

    So there is one thread at most, however long nobody answers and however often it is glanced at.
    """

    def __init__(self, who: str, ask: Callable[[], T], seconds: float = GLANCE_SECONDS) -> None:
        self._who = who
        self._ask = ask
        self._seconds = seconds
        self._turn = threading.Lock()
        self._asking: Future[T] | None = None

    def answer(self) -> T:
        """Return what is answered, or raise it; raises ``Retryable`` when there is no answer in time."""
        asking = self._asked()
        if not wait([asking], self._seconds).done:
            raise Retryable(f"{self._who} has not answered within {self._seconds:g} seconds; it is asked again")
        return asking.result()

    def _asked(self) -> "Future[T]":
        with self._turn:
            if self._asking is None or self._asking.done():
                asking: Future[T] = Future()
                threading.Thread(target=self._fill, args=(asking,), name="glance", daemon=True).start()
                self._asking = asking
            return self._asking

    def _fill(self, asking: "Future[T]") -> None:
        try:
            asking.set_result(self._ask())
        except BaseException as error:  # noqa: BLE001 - passed on to whoever asked
            asking.set_exception(error)
