"""What a design needs to know of the plan around it: share, window, stopping rule, begin and end."""

from dataclasses import dataclass

from experiments.spending import Stopping
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class Frame:
    """``share`` of what is randomised goes to the treatment; enrolment from ``begins`` (the start) to ``ends``."""

    share: float
    window: Millis
    stopping: Stopping
    begins: Millis
    ends: Millis
