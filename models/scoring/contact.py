"""One conversation: its records merged, what it waited, and the points it lost.

A contact's records arrive while it happens; each field's last observed value holds. What a contact does to
its journey is in ``journey``; what it adds to the cells in ``contributions``.
"""

import msgspec

from models.causes import Cause
from models.facts import ContactFact, Outcome
from models.identifiers import FULL, Millis
from models.policy import Policy
from models.rounding import nearest
from models.scoring.budgets import Lines, capped

WAIT = Cause.WAIT.value
REPEATED_STEP = Cause.REPEATED_STEP.value
CONTEXT_LOST = Cause.CONTEXT_LOST.value
CHANNEL_UNFIT = Cause.CHANNEL_UNFIT.value
MENU_LOOP = Cause.MENU_LOOP.value
PAID_LINE = Cause.PAID_LINE.value
ABANDONED = Cause.ABANDONED.value
TRANSFER_FAILED = Cause.TRANSFER_FAILED.value
COLD_TRANSFER = Cause.COLD_TRANSFER.value
WRONG_ANSWER = Cause.WRONG_ANSWER.value
INCIDENT_NOT_TOLD = Cause.INCIDENT_NOT_TOLD.value

SECOND = 1000


class Contact:
    """The records of one contact, merged in fact order by ``take``; knows no policy and no clock."""

    __slots__ = (
        "channel_unfit",
        "cold_transfers",
        "context_lost",
        "derived",
        "ended",
        "ever_live",
        "first",
        "inbound",
        "incident_not_told",
        "last",
        "lowered",
        "menu_loops",
        "outcome",
        "paid_line",
        "queue",
        "steps",
        "thanked",
        "transfers_failed",
        "waiting_since",
        "waits",
        "wrong_answers",
    )

    def __init__(self, first: ContactFact) -> None:
        self.first = first
        self.last = first
        self.inbound = first.direction == "inbound"
        """The customer came to us."""
        self.ever_live = False
        """Some record of it was lived now."""
        self.lowered = False
        """A later record took back some of what an earlier one had observed."""
        self.ended: Millis | None = None
        self.outcome: Outcome | None = None
        self.waits: tuple[int, ...] | None = None
        self.derived: list[int] = []
        self.waiting_since: int | None = None
        self.queue: str | None = None
        self.steps: int | None = None
        self.context_lost: bool | None = None
        self.menu_loops: int | None = None
        self.channel_unfit: bool | None = None
        self.paid_line: bool | None = None
        self.cold_transfers: int | None = None
        self.transfers_failed: int | None = None
        self.wrong_answers: int | None = None
        self.incident_not_told: bool | None = None
        self.thanked: bool | None = None
        self.take(first)

    def take(self, fact: ContactFact) -> None:  # noqa: C901, PLR0912 - one branch per field
        """Merge the next record: what it observed replaces what was known, what it did not observe stays."""
        self.last = fact
        self.ever_live = self.ever_live or not (fact.history or fact.alone)
        self._move(fact)
        if fact.waits is not None:
            if self.waits is not None and fact.waits[: len(self.waits)] != self.waits:
                self.lowered = True
            self.waits = fact.waits
        if fact.steps_repeated is not None:
            if self.steps and fact.steps_repeated < self.steps:
                self.lowered = True
            self.steps = fact.steps_repeated
        if fact.context_lost is not None:
            if self.context_lost and fact.context_lost < self.context_lost:
                self.lowered = True
            self.context_lost = fact.context_lost
        if fact.menu_loops is not None:
            if self.menu_loops and fact.menu_loops < self.menu_loops:
                self.lowered = True
            self.menu_loops = fact.menu_loops
        if fact.channel_unfit is not None:
            if self.channel_unfit and fact.channel_unfit < self.channel_unfit:
                self.lowered = True
            self.channel_unfit = fact.channel_unfit
        if fact.paid_line is not None:
            if self.paid_line and fact.paid_line < self.paid_line:
                self.lowered = True
            self.paid_line = fact.paid_line
        if fact.cold_transfers is not None:
            if self.cold_transfers and fact.cold_transfers < self.cold_transfers:
                self.lowered = True
            self.cold_transfers = fact.cold_transfers
        if fact.transfers_failed is not None:
            if self.transfers_failed and fact.transfers_failed < self.transfers_failed:
                self.lowered = True
            self.transfers_failed = fact.transfers_failed
        if fact.wrong_answers is not None:
            if self.wrong_answers and fact.wrong_answers < self.wrong_answers:
                self.lowered = True
            self.wrong_answers = fact.wrong_answers
        if fact.incident_not_told is not None:
            if self.incident_not_told and fact.incident_not_told < self.incident_not_told:
                self.lowered = True
            self.incident_not_told = fact.incident_not_told
        if fact.thanked is not None:
            self.thanked = fact.thanked
        if fact.outcome is not None:
            if self.outcome is not None and fact.outcome != self.outcome:
                self.lowered = True
            self.outcome = fact.outcome

    def _move(self, fact: ContactFact) -> None:
        """Follow the phases: a queue runs from ``queued`` or ``transferred`` to the next other phase."""
        phase = fact.phase
        if self.waiting_since is not None:
            if phase == "queued":
                return  # still in the same queue
            self.derived.append(fact.time - self.waiting_since)
            self.waiting_since = None
        if phase == "ended":
            self.ended = fact.time
        elif phase in ("queued", "transferred") and self.ended is None:
            self.waiting_since = fact.time
            self.queue = phase

    @property
    def id(self) -> str:
        """The contact's id."""
        return self.first.contact

    @property
    def live(self) -> bool:
        """Its latest record was lived now, neither imported nor beyond the late horizon."""
        return not (self.last.history or self.last.alone)

    @property
    def resolved(self) -> bool:
        """It ended, and the need was met."""
        return self.ended is not None and self.outcome == "resolved"

    @property
    def waiting(self) -> int | None:
        """Since when the customer stands in a queue, if they do."""
        return self.waiting_since if self.inbound else None

    def waits_at(self, asof: int) -> list[int]:
        """Return the milliseconds spent in each queue, the running one up to ``asof``."""
        if not self.inbound:
            return []
        waits = self.derived if self.waits is None else [SECOND * wait for wait in self.waits]
        if self.waiting_since is None:
            return waits
        return [*waits, max(0, asof - self.waiting_since)]


class ContactScore(msgspec.Struct, frozen=True, gc=False):
    """What one contact cost. ``inferred`` and ``said`` are 0 to 10 000, ``None`` where nothing tells.

    ``lost`` are the treatment points by cause, within the budget; ``seen`` are the causes whose rule was able to fire.
    """

    inferred: int | None
    said: int | None
    loss: int
    lost: Lines
    seen: list[str]

    @property
    def shown(self) -> int | None:
        """The score on the page: what the customer said, else what the events say."""
        return self.inferred if self.said is None else self.said


def wait_loss(waited: int, tolerance: int, policy: Policy) -> int:
    """Return the points one queue of ``waited`` milliseconds costs: none within ``tolerance``, all at its fourfold.

    Source: Apdex Alliance, Application Performance Index, Technical Specification 1.1 (2007): zones at T and 4T.

    >>> from models.policy import default
    >>> [wait_loss(minutes * 60_000, 5 * 60_000, default()) for minutes in (5, 15, 20, 60)]
    [0, 1000, 1500, 1500]
    """
    if waited <= tolerance:
        return 0
    reach = policy.wait_reach
    if waited >= reach * tolerance:
        return policy.wait_points
    return nearest(policy.wait_points * (waited - tolerance), (reach - 1) * tolerance)


def raw_losses(contact: Contact, policy: Policy, asof: int) -> tuple[Lines, list[str]]:  # noqa: C901, PLR0912, PLR0915 - one branch per rule
    """Return the points ``contact`` lost by cause before any budget, and the causes that were able to fire.

    One plain branch per rule, without a table of rules: this runs for every contact of every touched customer.
    """
    lost: Lines = {}
    seen: list[str] = []
    if contact.inbound and (contact.waits is not None or contact.derived or contact.waiting_since is not None):
        seen.append(WAIT)
        points = _waiting(contact, policy, asof)
        if points:
            lost[WAIT] = points
    count = contact.steps
    if count is not None:
        seen.append(REPEATED_STEP)
        if count:
            lost[REPEATED_STEP] = min(policy.repeated_steps_most, count * policy.repeated_step)
    if contact.context_lost is not None:
        seen.append(CONTEXT_LOST)
        if contact.context_lost:
            lost[CONTEXT_LOST] = policy.context_lost
    if contact.channel_unfit is not None:
        seen.append(CHANNEL_UNFIT)
        if contact.channel_unfit:
            lost[CHANNEL_UNFIT] = policy.channel_unfit
    count = contact.menu_loops
    if count is not None:
        seen.append(MENU_LOOP)
        if count:
            lost[MENU_LOOP] = count * policy.menu_loop
    if contact.paid_line is not None:
        seen.append(PAID_LINE)
        if contact.paid_line:
            lost[PAID_LINE] = policy.paid_line
    outcome = contact.outcome
    if outcome is not None:
        seen.append(ABANDONED)
        if outcome == "abandoned":
            lost[ABANDONED] = policy.abandoned
    count = contact.transfers_failed
    if outcome == "transfer_failed":
        count = max(1, count or 0)
    if count is not None:
        seen.append(TRANSFER_FAILED)
        if count:
            lost[TRANSFER_FAILED] = count * policy.transfer_failed
    count = contact.cold_transfers
    if count is not None:
        seen.append(COLD_TRANSFER)
        if count:
            lost[COLD_TRANSFER] = count * policy.cold_transfer
    count = contact.wrong_answers
    if count is not None:
        seen.append(WRONG_ANSWER)
        if count:
            lost[WRONG_ANSWER] = count * policy.wrong_answer
    if contact.incident_not_told is not None:
        seen.append(INCIDENT_NOT_TOLD)
        if contact.incident_not_told:
            lost[INCIDENT_NOT_TOLD] = policy.incident_not_told
    return lost, seen


def _waiting(contact: Contact, policy: Policy, asof: int) -> int:
    tolerance = policy.tolerance.get(contact.first.channel, policy.tolerance_other)
    points = 0
    for waited in contact.waits_at(asof):
        if waited > tolerance:
            points += wait_loss(waited, tolerance, policy)
    return points


def score_contact(contact: Contact, policy: Policy, asof: int, said: int | None = None) -> ContactScore:
    """Return the score of ``contact`` as of ``asof``; no rule able to fire is no inferred score, never 100."""
    raw, seen = raw_losses(contact, policy, asof)
    loss, lost = capped(raw, policy.treatment_budget)
    return ContactScore(FULL - loss if seen else None, said, loss, lost, seen)
