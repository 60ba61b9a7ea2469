"""A gap as it is kept: what falls short, since when, how surely, why, whom it reaches, and where it stands in its life.

A frozen record that travels as JSON. How it changes state is in ``states``; how it is found, in ``detector``.
"""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import blake2b
from typing import Literal

import msgspec

from models.errors import InvalidInput
from models.gaps.causes import CauseLine
from models.gaps.impact import Impact
from models.gaps.own_past import Baseline

Kind = Literal["target", "own_past"]


class State(StrEnum):
    """Where a gap stands."""

    SEEN = "seen"
    """A shortfall is visible; it may be noise."""
    CONFIRMED = "confirmed"
    """It survived noise."""
    IN_EXPERIMENT = "in_experiment"
    ACCEPTED = "accepted"
    """Someone answers for living with it until a date; still counted."""
    CLOSED = "closed"
    """It was confirmed, and is at target again."""
    FADED = "faded"
    """It was seen, never confirmed, and is no longer there."""


OPEN = frozenset({State.SEEN, State.CONFIRMED, State.IN_EXPERIMENT, State.ACCEPTED})
"""States that count as gaps."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A window of days against what was aimed at, with the 95 % always-valid interval of the shortfall.

    Values are in the metric's unit; the shortfall is positive when the metric is worse than aimed at.
    """

    first: date
    last: date
    value: float
    target: float
    shortfall: float
    low: float | None
    """``None`` on fewer than three days: there is no variance yet."""
    high: float | None
    units: int
    days: int
    groups: int
    answers: int
    weak: bool
    """Days depend on each other too much for the stated error."""
    words: str


@dataclass(frozen=True, slots=True)
class Reach:
    """Whom a gap touches since it began: units of its metric, their part of all, unique customers when counted."""

    units: int
    share: float
    """Of the same units of the whole firm, 0 to 1."""
    dissatisfied: int | None
    """Unique dissatisfied customers; cells cannot tell them apart, so whoever reads customers' rows gives it."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Someone decided to live with the gap until a date."""

    owner: str
    reason: str
    until: date
    back_to: State
    """What it was, and becomes again."""


@dataclass(frozen=True, slots=True)
class Step:
    """One change of state: when, from what to what, and why in words."""

    on: date
    was: State | None
    became: State
    why: str


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap. Days are UTC; ``ln_e``, and the ``baseline`` of a drop against the own past, freeze at confirmation."""

    id: str
    kind: Kind
    metric: str
    scope: str
    state: State
    policy: str
    first_seen: date
    since: date
    """When it seems to have begun: the most likely day of change."""
    judged: Judgement
    """When it was seen or, later, confirmed."""
    now: Judgement
    """The last 28 days."""
    target: str | None = None
    """The target's id."""
    owner: str | None = None
    confirmed: date | None = None
    closed: date | None = None
    ln_e: float | None = None
    baseline: Baseline | None = None
    causes: tuple[CauseLine, ...] = ()
    reach: Reach | None = None
    impact: Impact | None = None
    experiment: str | None = None
    """The experiment running on it, or whose action was adopted."""
    adopted: date | None = None
    """When that experiment's action was adopted: closing is judged from here."""
    closed_by: str | None = None
    reopened: tuple[date, ...] = ()
    did_not_hold: tuple[str, ...] = ()
    """Experiments that closed it, and after which it came back."""
    accepted: Acceptance | None = None
    steps: tuple[Step, ...] = ()

    @property
    def open(self) -> bool:
        """Whether it counts."""
        return self.state in OPEN


def id_of(kind: Kind, metric: str, scope: str, target: str | None, *, on: date) -> str:
    """Return the name of the gap first seen that day: short, and the same on every machine.

    >>> id_of("own_past", "journey_score", "all", None, on=date(2017, 11, 28))
    '20171128-b9945577a2'
    """
    digest = blake2b("\0".join((kind, metric, scope, target or "")).encode(), digest_size=5).hexdigest()
    return f"{on:%Y%m%d}-{digest}"


def to_json(gap: Gap) -> str:
    """Return the gap as one JSON object."""
    return msgspec.json.encode(gap).decode()


def from_json(text: str | bytes) -> Gap:
    """Return the gap that ``to_json`` wrote; raises ``InvalidInput`` on anything else."""
    try:
        return msgspec.json.decode(text, type=Gap)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"gap: not a stored gap ({error}); restore the row from a backup or delete it") from error
