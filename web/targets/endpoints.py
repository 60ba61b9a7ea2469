"""The page of courses and targets, and the forms that set and withdraw them."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from models.errors import InvalidInput
from models.gaps.metrics import METRICS
from models.targets import Course, Target, conflicts, faults_of
from web.house import HouseOf
from web.pages.rendering import page

router = APIRouter()
SEE_OTHER = 303
Id = Annotated[str, Form(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Person = Annotated[str, Form(min_length=1, max_length=80)]


@dataclass(frozen=True, slots=True)
class TargetForm:
    """The fields of a target as the page sends them."""

    id: Id
    course: Id
    metric: Annotated[str, Form()]
    scope: Annotated[str, Form()]
    start_value: Annotated[float, Form()]
    end_value: Annotated[float, Form()]
    start: Annotated[date, Form()]
    end: Annotated[date, Form()]
    owner: Person


@router.get("/targets", response_class=HTMLResponse)
def show_targets(request: Request, house: HouseOf) -> HTMLResponse:
    """Show the courses with their targets, and warn of targets that contradict each other."""
    courses = house.store.courses.all()
    scopes = _scopes(house)
    targets = [target for course in courses for target in course.targets]
    return page(
        request, "targets.html", courses=courses, warnings=conflicts(targets), metrics=list(METRICS), scopes=scopes
    )


@router.post("/courses")
def set_course(
    house: HouseOf, course_id: Id, sentence: Annotated[str, Form(min_length=1, max_length=300)], owner: Person
) -> RedirectResponse:
    """Set a course: one sentence, and who answers for it."""
    kept = next((c for c in house.store.courses.all() if c.id == course_id), None)
    targets = () if kept is None else kept.targets
    house.store.courses.put_course(Course(course_id, sentence, owner, targets), owner, house.now())
    return RedirectResponse("/targets", SEE_OTHER)


@router.post("/targets")
def set_target(house: HouseOf, form: Annotated[TargetForm, Depends()]) -> RedirectResponse:
    """Set a target; refused with every fault named."""
    target = Target(
        id=form.id,
        course=form.course,
        metric=form.metric,
        scope=form.scope,
        start_value=form.start_value,
        end_value=form.end_value,
        start=form.start,
        end=form.end,
        owner=form.owner,
    )
    faults = faults_of(target, _scopes(house))
    if faults:
        raise InvalidInput("; ".join(str(fault) for fault in faults))
    house.store.courses.put_target(target, form.owner, house.now())
    return RedirectResponse("/targets", SEE_OTHER)


@router.post("/targets/{target_id}/withdraw")
def withdraw_target(house: HouseOf, target_id: str, by: Person) -> RedirectResponse:
    """Take a target out of force."""
    house.store.courses.withdraw_target(target_id, by, house.now())
    return RedirectResponse("/targets", SEE_OTHER)


def _scopes(house: HouseOf) -> list[str]:
    return house.store.cells.scopes(house.definitions().active.version) or ["all"]
