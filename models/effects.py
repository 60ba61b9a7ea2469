"""What a fold of one chunk wants written: the checkpoint writes all of it, or nothing.

Every class is one row of the store. Who computes them is ``streams``; who writes them is ``store``.
"""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from models.cells import CellKey, Contribution, Counts
from models.identifiers import Centi, Epoch, Millis, Offset, Partition, Subject


@dataclass(frozen=True, slots=True)
class CustomerRow:
    """A customer's packed state, and the columns that queries need beside it."""

    subject: Subject
    state: bytes
    last_at: Millis
    score: Centi | None
    """Under the active policy; ``None`` is "not enough data"."""
    next_due: Millis | None
    """When the score could next change by silence alone."""
    waiting: bool
    """A contact is open now."""


class JourneyRow(msgspec.Struct, frozen=True, gc=False):
    """One journey under the active policy, as lists and pages need it; a struct, for folds make many of them."""

    subject: Subject
    key: str
    started: Millis
    ended: Millis
    score: Centi | None
    inferred: Centi | None
    said: Centi | None
    causes: dict[str, int]
    """Hundredths of a point lost, by cause."""
    touchpoints: tuple[str, ...]
    channels: tuple[str, ...]
    contacts: int
    open: bool


@dataclass(frozen=True, slots=True)
class ArchivedJourney:
    """A frozen journey: its facts for stories and replays, its contributions for an exact erasure (both packed)."""

    subject: Subject
    key: str
    ended: Millis
    facts: bytes
    contributions: bytes


@dataclass(frozen=True, slots=True)
class RescueRow:
    """A customer to call now: raised once per journey, with the reason."""

    subject: Subject
    journey: str
    contact: str
    raised_at: Millis
    score: Centi
    """The journey's score when it was raised."""
    causes: dict[str, int]
    waited: int
    """Seconds waited by then."""
    act: str
    channel: str
    touchpoint: str
    left_at: Millis | None
    """When the contact ended, resolved or not."""
    left_why: str | None
    """``resolved``, ``unresolved``, ``abandoned`` …; ``None`` while the contact is open."""


@dataclass(frozen=True, slots=True)
class UnitRow:
    """One experiment's unit: born at exposure with zeros; its outcome is its own value in the fixed window."""

    experiment: str
    subject: Subject
    arm: str
    exposed_at: Millis
    matures_at: Millis
    pre_n: int
    pre_sum: int
    n: int
    total: int
    """Sum of the metric over the window, in the metric's integer unit."""
    mechanism_n: int
    mechanism: int
    """Sum of the mechanism's metric over the window, ``mechanism_n`` its count, as ``n`` and ``total``."""
    guardrails: dict[str, tuple[int, int]]
    """Guardrail metric → (n, sum)."""
    crossed: bool
    """Met two arms: flagged, and left out of the comparison."""
    cluster: str = ""
    """What it was randomised with (a site, a team), where the design says so."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Words of a customer or an employee, already redacted."""

    subject: Subject
    source: str
    id: str
    at: Millis
    kind: str
    touchpoint: str
    channel: str
    value: int | None
    """Hundredths of the way from worst to best, 0 to 10 000."""
    language: str | None
    text: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A record that could not be scored: the original bytes, where they stood, and why."""

    offset: Offset
    log_time: Millis
    subject: Subject | None
    source: str | None
    code: str
    field: str
    reason: str
    raw: bytes


@dataclass(frozen=True, slots=True)
class Forward:
    """A record that lies in the wrong partition for its subject, to be appended to the right one."""

    subject: Subject
    value: bytes


Topic = Literal["scores", "gaps", "rescues", "verdicts", "dead-letters", "erased"]
"""What a message is about."""


class OutboxMessage(msgspec.Struct, frozen=True, gc=False):
    """Something the world should hear: its id is (partition, offset, n); sent at least once. A struct, as above."""

    offset: Offset
    n: int
    topic: Topic
    key: str
    payload: bytes
    """Empty: what ``key`` names is no more."""


@dataclass(slots=True)
class Counters:
    """How many records went which way; ``received = scored + duplicates + dead_letters`` always."""

    received: int = 0
    scored: int = 0
    duplicates: int = 0
    late: int = 0
    """Of the scored, those beyond the late horizon."""
    dead_letters: int = 0
    forwarded: int = 0
    due: int = 0
    """Internal ``ressenti.due`` records, which are not received events."""
    skipped: int = 0
    """Offsets in a chunk's range that held no record."""
    unknown_fields: int = 0
    undeclared: int = 0
    """Events whose touchpoint, channel, source or segment value is not a declared scope."""
    erased: int = 0
    """Of the scored, events of erased customers, which leave nothing behind."""


@dataclass(slots=True)
class Effects:
    """One chunk's worth of writing for one partition, continuing exactly at ``start``.

    Cells are sums over all partitions, whichever holds the parts: where several are written together, one has them all.
    """

    partition: Partition
    start: Offset
    end: Offset
    epoch: Epoch
    watermark: Millis
    """The latest log time seen in this partition."""
    customers: dict[Subject, CustomerRow] = field(default_factory=dict)
    journeys: dict[tuple[Subject, str], JourneyRow] = field(default_factory=dict)
    journeys_gone: set[tuple[Subject, str]] = field(default_factory=set)
    """Journey rows that no longer exist (two journeys became one)."""
    archived: list[ArchivedJourney] = field(default_factory=list)
    cells: MutableMapping[CellKey, Counts] = field(default_factory=dict)
    """Differences to add, of this chunk or of all that are written with it; a fold gives ``models.blocks.Blocks``."""
    rescues: dict[tuple[Subject, str], RescueRow] = field(default_factory=dict)
    rescues_gone: set[tuple[Subject, str]] = field(default_factory=set)
    """Journeys that, seen with facts that came out of order, never asked for a rescue: no row may stay for them."""
    units: dict[tuple[str, Subject], UnitRow] = field(default_factory=dict)
    verbatims: list[Verbatim] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    forwards: list[Forward] = field(default_factory=list)
    outbox: list[OutboxMessage] = field(default_factory=list)
    counters: Counters = field(default_factory=Counters)


__all__ = [
    "ArchivedJourney",
    "Contribution",
    "Counters",
    "CustomerRow",
    "DeadLetter",
    "Effects",
    "Forward",
    "JourneyRow",
    "OutboxMessage",
    "RescueRow",
    "Topic",
    "UnitRow",
    "Verbatim",
]
