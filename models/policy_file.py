"""The policy file as a manager writes it: sections, units and bounds, with a remedy for every mistake.

What the scoring code reads is ``models.policy.Policy``, compiled from this in integer hundredths and milliseconds.
"""

import difflib
import tomllib
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic_core import ErrorDetails

from models.errors import Fault, InvalidInput

Points = Annotated[float, Field(ge=0, le=100, multiple_of=0.01)]
Share = Annotated[float, Field(ge=0, le=1, multiple_of=0.01)]
Probability = Annotated[float, Field(ge=0, le=1)]
Percent = Annotated[int, Field(ge=0, le=100)]
Days = Annotated[int, Field(ge=1, le=3650)]
Hours = Annotated[int, Field(ge=1, le=24 * 365)]
Minutes = Annotated[float, Field(gt=0, le=24 * 60)]
Money = Annotated[float, Field(ge=0, le=1e9)]
People = Annotated[float, Field(ge=0, le=1000)]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}$")]
Sentence = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Section(BaseModel):
    """One table of the file: immutable, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class Budgets(Section):
    """How many points each side of an interaction can lose at most."""

    treatment: Points
    product: Points

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if round(100 * (self.treatment + self.product)) != 100 * 100:
            raise ValueError("treatment and product must add up to 100")
        return self


class Wait(Section):
    """What waiting costs."""

    points: Points
    all_lost_at: Annotated[int, Field(ge=2, le=100)]
    tolerance_minutes: dict[Name, Minutes]

    @model_validator(mode="after")
    def _other(self) -> Self:
        if "other" not in self.tolerance_minutes:
            raise ValueError("tolerance_minutes must name `other`, for every channel not listed")
        return self


class ContactPoints(Section):
    """What each thing that can go wrong in a contact costs."""

    repeated_step: Points
    repeated_steps_at_most: Points
    context_lost: Points
    channel_unfit: Points
    menu_loop: Points
    paid_line: Points
    abandoned: Points
    transfer_failed: Points
    cold_transfer: Points
    wrong_answer: Points
    incident_not_told: Points


class PromisePoints(Section):
    """What a late or broken promise costs."""

    broken: Points
    late_at_once: Points
    late_at_most: Points
    late_grows_over_days: Days

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.late_at_most < self.late_at_once:
            raise ValueError("late_at_most must not be less than late_at_once")
        return self


class IncidentPoints(Section):
    """What a failure of the product costs."""

    minor: Points
    major: Points
    outage: Points
    full_loss_hours: Hours
    least_loss_hours: Hours

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.least_loss_hours > self.full_loss_hours:
            raise ValueError("least_loss_hours must not exceed full_loss_hours")
        return self


class JourneyRules(Section):
    """How interactions make a journey, and how a journey is repaired."""

    others_share: Share
    resolved_repairs: Share
    recovery_repairs: Share
    repairs_at_most: Annotated[float, Field(ge=0, le=0.99, multiple_of=0.01)]
    window_days: Annotated[int, Field(ge=1, le=30)]
    same_name_days: Annotated[int, Field(ge=1, le=30)]


class Memory(Section):
    """How a customer's journeys weigh on each other."""

    half_life_days: Annotated[int, Field(ge=30, le=36_500)]
    good_score: Annotated[float, Field(ge=1, le=100, multiple_of=0.01)]
    bad_weighs_at_most: Annotated[float, Field(ge=1, le=10, multiple_of=0.01)]


class Good(Section):
    """When a contact was good."""

    csat: Annotated[int, Field(ge=1, le=5)]
    ces: Annotated[int, Field(ge=1, le=7)]
    custom_percent: Percent
    score: Points
    often_percent: Percent
    seldom_percent: Percent
    contacts_needed: Annotated[int, Field(ge=1, le=1000)]
    over_days: Days


class Dissatisfied(Section):
    """When an answer says the customer is dissatisfied."""

    csat: Annotated[int, Field(ge=1, le=5)]
    ces: Annotated[int, Field(ge=1, le=7)]
    nps: Annotated[int, Field(ge=0, le=10)]
    custom_percent: Percent


class Rescue(Section):
    """When to call a customer now."""

    treatment_loss: Points
    journey_score: Points
    probability: Probability
    hours_on_list: Hours
    act: Sentence
    act_on_phone: Sentence


class Impact(Section):
    """What dissatisfaction costs: assumptions, as (low, middle, high) where they are ranges."""

    leave_if_bad: Annotated[tuple[Probability, Probability, Probability], Field(strict=False)]
    leave_if_good: Probability
    yearly_margin: Annotated[tuple[Money, Money, Money], Field(strict=False)]
    told_by_satisfied: People
    told_by_unhappy: Annotated[tuple[People, People, People], Field(strict=False)]

    @model_validator(mode="after")
    def _ranges(self) -> Self:
        for name in ("leave_if_bad", "yearly_margin", "told_by_unhappy"):
            low, middle, high = getattr(self, name)
            if not low <= middle <= high:
                raise ValueError(f"{name} must rise from low to high")
        return self


class PolicyFile(Section):
    """The whole file."""

    name: Name
    budgets: Budgets
    wait: Wait
    contact: ContactPoints
    promise: PromisePoints
    incident: IncidentPoints
    journey: JourneyRules
    memory: Memory
    good: Good
    dissatisfied: Dissatisfied
    rescue: Rescue
    impact: Impact


def parse(text: str) -> PolicyFile:
    """Return the policy file that ``text`` (TOML) holds; raises ``InvalidInput`` naming every field at fault."""
    try:
        return PolicyFile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"policy: not valid TOML, {error}; correct that line and try again") from error
    except ValidationError as error:
        faults = [str(_fault(detail)) for detail in error.errors(include_url=False)]
        raise InvalidInput("policy: " + " | ".join(faults)) from error


def _fault(detail: ErrorDetails) -> Fault:
    path = ".".join(str(part) for part in detail["loc"]) or "policy"
    match detail["type"]:
        case "extra_forbidden":
            return Fault("unknown_key", path, "is not a policy key", _suggestion(detail["loc"]))
        case "missing":
            return Fault("missing_key", path, "is missing", "copy it from the default policy (`ressenti policy show`)")
        case _:
            said = repr(detail["input"]) if not isinstance(detail["input"], dict) else "this table"
            fault = detail["msg"].removeprefix("Value error, ")
            return Fault(
                "bad_value", path, f"{said} does not do: {fault[0].lower()}{fault[1:]}", "give a value that does"
            )


def _suggestion(location: tuple[int | str, ...]) -> str:
    model: type[BaseModel] = PolicyFile
    for part in location[:-1]:
        inner = model.model_fields[str(part)].annotation
        if not (isinstance(inner, type) and issubclass(inner, BaseModel)):
            break
        model = inner
    known = list(model.model_fields)
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    return f"did you mean `{close[0]}`?" if close else f"remove it; known here: {', '.join(known)}"
