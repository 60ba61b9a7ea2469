"""Rescues that nobody took within a day become cases, so that the customer is answered all the same."""

from hashlib import sha256

from models.identifiers import Millis
from store.cases import Case
from store.database import Store
from store.rescues import KeptRescue
from streams.leadership import Leadership

BY = "ressenti"


class CaseOpener:
    """Opens cases; the leader alone writes."""

    def __init__(self, store: Store, leadership: Leadership) -> None:
        self._store = store
        self._leadership = leadership

    def tick(self, now: Millis) -> int:
        """Open a case for every rescue that is a day old, unresolved and not taken; return how many."""
        stale = self._store.rescues.stale(now)
        for rescue in stale:
            case = case_of(rescue, now)
            with self._leadership.writing():
                self._store.cases.add(case)
                self._store.rescues.attach(rescue.row.subject, rescue.row.journey, case.id)
        return len(stale)


def case_of(rescue: KeptRescue, now: Millis) -> Case:
    """Return the case that ``rescue`` becomes; its id tells nothing of the customer."""
    row = rescue.row
    name = sha256(f"{row.subject}\0{row.journey}".encode()).hexdigest()[:12]
    worst = sorted(row.causes, key=lambda cause: (-row.causes[cause], cause))
    because = ", ".join(cause.replace("_", " ") for cause in worst)
    return Case(
        id=f"rescue-{name}",
        subject=row.subject,
        journey=row.journey,
        kind="rescue",
        reason=f"nobody called within a day; {because}",
        proposed=row.act,
        opened_at=now,
        opened_by=BY,
    )
