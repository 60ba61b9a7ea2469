"""When silence could next change a score or raise a rescue: the moments a row must be looked at again.

Nothing is judged here; the same pure functions are simply asked again at that time.
"""

from collections.abc import Iterable

from models.identifiers import DAY, Millis
from models.policy import Policy
from models.scoring.contributions import solved_first_time
from models.scoring.journey import Journey


def next_due(journeys: Iterable[Journey], policy: Policy, asof: int) -> Millis | None:
    """Return the earliest moment after ``asof`` at which silence alone could change anything, ``None`` if never.

    A running wait: every half tolerance up to four tolerances. A promise neither kept nor broken: just after its date,
    then each day until its loss is full. A contact solved at once: when its window has passed in silence.
    """
    moments: list[int] = []
    for journey in journeys:
        moments += _moments(journey, policy, asof)
    return Millis(min(moments)) if moments else None


def is_settled(journey: Journey, policy: Policy, asof: int) -> bool:
    """Tell whether time alone can no longer change ``journey`` after ``asof``."""
    return next_due((journey,), policy, asof) is None


def _moments(journey: Journey, policy: Policy, asof: int) -> list[int]:
    moments: list[int] = []
    things = journey.things
    for contact in things.contacts.values():
        since = contact.waiting
        if since is not None:
            tolerance = policy.tolerated(contact.first.channel)
            moments += _next_step(since, asof, tolerance // 2 or 1, policy.wait_reach * tolerance)
    if things.contacts:
        first = next(iter(things.contacts.values()))
        if first.ended is not None and solved_first_time(journey, first, policy):
            confirmed = first.ended + policy.journey_window
            if confirmed > asof:
                moments.append(confirmed)
    for promise in things.promises.values():
        if promise.pending:
            if asof <= promise.due:
                moments.append(promise.due + 1)
            else:
                moments += _next_step(promise.due, asof, DAY, policy.late_over)
    return moments


def _next_step(start: int, asof: int, step: int, last: int) -> Iterable[int]:
    """Yield the first of ``start + step``, ``start + 2 step`` …, ``start + last`` that lies after ``asof``."""
    steps = max(1, (asof - start) // step + 1)
    moment = start + min(steps * step, last)
    if moment > asof:
        yield moment
