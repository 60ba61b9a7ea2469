"""The customer page, and the same as JSON."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from models.identifiers import Subject
from web.customers.view import customer_view
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()


@router.get("/customers/{subject}", response_class=HTMLResponse)
def show_customer(request: Request, house: HouseOf, subject: str) -> HTMLResponse:
    """Show one customer's story with both ledgers."""
    definitions = house.definitions()
    view = customer_view(house.store, definitions.active, Subject(subject), house.now())
    return page(request, "customer.html", view=view, policy=definitions.active)
