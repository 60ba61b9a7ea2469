"""The pages of gaps: the list, one gap with its causes, and accepting one for a time."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from models.gaps import states
from models.gaps.gap import OPEN, State
from models.identifiers import Millis
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
SEE_OTHER = 303
ORDER = (State.CONFIRMED, State.IN_EXPERIMENT, State.ACCEPTED, State.SEEN, State.CLOSED, State.FADED)


@router.get("/gaps", response_class=HTMLResponse)
def list_gaps(request: Request, house: HouseOf, closed: bool = False) -> HTMLResponse:  # noqa: FBT001, FBT002 - a query
    """Show the open gaps, the confirmed ones first; with ``closed`` also those that are over."""
    kept = house.store.gaps.all(None if closed else sorted(OPEN))
    ordered = sorted(kept, key=lambda each: (ORDER.index(each.gap.state), -each.gap.now.shortfall))
    return page(request, "gaps.html", gaps=[each.gap for each in ordered], closed=closed)


@router.get("/gaps/{gap_id}", response_class=HTMLResponse)
def show_gap(request: Request, house: HouseOf, gap_id: str) -> HTMLResponse:
    """Show one gap: its evidence, its causes, its life, the experiments on it."""
    kept = house.store.gaps.get(gap_id)
    experiments = [e.experiment for e in house.store.experiments.all() if e.experiment.origin.reference == gap_id]
    return page(
        request,
        "gap.html",
        gap=kept.gap,
        history=house.store.gaps.history(gap_id),
        experiments=experiments,
        today=_today(house.now()),
    )


@router.post("/gaps/{gap_id}/accept")
def accept_gap(
    house: HouseOf,
    gap_id: str,
    owner: Annotated[str, Form(max_length=80)],
    reason: Annotated[str, Form(max_length=500)],
    until: Annotated[date, Form()],
) -> RedirectResponse:
    """Let ``owner`` answer for living with the gap until a day; it stays counted."""
    kept = house.store.gaps.get(gap_id)
    accepted = states.accept(kept.gap, owner, reason, until, on=_today(house.now()))
    house.store.gaps.save(accepted, based_on=kept.version, by=owner, now=house.now())
    return RedirectResponse(f"/gaps/{gap_id}", SEE_OTHER)


def _today(now: Millis) -> date:
    return datetime.fromtimestamp(now / 1_000, UTC).date()
