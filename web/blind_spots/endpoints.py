"""The page of blind spots: per source and cause, whether it could fire and whether it ever did."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from models.causes import Cause
from models.scoring.visibility import FIELDS, blind_spots, sights
from web.house import HouseOf
from web.pages.periods import period_of
from web.pages.rendering import page

router = APIRouter()
PREFIX = "source:"


@router.get("/blind-spots", response_class=HTMLResponse)
def show_blind_spots(request: Request, house: HouseOf, period: str = "year") -> HTMLResponse:
    """Show what no source tells us, so that a missing field is not read as perfection."""
    policy = house.definitions().active.version
    store = house.store
    span = period_of(store, policy, period, house.now()).span
    scopes = [scope for scope in store.cells.scopes(policy) if scope.startswith(PREFIX)]
    totals = store.day_tables.totals(policy, scopes, span)
    sources = {scope.removeprefix(PREFIX): totals[scope] for scope in scopes}
    seen = {source: {sight.cause: sight for sight in sights(source, counts)} for source, counts in sources.items()}
    return page(request, "blind_spots.html", blind=blind_spots(sources), seen=seen, causes=list(Cause), fields=FIELDS)
