"""The experiment record: one loop from a gap to a learning, as one immutable value that travels as JSON.

What may change it, and when, is in ``gate`` alone. What it plans is in ``plan`` and ``design``.
"""

import msgspec
from msgspec.structs import replace

from experiments.conclusion import Conclusion
from experiments.decision import Decision, Learning
from experiments.design import Grade
from experiments.freezing import MARK, frozen_hash, is_hash_of_text
from experiments.plan import Guardrail, Origin, Plan
from experiments.recheck import Recheck
from experiments.states import AuditEntry, State
from experiments.verdict import Verdict
from models.errors import InvalidInput
from models.identifiers import HOUR, Millis


class Waiver(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A reviewer's written acceptance of a plan with less than 80 % power."""

    by: str
    at: Millis
    reason: str


TIME_TO_EXPLAIN: Millis = Millis(72 * HOUR)
"""How long a broken sample ratio may stay unexplained before the system voids the experiment."""


class Imbalance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sample ratio broke: enrolment is paused; without an explanation within 72 h the experiment is void.

    That the counts later look even again explains nothing: the evidence was there.
    """

    at: Millis
    explanation: str = ""
    resumed_at: Millis | None = None

    @property
    def explained(self) -> bool:
        """Whether somebody wrote down why it broke."""
        return bool(self.explanation.strip())

    @property
    def explain_by(self) -> Millis:
        """Until when it may be explained."""
        return Millis(self.at + TIME_TO_EXPLAIN)


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
    the start and pins ``plan``, ``salt``, ``origin`` and ``waiver``. ``drawn`` are the arms of listed units.
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
    drawn: tuple[tuple[str, str], ...] = ()
    reviewer: str | None = None
    started_at: Millis | None = None
    stopped_at: Millis | None = None
    halted: bool = False
    imbalance: Imbalance | None = None
    unplanned: tuple[Guardrail, ...] = ()
    fidelity_checks: tuple[FidelityCheck, ...] = ()
    verdict: Verdict | None = None
    conclusion: Conclusion | None = None
    decision: Decision | None = None
    learning: Learning | None = None
    recheck: Recheck | None = None
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
    def adopted(self) -> bool:
        """Whether its action stands: adopted, and not found to have lapsed since."""
        if self.decision is None or self.decision.choice != "adopt":
            return False
        return self.recheck is None or self.recheck.outcome in {None, "holds"}

    @property
    def provisional(self) -> bool:
        """Whether its adoption still waits for a recheck."""
        waits = self.decision is not None and self.decision.recheck is not None
        return waits and (self.recheck is None or self.recheck.outcome is None)

    @property
    def grade(self) -> Grade:
        """The evidence grade: its verdict's, once there is one (a failed check lowers it), else its design's."""
        if self.verdict is not None:
            return self.verdict.grade
        return self.plan.design.grade if self.plan.design is not None else "C"


def hash_of(experiment: Experiment) -> str:
    """Return the hash of everything that is frozen at the start."""
    return frozen_hash(experiment)


def to_json(experiment: Experiment) -> bytes:
    """Return the record as JSON, fields in a fixed order."""
    return msgspec.json.encode(experiment, order="deterministic")


def from_json(data: bytes | str) -> Experiment:
    """Return the record that ``to_json`` wrote.

    Raises ``InvalidInput`` when it is not one, or when its plan is no longer the one that was frozen.
    """
    try:
        experiment = msgspec.json.decode(data, type=Experiment)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"experiment: {error}; give a record as `to_json` writes it") from error
    if experiment.plan_hash is None or experiment.plan_hash == hash_of(experiment):
        return experiment
    if not experiment.plan_hash.startswith(MARK) and is_hash_of_text(experiment.plan_hash, data):
        return replace(experiment, plan_hash=hash_of(experiment))
    raise InvalidInput(f"experiment {experiment.id}: its plan is not the one frozen at the start; restore that one")
