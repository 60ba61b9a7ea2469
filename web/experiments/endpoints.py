"""The pages of experiments: the list, one with its ledger and acts, and the acts themselves."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from experiments.measures import MEASURES
from experiments.plan import Origin
from experiments.states import State
from experiments.tables import NAMES
from models.causes import Cause
from web.experiments.forms import ActForm, OpeningForm, PlanForm, plan_of, treated_percent, window_days
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
    return _to(house.experiment_desk.begin(form.title, form.author, form.owner, origin, house.now()).id)


@router.get("/experiments/{experiment_id}", response_class=HTMLResponse)
def show_experiment(request: Request, house: HouseOf, experiment_id: str) -> HTMLResponse:
    """Show one experiment: its ledger, what is measured, what may be done now."""
    view = experiment_view(house, experiment_id)
    scopes = house.store.cells.scopes(house.definitions().active.version) or ["all"]
    return page(
        request,
        "experiment.html",
        view=view,
        metrics=list(MEASURES),
        causes=[c.value for c in Cause],
        scopes=scopes,
        tables=NAMES,
        treated_percent=treated_percent,
        window_days=window_days,
    )


@router.post("/experiments/{experiment_id}/plan-form")
def revise_plan(house: HouseOf, experiment_id: str, form: Annotated[PlanForm, Depends()]) -> RedirectResponse:
    """Write the plan anew from the form, with the baseline its scope's history gives."""
    policy = house.definitions().active.version
    plan = plan_of(form, house.store.experiments.get(experiment_id).experiment, policy)
    house.experiment_desk.revise(experiment_id, plan, form.by, house.now())
    return _to(experiment_id)


@router.post("/experiments/{experiment_id}/acts/{act}")
def act_on(house: HouseOf, experiment_id: str, act: str, form: Annotated[ActForm, Depends()]) -> RedirectResponse:
    """Carry out one act; what is missing is said in the refusal."""
    return _to(house.experiment_desk.perform(experiment_id, act, form.given(), house.now()).id)


def _to(experiment_id: str) -> RedirectResponse:
    return RedirectResponse(f"/experiments/{experiment_id}", SEE_OTHER)
