"""The rescue list as of now: the fold's own rule over every open contact, with what people did about it."""

from dataclasses import dataclass

from models.effects import RescueRow
from models.identifiers import Millis, Subject
from models.policy import Policy
from store.database import Store
from store.rescues import KeptRescue
from streams.silence import live_rescues


@dataclass(frozen=True, slots=True)
class Call:
    """One customer to call: the reason as of now, and who has taken the call."""

    row: RescueRow
    waited: Millis
    """Since the rescue was raised."""
    taken_by: str | None


def calls_now(store: Store, policy: Policy, now: Millis) -> list[Call]:
    """Return the customers to call as of ``now``, those nobody has taken first, then the worst score first.

    Who gave up meanwhile stays on the list: the rule says that only resolving, a call or a day ends it (docs/method.md §3).
    """
    kept = {(each.row.subject, each.row.journey): each for each in store.rescues.open(now)}
    calls = [_call(row, kept, now, store) for row in live_rescues(store, policy, now)]
    return sorted(calls, key=lambda call: (call.taken_by is not None, call.row.score, call.row.raised_at))


def _call(row: RescueRow, kept: dict[tuple[Subject, str], KeptRescue], now: Millis, store: Store) -> Call:
    known = kept.get((row.subject, row.journey))
    if known is None:
        known = next((each for each in store.rescues.of(row.subject) if each.row.journey == row.journey), None)
    return Call(row, Millis(now - row.raised_at), None if known is None else known.taken_by)
