"""What is judged: one experiment × variant × metric, look by look, from whatever file it came."""

from dataclasses import dataclass
from typing import Literal

from experiments.estimators import Estimate, NoEstimate

Shape = Literal["units", "summaries"]


@dataclass(frozen=True, slots=True)
class Look:
    """One moment: the comparison then, and how many units each arm had in all (for the sample ratio).

    ``time`` is in days as the file counts them; ``line`` where it stands, ``None`` where many rows make a look.
    """

    time: float
    found: Estimate | NoEstimate
    enrolled: tuple[int, int]
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """One variant of one experiment against its control, on one metric; looks rise in time.

    ``flags`` say in words what was wrong with which lines.
    """

    experiment: str
    variant: str
    metric: str
    looks: tuple[Look, ...]
    flags: tuple[str, ...] = ()

    @property
    def usable(self) -> list[Estimate]:
        """The looks at which there is an estimate."""
        return [look.found for look in self.looks if isinstance(look.found, Estimate)]

    @property
    def level(self) -> float | None:
        """The control's value at the first usable look: what a relative expectation is a share of."""
        return self.usable[0].control if self.usable else None
