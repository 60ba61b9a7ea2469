"""A row of the table: what was measured, how sure that is, what is promised, and what had been stated before."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_ROUNDED = 0.05
"""A stated figure has one decimal."""

SURE = 3.0
"""Monte Carlo standard errors that a figure may lie beyond its promise before the promise counts as broken."""


@dataclass(frozen=True, slots=True)
class Measured:
    """``value`` ± ``error`` (one Monte Carlo standard error) over ``runs`` runs; per cent unless ``unit`` says else.

    ``least`` and ``most`` are what the library promises, ``None`` where the row only serves to compare. ``stated`` is
    what the method's specification says, where it gives a figure.
    """

    design: str
    what: str
    value: float
    error: float
    runs: int
    least: float | None = None
    most: float | None = None
    stated: str = ""
    unit: str = "%"

    @property
    def holds(self) -> bool:
        """Whether the figure keeps what is promised, up to the error of the simulation itself."""
        slack = SURE * self.error
        above = self.least is None or self.value + slack >= self.least
        return above and (self.most is None or self.value - slack <= self.most)

    @property
    def as_stated(self) -> bool | None:
        """Whether the figure is the stated one, up to the errors of both; ``None`` where nothing is stated.

        A single stated figure is taken for as exact as this one, a range for its ends.

        >>> Measured("d", "w", 41.2, 0.4, 9, stated="41.8").as_stated
        True
        >>> Measured("d", "w", 9.0, 0.1, 9, stated="1–2").as_stated
        False
        """
        if not self.stated:
            return None
        ends = [float(end.replace(",", "")) for end in self.stated.split("–")]
        slack = SURE * self.error * (math.sqrt(2.0) if len(ends) == 1 else 1.0) + _ROUNDED * (len(ends) == 1)
        return min(ends) - slack <= self.value <= max(ends) + slack

    @property
    def promise(self) -> str:
        """The promise in words."""
        if self.least is None and self.most is None:
            return ""
        if self.least is None:
            return f"≤ {self.most:g}"
        return f"≥ {self.least:g}" if self.most is None else f"{self.least:g} to {self.most:g}"


@dataclass(frozen=True, slots=True)
class Promise:
    """What a share should be, in per cent, and what had been stated."""

    least: float | None = None
    most: float | None = None
    stated: str = ""


FALSE_ALARM = Promise(most=5.0)
NOTHING = Promise()


def share(design: str, what: str, hits: npt.NDArray[np.bool_], promise: Promise = NOTHING) -> Measured:
    """Return the row of a share of runs; ``hits`` has one entry a run."""
    runs, part = len(hits), float(np.mean(hits))
    # One run more on either side, so that "never" has an error too (Agresti & Coull 1998).
    smooth = (part * runs + 1.0) / (runs + 2.0)
    error = 100.0 * math.sqrt(smooth * (1.0 - smooth) / runs)
    return Measured(design, what, 100.0 * part, error, runs, promise.least, promise.most, promise.stated)
