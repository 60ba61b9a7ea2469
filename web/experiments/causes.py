"""Root causes on the page: evidence by hand, proposals taken up or rejected, rivals, and taking a cause back."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form
from fastapi.responses import RedirectResponse

from experiments.root_causes import Evidence, EvidenceKind, Rival, with_evidence, with_rival
from models.causes import Cause
from models.errors import InvalidInput
from streams.bootstrap import House
from streams.experiment_causes import Weighing
from streams.experiment_desk import Argue
from web.house import HouseOf

router = APIRouter()
SEE_OTHER = 303
Name = Annotated[str, Form(min_length=1, max_length=80)]
Short = Annotated[str, Form(max_length=200)]
Long = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class EvidenceForm:
    """One piece of evidence for the root cause stated so, which is new where nobody stated it."""

    by: Name
    statement: Long
    kind: Annotated[EvidenceKind, Form()]
    says: Long
    cause: Short = ""
    reference: Short = ""


@dataclass(frozen=True, slots=True)
class RivalForm:
    """Another explanation, and why it was rejected; without a statement it is the only cause's rival."""

    by: Name
    rival: Long
    because: Long
    statement: Long = ""


@dataclass(frozen=True, slots=True)
class WeighingForm:
    """What becomes of a proposal."""

    by: Name
    proposal: Annotated[str, Form(min_length=1, max_length=400)]
    verdict: Annotated[Literal["accept", "reject"], Form()]
    statement: Long = ""
    because: Long = ""


@dataclass(frozen=True, slots=True)
class RemovalForm:
    """Which root cause is taken back, with its evidence."""

    by: Name
    statement: Long


@router.post("/experiments/{experiment_id}/evidence")
def add_evidence(house: HouseOf, experiment_id: str, form: Annotated[EvidenceForm, Depends()]) -> RedirectResponse:
    """Add one piece of evidence."""
    if not form.says.strip():
        raise InvalidInput("says: it is empty; write what the evidence says")
    if form.cause and form.cause not in set(Cause):
        raise InvalidInput(f"cause: {form.cause!r} is none of the ledger’s; choose {', '.join(Cause)}, or leave it out")
    evidence = Evidence(form.kind, form.says, form.reference)
    return _argued(
        house, experiment_id, form.by, lambda causes: with_evidence(causes, form.statement, evidence, form.cause)
    )


@router.post("/experiments/{experiment_id}/rivals")
def reject_rival(house: HouseOf, experiment_id: str, form: Annotated[RivalForm, Depends()]) -> RedirectResponse:
    """Add a rival cause that was examined and rejected."""
    if not form.rival.strip():
        raise InvalidInput("rival: it is empty; write the other explanation")
    rival = Rival(form.rival, form.because)
    return _argued(house, experiment_id, form.by, lambda causes: with_rival(causes, form.statement, rival))


@router.post("/experiments/{experiment_id}/proposals")
def weigh_proposal(house: HouseOf, experiment_id: str, form: Annotated[WeighingForm, Depends()]) -> RedirectResponse:
    """Take a proposal up as evidence, or reject it as a rival."""
    weighing = Weighing(form.proposal, form.verdict == "accept", form.statement, form.because)
    house.experiment_desk.weigh(experiment_id, weighing, form.by, house.now())
    return _to(experiment_id)


@router.post("/experiments/{experiment_id}/causes/remove")
def remove_cause(house: HouseOf, experiment_id: str, form: Annotated[RemovalForm, Depends()]) -> RedirectResponse:
    """Take a root cause back."""
    stated = form.statement.strip()
    return _argued(
        house, experiment_id, form.by, lambda causes: tuple(c for c in causes if c.statement.strip() != stated)
    )


def _argued(house: House, experiment_id: str, by: str, change: Argue) -> RedirectResponse:
    house.experiment_desk.argue(experiment_id, change, by, house.now())
    return _to(experiment_id)


def _to(experiment_id: str) -> RedirectResponse:
    return RedirectResponse(f"/experiments/{experiment_id}#why", SEE_OTHER)
