"""The rescue list as of now, the same wherever it is shown: the fold's own rule, and what people did about it."""

from dataclasses import dataclass

from models.effects import RescueRow
from models.identifiers import Millis, Subject
from models.policy import Policy
from models.scoring.rescue import RESOLVED
from store.database import Store
from store.rescues import KeptRescue
from streams.silence import live_rescues


@dataclass(frozen=True, slots=True)
class Call:
    """One customer to call, and the reason as of now."""

    row: RescueRow
    waited: Millis
    """Since the rescue was raised."""


def calls_now(store: Store, policy: Policy, now: Millis) -> list[Call]:
    """Return the customers to call as of ``now``: those still with us first, then the worst score first.

    Who gave up meanwhile stays on the list; only resolving, a call or a day ends it (docs/method.md §2).
    """
    kept = {_key(each): each for each in store.rescues.raised((Millis(now - policy.rescue_stay), Millis(now + 1)))}
    rows = {key: each.row for key, each in kept.items() if each.row.left_why != RESOLVED}
    rows |= {(row.subject, row.journey): row for row in live_rescues(store, policy, now)}
    calls = [
        Call(row, Millis(now - row.raised_at))
        for key, row in rows.items()
        if (known := kept.get(key)) is None or known.taken_by is None
    ]
    return sorted(calls, key=lambda call: (call.row.left_at is not None, call.row.score, call.row.raised_at))


def _key(kept: KeptRescue) -> tuple[Subject, str]:
    return kept.row.subject, kept.row.journey
