"""The policy: every number a score depends on, compiled to integer hundredths of a point and milliseconds.

A policy is immutable and named by its content: two policies are equal when their versions are. The file it is
written in, with its bounds and remedies, is ``models.policy_file``; the shipped one is ``default_policy.toml``.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

from models.identifiers import DAY, HOUR, MINUTE, PolicyVersion
from models.policy_file import Dissatisfied, Good, Impact, PolicyFile, parse


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """What a score is computed with. Points are hundredths, times milliseconds, shares per cent.

    ``version`` is the name and a hash of every value (comments and layout do not count); ``text`` is the file.
    """

    version: PolicyVersion
    name: str
    text: str

    treatment_budget: int
    product_budget: int

    wait_points: int
    wait_reach: int
    """Times the tolerance at which all ``wait_points`` are lost."""
    tolerance: Mapping[str, int]
    tolerance_other: int

    repeated_step: int
    repeated_steps_most: int
    context_lost: int
    channel_unfit: int
    menu_loop: int
    paid_line: int
    abandoned: int
    transfer_failed: int
    cold_transfer: int
    wrong_answer: int
    incident_not_told: int

    promise_broken: int
    late_from: int
    late_to: int
    late_over: int

    incident: Mapping[str, int]
    incident_full: int
    incident_least: int

    others: int
    repair_resolved: int
    repair_recovery: int
    repair_most: int
    journey_window: int
    same_journey: int

    half_life: int
    memory_good: int
    memory_most: int
    """Per cent: 300 is three times."""

    good_score: int
    good: Good
    dissatisfied: Dissatisfied

    rescue_treatment: int
    rescue_journey: int
    rescue_probability: float
    rescue_stay: int
    rescue_act: str
    rescue_act_on_phone: str

    impact: Impact

    def __eq__(self, other: object) -> bool:
        """Two policies are the same when their versions are."""
        return isinstance(other, Policy) and self.version == other.version

    def __hash__(self) -> int:
        """Hash by version."""
        return hash(self.version)

    def tolerated(self, channel: str) -> int:
        """Return how long, in milliseconds, a customer waits on ``channel`` without minding."""
        return self.tolerance.get(channel, self.tolerance_other)


def load(text: str) -> Policy:
    """Return the policy that ``text`` (TOML) describes; raises ``InvalidInput`` naming field, fault and remedy.

    >>> from models.policy import default, load
    >>> load(default().text + "# only a comment") == default()
    True
    """
    return compiled(parse(text), text)


@cache
def default() -> Policy:
    """Return the shipped policy."""
    return load(resources.files("models").joinpath("default_policy.toml").read_text("utf-8"))


def compiled(file: PolicyFile, text: str) -> Policy:
    """Return ``file`` in the units scoring works in."""
    return Policy(
        version=version_of(file),
        name=file.name,
        text=text,
        treatment_budget=_hundredths(file.budgets.treatment),
        product_budget=_hundredths(file.budgets.product),
        wait_points=_hundredths(file.wait.points),
        wait_reach=file.wait.all_lost_at,
        tolerance={channel: _minutes(value) for channel, value in file.wait.tolerance_minutes.items()},
        tolerance_other=_minutes(file.wait.tolerance_minutes["other"]),
        repeated_step=_hundredths(file.contact.repeated_step),
        repeated_steps_most=_hundredths(file.contact.repeated_steps_at_most),
        context_lost=_hundredths(file.contact.context_lost),
        channel_unfit=_hundredths(file.contact.channel_unfit),
        menu_loop=_hundredths(file.contact.menu_loop),
        paid_line=_hundredths(file.contact.paid_line),
        abandoned=_hundredths(file.contact.abandoned),
        transfer_failed=_hundredths(file.contact.transfer_failed),
        cold_transfer=_hundredths(file.contact.cold_transfer),
        wrong_answer=_hundredths(file.contact.wrong_answer),
        incident_not_told=_hundredths(file.contact.incident_not_told),
        promise_broken=_hundredths(file.promise.broken),
        late_from=_hundredths(file.promise.late_at_once),
        late_to=_hundredths(file.promise.late_at_most),
        late_over=file.promise.late_grows_over_days * DAY,
        incident={
            "minor": _hundredths(file.incident.minor),
            "major": _hundredths(file.incident.major),
            "outage": _hundredths(file.incident.outage),
        },
        incident_full=file.incident.full_loss_hours * HOUR,
        incident_least=file.incident.least_loss_hours * HOUR,
        others=_hundredths(file.journey.others_share),
        repair_resolved=_hundredths(file.journey.resolved_repairs),
        repair_recovery=_hundredths(file.journey.recovery_repairs),
        repair_most=_hundredths(file.journey.repairs_at_most),
        journey_window=file.journey.window_days * DAY,
        same_journey=file.journey.same_name_days * DAY,
        half_life=file.memory.half_life_days * DAY,
        memory_good=_hundredths(file.memory.good_score),
        memory_most=_hundredths(file.memory.bad_weighs_at_most),
        good_score=_hundredths(file.good.score),
        good=file.good,
        dissatisfied=file.dissatisfied,
        rescue_treatment=_hundredths(file.rescue.treatment_loss),
        rescue_journey=_hundredths(file.rescue.journey_score),
        rescue_probability=file.rescue.probability,
        rescue_stay=file.rescue.hours_on_list * HOUR,
        rescue_act=file.rescue.act,
        rescue_act_on_phone=file.rescue.act_on_phone,
        impact=file.impact,
    )


def version_of(file: PolicyFile) -> PolicyVersion:
    """Return the name of ``file`` and a hash of all its values, so that a score can name what it was made with."""
    content = json.dumps(file.model_dump(mode="json"), sort_keys=True)
    digest = hashlib.sha256(content.encode()).hexdigest()
    return PolicyVersion(f"{file.name}@{digest[:12]}")


def _hundredths(value: float) -> int:
    return round(value * 100)


def _minutes(value: float) -> int:
    return round(value * MINUTE)
