"""``/v1/assignments``: one unit's arm, by pseudonym or by the company's own id; POST keeps that id out of addresses."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from streams.bootstrap import House
from streams.experiment_assigning import Asked, Assigned, Assigner
from web.events.keys import source_of
from web.house import HouseOf
from web.problems import Problem

router = APIRouter()
Source = Annotated[str | None, Depends(source_of)]
HEADERS = {"Cache-Control": "no-store"}
FOREIGN = frozenset({"cross-site", "same-site"})


class Asking(BaseModel):
    """Who asks for whom; give ``unit`` (a pseudonym) or ``customer`` (your own id), not both.

    ``cluster`` is the customer's site, team or lane, where those are randomised.
    """

    model_config = ConfigDict(extra="forbid")

    experiment: str = Field(min_length=1, max_length=128)
    unit: str | None = Field(default=None, min_length=1, max_length=128)
    customer: str | None = Field(default=None, min_length=1, max_length=512)
    cluster: str = Field(default="", max_length=64)
    expose: bool = False


@router.get("/v1/assignments")
def show_assignment(
    request: Request, house: HouseOf, source: Source, asking: Annotated[Asking, Query()]
) -> JSONResponse:
    """Say which arm a unit gets, and whether to send an exposure; with ``expose`` it is recorded here.

    ``customer`` is the company's own id: it becomes a pseudonym at the door and is never stored.
    """
    if asking.expose and request.headers.get("sec-fetch-site") in FOREIGN:
        raise Problem(HTTPStatus.FORBIDDEN, "this was sent from another site", "ask from your own programs")
    return _answer(house, asking, source)


@router.post("/v1/assignments")
def make_assignment(house: HouseOf, source: Source, asking: Asking) -> JSONResponse:
    """Say the same of what the body names."""
    return _answer(house, asking, source)


def _answer(house: House, asking: Asking, source: str | None) -> JSONResponse:
    asked = Asked(asking.experiment, asking.unit, asking.customer, asking.expose, source, asking.cluster)
    found = Assigner(house.store, house.collector, house.key).assign(asked, house.now())
    return JSONResponse(shown(found), headers=HEADERS)


def shown(found: Assigned) -> dict[str, str | bool]:
    """Return an assignment as programs read it."""
    assignment = found.assignment
    return {
        "experiment": assignment.experiment,
        "unit": assignment.unit,
        "arm": assignment.arm,
        "enrolled": assignment.enrolled,
        "why": assignment.why,
        "exposed": found.exposed,
    }
