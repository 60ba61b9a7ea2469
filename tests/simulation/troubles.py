"""What can go wrong at each call to the store: it fails, the caller dies, the caller is paused while others go on.

A failure after the commit is the unknown outcome: it is written, and the caller is told that it may not be.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from models.definitions import Timeline
from models.effects import Effects, Forward
from models.identifiers import Partition
from streams.keeper import HandOn, Keeper, Standing
from streams.rows import Found, Wanted

Moment = Literal["standings", "timelines", "load", "checkpoint", "forwarded", "committed"]


class Died(BaseException):
    """The process is gone at once, as by SIGKILL: nothing of ours may catch this and go on."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong in an operation, the first time that it comes to ``at``."""

    kind: Literal["fail", "die", "pause", "zombie"]
    """A zombie is paused past its session: when it comes back it has been put out of the group, and does not know."""
    at: Moment
    steps: int = 0
    """How many of the following steps happen during a pause."""


class TroubledKeeper:
    """A ``Keeper`` that tells ``moment`` before it passes a call on, and after it has committed."""

    def __init__(self, inner: Keeper, moment: Callable[[Moment], None]) -> None:
        self._inner = inner
        self._moment = moment

    def standings(self) -> Mapping[Partition, Standing]:
        self._moment("standings")
        return self._inner.standings()

    def timelines(self) -> Mapping[Partition, Timeline]:
        self._moment("timelines")
        return self._inner.timelines()

    def load(self, wanted: Wanted) -> Found:
        self._moment("load")
        return self._inner.load(wanted)

    def checkpoint(self, effects: Sequence[Effects], hand_on: HandOn) -> None:
        def handed_on(forwards: Sequence[Forward]) -> None:
            hand_on(forwards)
            self._moment("forwarded")

        self._moment("checkpoint")
        self._inner.checkpoint(effects, handed_on)
        self._moment("committed")
