"""One promise: what being late against it, or breaking it, costs.

The first date given counts: moving a promise is not keeping it (a new promise has a new id).
"""

from models.causes import Cause
from models.facts import PromiseFact
from models.policy import Policy
from models.rounding import nearest
from models.scoring.budgets import Lines

LATE = Cause.LATE.value
PROMISE_BROKEN = Cause.PROMISE_BROKEN.value


class Promise:
    """The records of one promise, merged in fact order by ``take``."""

    __slots__ = ("broken_at", "done", "due", "first")

    def __init__(self, first: PromiseFact) -> None:
        self.first = first
        self.due = first.due
        self.done: int | None = None
        self.broken_at: int | None = None
        self.take(first)

    def take(self, fact: PromiseFact) -> None:
        """Merge the next record; the first time it is said broken is when it broke."""
        if fact.done is not None:
            self.done = fact.done
        if not fact.broken:
            self.broken_at = None
        elif self.broken_at is None:
            self.broken_at = fact.time

    @property
    def pending(self) -> bool:
        """Neither kept nor given up: time may still make it late."""
        return self.done is None and self.broken_at is None


def late_loss(late: int, policy: Policy) -> int:
    """Return what ``late`` milliseconds past the due date cost: at once 12, growing linearly to 20 at 7 days.

    >>> from models.policy import default
    >>> from models.identifiers import DAY
    >>> [late_loss(days * DAY, default()) for days in (0, 1, 7, 30)]
    [0, 1314, 2000, 2000]
    """
    if late <= 0:
        return 0
    grown = min(late, policy.late_over)
    return policy.late_from + nearest((policy.late_to - policy.late_from) * grown, policy.late_over)


def score_promise(promise: Promise, policy: Policy, asof: int) -> tuple[Lines, list[str]]:
    """Return the treatment points ``promise`` lost by cause as of ``asof``, and the causes able to fire.

    Before its date, a promise neither kept nor broken tells nothing yet.
    """
    if promise.broken_at is not None and promise.done is None:
        late = late_loss(promise.broken_at - promise.due, policy)
        points = max(policy.promise_broken, late)
        return ({PROMISE_BROKEN: points} if points else {}), [LATE, PROMISE_BROKEN]
    until = asof if promise.done is None else promise.done
    if promise.done is None and until <= promise.due:
        return {}, []
    points = late_loss(until - promise.due, policy)
    return ({LATE: points} if points else {}), [LATE, PROMISE_BROKEN]
