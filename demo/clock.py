"""The demo's clock: told what time it is while history is lived through again, then the machine's own."""

import time

from models.identifiers import Millis


class DemoClock:
    """A clock for ``streams.bootstrap.opened``; told times only go forward. Safe to read from any thread."""

    def __init__(self) -> None:
        self._told: Millis | None = None

    def __call__(self) -> Millis:
        """Return the time that was told last, or the machine's."""
        told = self._told
        return self.machine() if told is None else told

    def tell(self, at: int) -> None:
        """Let it be ``at``, unless it is later already."""
        self._told = Millis(max(at, self._told or 0))

    def let_go(self) -> None:
        """Follow the machine's clock from now on."""
        self._told = None

    @staticmethod
    def machine() -> Millis:
        """Return what the machine's clock says."""
        return Millis(time.time_ns() // 1_000_000)
