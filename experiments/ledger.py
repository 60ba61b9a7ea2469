"""The experiment record: one loop from a gap to a learning, as one immutable value that travels as JSON.

What may change it, and when, is in ``life_cycle`` alone. What it plans is in ``plan`` and ``design``.
"""

import hashlib

import msgspec

from experiments.decision import Decision, Learning
from experiments.design import GRADES, Grade
from experiments.plan import Guardrail, Origin, Plan
from experiments.states import AuditEntry, State
from experiments.verdict import Verdict
from models.errors import InvalidInput
from models.identifiers import Millis


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reviewer's written acceptance of a plan with less than 80 % power."""

    by: str
    at: Millis
    reason: str


class Imbalance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sample ratio broke: enrolment is paused; without an explanation within 72 h the experiment is void."""

    at: Millis
    explanation: str = ""
    resumed_at: Millis | None = None


class FidelityCheck(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody looked at ``of`` occasions and saw the action carried out as defined on ``done`` of them."""

    at: Millis
    by: str
    done: int
    of: int
    note: str = ""


class Experiment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One experiment as it stands: who, from what, the plan, what happened, the verdict and what was learnt.

    ``iteration`` counts along the chain of parents, ``attempt`` the retries of one iteration. ``plan_hash`` is set at
    the start and pins ``plan``, ``salt``, ``origin`` and ``waiver``.
    """

    id: str
    title: str
    salt: str
    origin: Origin
    author: str
    owner: str
    opened_at: Millis
    iteration: int = 1
    attempt: int = 1
    parent: str | None = None
    retry_of: str | None = None
    succeeded_by: str | None = None
    state: State = State.DRAFT
    plan: Plan = Plan()
    waiver: Waiver | None = None
    plan_hash: str | None = None
    reviewer: str | None = None
    started_at: Millis | None = None
    stopped_at: Millis | None = None
    halted: bool = False
    imbalance: Imbalance | None = None
    unplanned: tuple[Guardrail, ...] = ()
    fidelity_checks: tuple[FidelityCheck, ...] = ()
    verdict: Verdict | None = None
    decision: Decision | None = None
    learning: Learning | None = None
    audit: tuple[AuditEntry, ...] = ()

    @property
    def guardrails(self) -> tuple[Guardrail, ...]:
        """Every guardrail watched: the planned ones, then those added after the start."""
        return self.plan.guardrails + self.unplanned

    @property
    def fidelity(self) -> float | None:
        """The share of occasions on which the action was carried out as defined; ``None`` when nobody looked."""
        of = sum(check.of for check in self.fidelity_checks)
        return sum(check.done for check in self.fidelity_checks) / of if of else None

    @property
    def paused(self) -> bool:
        """Whether a broken sample ratio holds enrolment back."""
        return self.imbalance is not None and self.imbalance.resumed_at is None

    @property
    def grade(self) -> Grade:
        """The evidence grade of its design."""
        return GRADES[self.plan.design.kind] if self.plan.design is not None else "C"


def hash_of(experiment: Experiment) -> str:
    """Return the SHA-256 (hex) of everything that is frozen at the start, over its canonical JSON."""
    frozen = (
        experiment.id,
        experiment.iteration,
        experiment.attempt,
        experiment.parent,
        experiment.salt,
        experiment.origin,
        experiment.plan,
        experiment.waiver,
    )
    return hashlib.sha256(msgspec.json.encode(frozen, order="deterministic")).hexdigest()


def to_json(experiment: Experiment) -> bytes:
    """Return the record as JSON, fields in a fixed order."""
    return msgspec.json.encode(experiment, order="deterministic")


def from_json(data: bytes | str) -> Experiment:
    """Return the record that ``to_json`` wrote.

    Raises ``InvalidInput`` when it is not one, or when its plan is no longer the one that was frozen.
    """
    try:
        experiment = msgspec.json.decode(data, type=Experiment)
    except msgspec.DecodeError as error:
        raise InvalidInput(f"experiment: {error}; give a record as `to_json` writes it") from error
    if experiment.plan_hash is not None and experiment.plan_hash != hash_of(experiment):
        raise InvalidInput(f"experiment {experiment.id}: its plan is not the one frozen at the start; restore that one")
    return experiment
