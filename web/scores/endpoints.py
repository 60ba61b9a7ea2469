"""The scores page, its live part, and the series behind its chart."""

from dataclasses import asdict

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse

from web.house import HouseOf
from web.pages.periods import DAYS, USUAL, period_of
from web.pages.rendering import page
from web.scores.view import chart_of, lines_of, unit_named

router = APIRouter()


@router.get("/scores", response_class=HTMLResponse)
def show_scores(request: Request, house: HouseOf, unit: str = "journey", period: str = USUAL) -> HTMLResponse:
    """Show the scores of every scope."""
    return _scores(request, house, (unit, period), "scores.html")


@router.get("/scores/table", response_class=HTMLResponse)
def show_score_table(request: Request, house: HouseOf, unit: str = "journey", period: str = USUAL) -> HTMLResponse:
    """Return the tables alone, for the live page."""
    return _scores(request, house, (unit, period), "parts/score_table.html")


@router.get("/scores/series")
def give_series(house: HouseOf, scope: str = "all", unit: str = "journey", period: str = USUAL) -> JSONResponse:
    """Return one scope's score over time, for the chart."""
    policy = house.definitions().active.version
    span = period_of(house.store, policy, period, house.now())
    return JSONResponse(asdict(chart_of(house.store, policy, (scope, unit_named(unit)), span)))


def _scores(request: Request, house: HouseOf, chosen: tuple[str, str], template: str) -> HTMLResponse:
    unit, period = unit_named(chosen[0]), chosen[1]
    policy = house.definitions().active.version
    span = period_of(house.store, policy, period, house.now())
    return page(
        request,
        template,
        kinds=lines_of(house.store, policy, unit, span),
        unit=unit,
        period=span,
        periods=list(DAYS),
        policy=policy,
    )
