"""Opportunities: the team lives the experience and writes down what it was like; an experiment may begin there."""

import secrets
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from models.errors import InvalidInput
from models.identifiers import FULL, Millis
from store.walkthroughs import Walkthrough
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
SEE_OTHER = 303
Place = Annotated[str, Form(max_length=64)]
EVER = (Millis(0), Millis(1 << 53))


@dataclass(frozen=True, slots=True)
class WalkthroughForm:
    """Who lived what, where, by which way, and how it was from 0 (worst) to 10."""

    author: Annotated[str, Form(min_length=1, max_length=80)]
    text: Annotated[str, Form(min_length=1, max_length=5000)]
    touchpoint: Place = ""
    channel: Place = ""
    rating: Annotated[str, Form(max_length=8)] = ""

    def rated(self) -> int | None:
        """Return the rating in hundredths of the way up; raises ``InvalidInput`` for one outside 0 to 10."""
        if not self.rating.strip():
            return None
        try:
            share = float(self.rating.replace(",", ".")) / 10
        except ValueError:
            share = -1.0
        if not 0.0 <= share <= 1.0:
            raise InvalidInput(f"rating: {self.rating!r} is outside 0 to 10; say how it was, or leave it open")
        return round(share * FULL)


@router.get("/experiments/opportunities", response_class=HTMLResponse)
def show_opportunities(request: Request, house: HouseOf) -> HTMLResponse:
    """Show what was lived lately, and what became of it."""
    begun = {
        kept.experiment.origin.reference: kept.experiment
        for kept in reversed(house.store.experiments.all())
        if kept.experiment.origin.kind == "opportunity"
    }
    # Walk-throughs also come as events; those are among the verbatims.
    told = house.store.verbatims.recent(EVER, kind="walkthrough")
    return page(request, "opportunities.html", lived=house.store.walkthroughs.recent(), told=told, begun=begun)


@router.post("/experiments/opportunities")
def record_walkthrough(house: HouseOf, form: Annotated[WalkthroughForm, Depends()]) -> RedirectResponse:
    """Keep what somebody of the team lived; raises ``InvalidInput`` where nobody is named or nothing said."""
    for name, said in (("author", form.author), ("text", form.text)):
        if not said.strip():
            raise InvalidInput(f"{name}: it is empty; write who lived what")
    lived = Walkthrough(
        id=f"walk-{secrets.token_hex(4)}",
        at=house.now(),
        author=form.author,
        touchpoint=form.touchpoint.strip() or "other",
        channel=form.channel.strip() or "other",
        rating=form.rated(),
        text=form.text,
    )
    house.store.walkthroughs.add(lived)
    return RedirectResponse("/experiments/opportunities", SEE_OTHER)
