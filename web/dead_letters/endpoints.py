"""The dead letters: counted by reason, listed, shown with their bytes."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse

from models.identifiers import Offset, Partition
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
MOST = 100
Place = Annotated[int, Path(ge=0, lt=1 << 63)]


@router.get("/dead-letters", response_class=HTMLResponse)
def list_dead_letters(request: Request, house: HouseOf, code: str | None = None) -> HTMLResponse:
    """Show what could not be scored, by reason, and how it stands with the sum of everything received."""
    letters = house.store.dead_letters
    return page(
        request,
        "dead_letters.html",
        counts=letters.counts(),
        letters=letters.recent(code=code, limit=MOST),
        code=code,
        counters=house.store.partitions.counters(),
    )


@router.get("/dead-letters/{partition}/{offset}", response_class=HTMLResponse)
def show_dead_letter(request: Request, house: HouseOf, partition: Place, offset: Place) -> HTMLResponse:
    """Show one dead letter with its original bytes."""
    letter = house.store.dead_letters.show(Partition(partition), Offset(offset))
    return page(request, "dead_letter.html", kept=letter)
