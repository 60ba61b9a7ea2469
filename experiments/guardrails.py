"""Guardrails: what must not get worse by more than its margin (non-inferiority).

Not α-corrected, because several guardrails make a wrong adoption less likely, not more. A decision that asked for every
one of them to be *safe* would have to correct their power instead (``power.target_power``); here adopting asks only
that none is *harmed*. Source: Schultzberg, Ankargren & Frånberg (2024), arXiv:2402.11609.
"""

from typing import Literal

import msgspec

from experiments.estimators import Estimate, NoEstimate
from experiments.plan import Guardrail
from experiments.sequential import HARM, always_valid, e_above

Standing = Literal["safe", "harmed", "unsure"]

PARTLY_SEEN = "it was added after the start: it can show harm, but no safety, for it did not see every unit"


class GuardrailResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One guardrail's effect with good turned positive, its interval, and what that says about the margin.

    ``harm_e`` is the always-valid evidence for "worse by more than the margin". ``None`` where nothing can be said;
    ``reason`` then says why.
    """

    metric: str
    margin: float
    standing: Standing
    unplanned: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None
    harm_e: float | None = None
    reason: str = ""


def judge_guardrail(guardrail: Guardrail, found: Estimate | NoEstimate, critical: float | None) -> GuardrailResult:
    """Return where a guardrail stands; ``found`` is in the metric's unit with good turned positive.

    ``critical`` is the multiplier of the standard error for the one planned look at the end; ``None`` means any
    earlier moment, where only the always-valid interval (τ = margin²) may speak, and nothing is ever called safe. Nor
    is a guardrail that was added later: units of before count nothing for it, which makes its effect look smaller.

    >>> found = Estimate(-3.0, 0.01, 900.0, 50.0, 47.0, 500, 500)
    >>> judge_guardrail(Guardrail("contacts", "down", 1.0), found, None).standing
    'harmed'
    """
    margin, unplanned = guardrail.margin, guardrail.unplanned
    if isinstance(found, NoEstimate):
        return GuardrailResult(guardrail.metric, margin, "unsure", unplanned, reason=found.reason)
    tau = margin**2
    harm = e_above(-found.value - margin, found.variance, tau, found.any_time_df)
    if critical is None:
        interval = always_valid(found.value, found.variance, tau, df=found.any_time_df)
        low, high = interval.low, interval.high
    else:
        half = critical * found.standard_error
        low, high = found.value - half, found.value + half
    standing: Standing = "unsure"
    if high < -margin or harm >= HARM:
        standing = "harmed"
    elif critical is not None and low > -margin and not unplanned:
        standing = "safe"
    reason = PARTLY_SEEN if unplanned and critical is not None and standing == "unsure" else ""
    return GuardrailResult(guardrail.metric, margin, standing, unplanned, found.value, low, high, harm, reason)
