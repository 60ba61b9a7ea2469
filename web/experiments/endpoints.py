"""The pages of experiments: the list, one with its ledger and acts, and the acts themselves."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from experiments import life_cycle
from experiments.life_cycle import Opening, Successor
from experiments.measures import MEASURES
from experiments.plan import Origin
from experiments.states import Actor, Role, State
from models.causes import Cause
from models.errors import NotFound
from streams.experiment_baseline import with_baseline
from web.experiments.forms import ACTS, ActForm, OpeningForm, PlanForm, plan_of
from web.experiments.view import experiment_view
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
SEE_OTHER = 303


@router.get("/experiments", response_class=HTMLResponse)
def list_experiments(request: Request, house: HouseOf) -> HTMLResponse:
    """Show every experiment, those to decide first."""
    kept = [each.experiment for each in house.store.experiments.all()]
    kept.sort(key=lambda each: (each.state is not State.EVALUATED, each.state in {State.DECIDED, State.VOID}))
    return page(request, "experiments.html", experiments=kept)


@router.post("/experiments")
def open_experiment(house: HouseOf, form: Annotated[OpeningForm, Depends()]) -> RedirectResponse:
    """Open a draft on a gap or an opportunity."""
    origin = Origin(form.origin, form.reference)
    opening = Opening(_new_id(), form.title, secrets.token_hex(8), form.owner, origin)
    opened = house.experiment_desk.open(opening, Actor(form.author, Role.AUTHOR), house.now())
    return _to(opened.id)


@router.get("/experiments/{experiment_id}", response_class=HTMLResponse)
def show_experiment(request: Request, house: HouseOf, experiment_id: str) -> HTMLResponse:
    """Show one experiment: its ledger, what is measured, what may be done now."""
    view = experiment_view(house, experiment_id)
    scopes = house.store.cells.scopes(house.definitions().active.version) or ["all"]
    return page(
        request, "experiment.html", view=view, metrics=list(MEASURES), causes=[c.value for c in Cause], scopes=scopes
    )


@router.post("/experiments/{experiment_id}/plan-form")
def revise_plan(house: HouseOf, experiment_id: str, form: Annotated[PlanForm, Depends()]) -> RedirectResponse:
    """Write the plan anew from the form, with the baseline its scope's history gives."""
    now = house.now()
    author = Actor(form.by, Role.AUTHOR)
    policy = house.definitions().active.version
    # History takes long to read: outside the transaction, which would hold up the fold.
    plan = with_baseline(house.store, plan_of(form, house.store.experiments.get(experiment_id).experiment, policy), now)
    house.experiment_desk.act(experiment_id, lambda e: life_cycle.revise(e, author, now, plan), now)
    return _to(experiment_id)


@router.post("/experiments/{experiment_id}/acts/{act}")
def act_on(house: HouseOf, experiment_id: str, act: str, form: Annotated[ActForm, Depends()]) -> RedirectResponse:
    """Carry out one act; what is missing is said in the refusal."""
    now = house.now()
    if act == "start":
        house.experiment_desk.start(experiment_id, form.actor, now)
    elif act in {"iterate", "retry"}:
        follow = life_cycle.iterate if act == "iterate" else life_cycle.retry
        named = Successor(_new_id(), form.note or "Next iteration", secrets.token_hex(8))
        return _to(house.experiment_desk.follow(experiment_id, lambda e: follow(e, form.actor, now, named), now).id)
    elif act in ACTS:
        house.experiment_desk.act(experiment_id, lambda e: ACTS[act](e, form, now), now)
    else:
        raise NotFound(f"act: {act!r} is not known; use start, iterate, retry or one of {', '.join(ACTS)}")
    return _to(experiment_id)


def _new_id() -> str:
    return f"exp-{secrets.token_hex(4)}"


def _to(experiment_id: str) -> RedirectResponse:
    return RedirectResponse(f"/experiments/{experiment_id}", SEE_OTHER)
