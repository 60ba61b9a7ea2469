"""Each cause's rule in words, with the policy's own numbers: what a ledger line answers to "why?"."""

from models.causes import Cause
from models.identifiers import DAY, HOUR, MINUTE
from models.policy import Policy


def rule_of(cause: Cause, policy: Policy) -> str:  # noqa: C901, PLR0911 - one rule per cause
    """Return the rule that takes points for ``cause``.

    >>> from models.policy import default
    >>> rule_of(Cause.REPEATED_STEP, default())
    '5 points for each repeated step, at most 15'
    """
    match cause:
        case Cause.WAIT:
            channels = ", ".join(f"{name} {_number(ms, MINUTE)} min" for name, ms in sorted(policy.tolerance.items()))
            most = _points(policy.wait_points)
            return f"up to {most} for each queue, all at {policy.wait_reach} × tolerance ({channels})"
        case Cause.REPEATED_STEP:
            most = _number(policy.repeated_steps_most, 100)
            return f"{_points(policy.repeated_step)} for each repeated step, at most {most}"
        case Cause.LATE:
            days = _number(policy.late_over, DAY)
            return f"{_points(policy.late_from)} once late, growing to {_number(policy.late_to, 100)} at {days} days"
        case Cause.PROMISE_BROKEN:
            return f"{_points(policy.promise_broken)}, or what the lateness cost if more"
        case Cause.INCIDENT:
            sizes = " / ".join(f"{name} {_number(points, 100)}" for name, points in policy.incident.items())
            hours = _number(policy.incident_full, HOUR)
            return f"{sizes}; restored: the share of {hours} hours it lasted, at least a part"
        case Cause.ABANDONED:
            return _points(policy.abandoned)
        case Cause.CONTEXT_LOST:
            return _points(policy.context_lost)
        case Cause.CHANNEL_UNFIT:
            return _points(policy.channel_unfit)
        case Cause.PAID_LINE:
            return _points(policy.paid_line)
        case Cause.INCIDENT_NOT_TOLD:
            return _points(policy.incident_not_told)
        case Cause.MENU_LOOP | Cause.TRANSFER_FAILED | Cause.COLD_TRANSFER | Cause.WRONG_ANSWER:
            points: int = getattr(policy, cause.value)
            return f"{_points(points)} each time"


def _points(hundredths: int) -> str:
    return f"{_number(hundredths, 100)} points"


def _number(value: int, unit: int) -> str:
    return f"{value / unit:g}"
