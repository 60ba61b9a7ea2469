"""Experiments for programs: list, read, open, plan, act; the same desk and gate as the pages."""

from http import HTTPStatus
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Body
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from experiments.decision import Choice
from experiments.ledger import Experiment, to_json
from experiments.measures import measure_of
from experiments.plan import Direction, Origin, Plan
from experiments.states import Role
from models.errors import InvalidInput
from streams.experiment_acts import Given
from streams.experiment_causes import Offered, Weighing
from web.experiments.view import experiment_view
from web.house import HouseOf

router = APIRouter()
Name = Annotated[str, Field(min_length=1, max_length=80)]
Words = Annotated[str, Field(max_length=2000)]
PLAN_SCHEMA: dict[str, Any] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}}
}


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Opening(_Asked):
    """A first draft: on a gap by its id, or on an opportunity (a walk-through's id, or a sentence)."""

    title: Annotated[str, Field(min_length=1, max_length=120)]
    author: Name
    owner: Annotated[str, Field(max_length=80)] = ""
    origin: Literal["gap", "opportunity"] = "gap"
    reference: Annotated[str, Field(min_length=1, max_length=200)]


class Acting(_Asked):
    """Who acts in which role, and the words and figures of the act; each act reads those it needs."""

    by: Name
    role: Role
    note: Words = ""
    done: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    of: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    choice: Choice = "abandon"
    outcome: Literal["holds", "does not hold"] = "does not hold"
    next_idea: Words = ""
    tags: Annotated[list[Annotated[str, Field(max_length=80)]], Field(max_length=20)] = []
    metric: Annotated[str, Field(max_length=80)] = ""
    direction: Direction = "up"
    margin: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0

    def given(self) -> Given:
        """Return it as acts take it."""
        return Given(**{**self.model_dump(), "tags": tuple(self.tags)})


class Weighed(_Asked):
    """What becomes of a proposal: evidence for the cause stated so, or a rival of it, with the reason."""

    by: Name
    accept: bool
    statement: Words = ""
    because: Words = ""


@router.get("/v1/experiments")
def list_experiments(house: HouseOf) -> JSONResponse:
    """Return every experiment's record, the latest changed first."""
    return JSONResponse([document(kept.experiment) for kept in house.store.experiments.all()])


@router.post("/v1/experiments", status_code=HTTPStatus.CREATED)
def open_experiment(house: HouseOf, opening: Opening) -> JSONResponse:
    """Open a draft."""
    origin = Origin(opening.origin, opening.reference)
    opened = house.experiment_desk.begin(opening.title, opening.author, opening.owner, origin, house.now())
    return JSONResponse(document(opened), HTTPStatus.CREATED)


@router.get("/v1/experiments/{experiment_id}")
def show_experiment(house: HouseOf, experiment_id: str) -> JSONResponse:
    """Return the record, what may be said now, and which acts its state leaves open."""
    return JSONResponse(shown(house, experiment_id))


@router.put("/v1/experiments/{experiment_id}/plan", openapi_extra=PLAN_SCHEMA)
def revise_plan(
    house: HouseOf, experiment_id: str, by: Name, plan: Annotated[dict[str, object], Body()]
) -> JSONResponse:
    """Write the plan anew, as ``plan`` of the record spells it; the baseline comes from history where it has none."""
    revised = house.experiment_desk.revise(experiment_id, plan_of(plan), by, house.now())
    return JSONResponse(document(revised))


@router.post("/v1/experiments/{experiment_id}/acts/{act}")
def act_on(house: HouseOf, experiment_id: str, act: str, acting: Acting) -> JSONResponse:
    """Carry out one act; what is missing is said in the refusal. Returns the record, or the draft that follows."""
    return JSONResponse(document(house.experiment_desk.perform(experiment_id, act, acting.given(), house.now())))


@router.get("/v1/experiments/{experiment_id}/causes")
def list_proposals(house: HouseOf, experiment_id: str) -> JSONResponse:
    """Return what is proposed for root causes, and what became of it."""
    return JSONResponse([proposal_document(each) for each in house.experiment_desk.proposals(experiment_id)])


@router.post("/v1/experiments/{experiment_id}/causes/{proposal:path}")
def weigh_proposal(house: HouseOf, experiment_id: str, proposal: str, weighed: Weighed) -> JSONResponse:
    """Take a proposal up as evidence, or reject it."""
    weighing = Weighing(proposal, weighed.accept, weighed.statement, weighed.because)
    return JSONResponse(document(house.experiment_desk.weigh(experiment_id, weighing, weighed.by, house.now())))


def document(experiment: Experiment) -> dict[str, object]:
    """Return the record as plain JSON values."""
    found: dict[str, object] = msgspec.json.decode(to_json(experiment))
    return found


def proposal_document(offered: Offered) -> dict[str, object]:
    """Return a proposal as programs read it."""
    found: dict[str, object] = msgspec.to_builtins(offered.proposal)
    return {**found, "standing": offered.standing}


def shown(house: HouseOf, experiment_id: str) -> dict[str, object]:
    """Return the record with what may be said now, and done."""
    view = experiment_view(house, experiment_id)
    now = None if view.verdict is None else msgspec.to_builtins(view.verdict)
    chain = {"english": view.evidence.english, "french": view.evidence.french, "some_e": view.evidence.some_e}
    offers = [offer.act for offer in view.offers]
    return document(view.record) | {"now": now, "fault": view.fault, "offers": offers, "chain": chain}


def plan_of(plan: object) -> Plan:
    """Return the plan that JSON values spell; raises ``InvalidInput`` naming the field."""
    try:
        read = msgspec.convert(plan, Plan)
    except msgspec.ValidationError as error:
        raise InvalidInput(f"plan: {error}; write it as the record of an experiment shows one") from None
    if read.expected is not None:
        measure_of(read.expected.metric)
    return read
