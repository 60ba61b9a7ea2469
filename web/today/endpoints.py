"""The first page, and its live parts."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from web.house import HouseOf
from web.pages.rendering import page
from web.today.view import today_view

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def show_today(request: Request, house: HouseOf) -> HTMLResponse:
    """Show what needs somebody today."""
    return page(request, "today.html", view=today_view(house))


@router.get("/today/now", response_class=HTMLResponse)
def show_today_now(request: Request, house: HouseOf) -> HTMLResponse:
    """Return the page's live part alone."""
    return page(request, "parts/today_now.html", view=today_view(house))
