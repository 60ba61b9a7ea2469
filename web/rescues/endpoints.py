"""The rescue list, its live part, and taking a call."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from models.identifiers import Subject
from streams.calls import calls_now
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
SEE_OTHER = 303
Name = Annotated[str, Form(min_length=1, max_length=80)]


@router.get("/rescues", response_class=HTMLResponse)
def show_rescues(request: Request, house: HouseOf) -> HTMLResponse:
    """Show whom to call now."""
    return _list(request, house, "rescues.html")


@router.get("/rescues/list", response_class=HTMLResponse)
def show_rescue_list(request: Request, house: HouseOf) -> HTMLResponse:
    """Return the list alone, for the live page."""
    return _list(request, house, "parts/rescue_list.html")


@router.post("/rescues/take")
def take_rescue(
    house: HouseOf, subject: Annotated[str, Form()], journey: Annotated[str, Form()], by: Name
) -> RedirectResponse:
    """Note that ``by`` calls this customer."""
    house.store.rescues.take(Subject(subject), journey, by, house.now())
    return RedirectResponse("/rescues", SEE_OTHER)


def _list(request: Request, house: HouseOf, template: str) -> HTMLResponse:
    calls = calls_now(house.store, house.definitions().active, house.now())
    return page(request, template, calls=calls)
