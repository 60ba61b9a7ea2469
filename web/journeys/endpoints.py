"""The page of the worst journeys."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from web.house import HouseOf
from web.journeys.view import worst
from web.pages.periods import DAYS, period_of
from web.pages.rendering import page

router = APIRouter()
MOST = 5


@router.get("/journeys", response_class=HTMLResponse)
def show_journeys(request: Request, house: HouseOf, period: str = "week") -> HTMLResponse:
    """Show the five worst journeys of a period, told in sentences."""
    policy = house.definitions().active
    span = period_of(house.store, policy.version, period, house.now())
    told = list(worst(house.store, policy, span.span, MOST))
    return page(request, "journeys.html", told=told, period=span, periods=list(DAYS))
