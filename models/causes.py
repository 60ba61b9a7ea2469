"""The catalogue of causes: why points are lost, which budget pays, which label names it.

Points and tolerances live in the policy; this is only the vocabulary.
"""

from enum import StrEnum


class Budget(StrEnum):
    """The two loss budgets of an interaction: how one was treated, and the product itself."""

    TREATMENT = "treatment"
    PRODUCT = "product"


class Label(StrEnum):
    """What consumers value in how they are treated; product causes carry ``product``."""

    COMMUNICATION = "communication"
    COURTESY = "courtesy"
    EFFICIENCY = "efficiency"
    PRODUCT = "product"


class Cause(StrEnum):
    """Everything the score can lose points to."""

    WAIT = "wait"
    REPEATED_STEP = "repeated_step"
    CONTEXT_LOST = "context_lost"
    CHANNEL_UNFIT = "channel_unfit"
    MENU_LOOP = "menu_loop"
    PAID_LINE = "paid_line"
    ABANDONED = "abandoned"
    TRANSFER_FAILED = "transfer_failed"
    PROMISE_BROKEN = "promise_broken"
    COLD_TRANSFER = "cold_transfer"
    WRONG_ANSWER = "wrong_answer"
    INCIDENT_NOT_TOLD = "incident_not_told"
    LATE = "late"
    INCIDENT = "incident"


LABELS: dict[Cause, Label] = {
    Cause.WAIT: Label.EFFICIENCY,
    Cause.REPEATED_STEP: Label.EFFICIENCY,
    Cause.CONTEXT_LOST: Label.COMMUNICATION,
    Cause.CHANNEL_UNFIT: Label.EFFICIENCY,
    Cause.MENU_LOOP: Label.EFFICIENCY,
    Cause.PAID_LINE: Label.COURTESY,
    Cause.ABANDONED: Label.COURTESY,
    Cause.TRANSFER_FAILED: Label.EFFICIENCY,
    Cause.PROMISE_BROKEN: Label.COMMUNICATION,
    Cause.COLD_TRANSFER: Label.COURTESY,
    Cause.WRONG_ANSWER: Label.COMMUNICATION,
    Cause.INCIDENT_NOT_TOLD: Label.COMMUNICATION,
    Cause.LATE: Label.EFFICIENCY,
    Cause.INCIDENT: Label.PRODUCT,
}


def budget_of(cause: Cause) -> Budget:
    """Return the budget that pays for ``cause``.

    >>> budget_of(Cause.INCIDENT), budget_of(Cause.WAIT)
    (<Budget.PRODUCT: 'product'>, <Budget.TREATMENT: 'treatment'>)
    """
    return Budget.PRODUCT if LABELS[cause] is Label.PRODUCT else Budget.TREATMENT
