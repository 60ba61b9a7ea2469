"""What was learnt so far: every decided experiment, how well the team foresees, and what the gains add up to."""

from dataclasses import dataclass
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse

from experiments.calibration import Calibration, Foreseen, calibration, foreseen
from experiments.gains import Gains, gains
from experiments.learning import LearningCard, cards_of, search
from experiments.learning import Query as Wanted
from models.causes import Cause
from streams.bootstrap import House
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
Text = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for."""

    words: Text = ""
    scope: Text = ""
    cause: Text = ""
    action: Text = ""

    @property
    def wanted(self) -> Wanted:
        """Return it as the library takes it."""
        return Wanted(self.words, self.scope, self.cause, self.action)


@dataclass(frozen=True, slots=True)
class Library:
    """What the page and programs are told."""

    cards: list[LearningCard]
    known: int
    calibration: Calibration
    foreseen: list[Foreseen]
    gains: list[Gains]


def library_of(house: House, wanted: Wanted) -> Library:
    """Return the cards that match, and the figures over all experiments."""
    experiments = [kept.experiment for kept in house.store.experiments.all()]
    cards, pairs = cards_of(experiments), list(foreseen(experiments))
    return Library(search(cards, wanted), len(cards), calibration(pairs), pairs, gains(experiments))


@router.get("/experiments/library", response_class=HTMLResponse)
def show_library(request: Request, house: HouseOf, asked: Annotated[Asked, Depends()]) -> HTMLResponse:
    """Show what was learnt, and how well the team foresees."""
    library = library_of(house, asked.wanted)
    return page(request, "experiment_library.html", library=library, asked=asked, causes=[c.value for c in Cause])


@router.get("/v1/learnings")
def list_learnings(house: HouseOf, asked: Annotated[Asked, Depends()]) -> JSONResponse:
    """Return the cards that match."""
    return JSONResponse([plain(card) for card in library_of(house, asked.wanted).cards])


@router.get("/v1/calibration")
def show_calibration(house: HouseOf) -> JSONResponse:
    """Return how well the team foresees, experiment by experiment, and what the adopted gains add up to."""
    return JSONResponse(calibration_document(library_of(house, Wanted())))


def calibration_document(library: Library) -> dict[str, object]:
    """Return calibration and gains as programs read them."""
    found = library.calibration
    return {
        **plain(found),
        "sentence": found.sentence,
        "foreseen": [{**plain(each), "inside": each.inside} for each in library.foreseen],
        "gains": [{**plain(each), "sentence": each.sentence} for each in library.gains],
    }


def plain(value: object) -> dict[str, object]:
    """Return a frozen value of ours as plain JSON values."""
    found: dict[str, object] = msgspec.to_builtins(value)
    return found
