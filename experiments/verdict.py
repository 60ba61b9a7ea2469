"""The verdict: one of eight words, found in a fixed order, and what each of them allows.

The words and their order are docs/method.md §4's. The sentences that explain a verdict to people are in ``sentences``.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import msgspec

from experiments.design import Grade
from experiments.designs import Check
from experiments.equivalence import lies_within
from experiments.guardrails import GuardrailResult
from experiments.sequential import HARM
from models.identifiers import Millis

FAITHFUL = 0.80
"""Below this share of steps carried out as defined, the action that was measured is not the one that was planned."""


class Kind(StrEnum):
    """The eight verdicts."""

    INVALID = "invalid"
    HARMFUL = "harmful"
    NO_WORTHWHILE_EFFECT = "no worthwhile effect"
    BETTER = "better than expected"
    AS_EXPECTED = "as expected"
    LESS = "less than expected"
    NOT_YET = "not yet"
    INCONCLUSIVE = "inconclusive"


SUCCESSES = frozenset({Kind.BETTER, Kind.AS_EXPECTED, Kind.LESS})
Rule = Literal["always_valid", "spending", "fixed"]
"""How an interval may be read: at any look; at the planned looks of a spending rule; once, at the planned end."""
Worked = Literal["for the stated reason", "for another reason", "unknown"]


Standing = Literal["open", "confirmed", "provisional"]


class FurtherResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Another primary result, good positive; the interval is at the level that all of them leave it (Holm).

    ``declared``: the planned rule may speak, the interval lies above zero, and ``design_p``, the p-value among what
    else the design could have drawn, agrees. ``None`` where nothing can be said.
    """

    metric: str
    expected: float
    declared: bool
    value: float | None = None
    low: float | None = None
    high: float | None = None
    reason: str = ""
    design_p: float | None = None


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the evaluation says: immutable once the experiment is evaluated.

    Figures are in the metric's unit with good turned positive; ``low`` and ``high`` belong to the planned interval
    at the end and to the one that may speak before; ``rule`` says to which, ``level`` at which α it was read.
    ``None`` where nothing can be said. ``final`` once every window is mature; ``watermark`` is how far the data
    reached. ``grade`` is that of the design, lowered where one of its ``checks`` failed; ``design_p`` is the p-value
    among what else the design could have drawn.
    """

    kind: Kind
    final: bool
    at: Millis
    watermark: Millis
    grade: Grade
    expected: float
    worthwhile: float
    reason: str = ""
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    rule: Rule = "always_valid"
    units: dict[str, int] = {}
    sample_ratio_e: float = 1.0
    harm_e: float | None = None
    guardrails: tuple[GuardrailResult, ...] = ()
    worked: Worked = "unknown"
    fidelity: float | None = None
    level: float = 0.05
    design_p: float | None = None
    checks: tuple[Check, ...] = ()
    further: tuple[FurtherResult, ...] = ()
    english: str = ""
    french: str = ""

    @property
    def unbacked(self) -> bool:
        """Whether the interval speaks for a success and what else the design could have drawn does not."""
        above = self.kind is Kind.INCONCLUSIVE and self.low is not None and self.low > 0.0
        return above and self.design_p is not None

    @property
    def standing(self) -> Standing:
        """What a success is worth: confirmed on grades A and B, provisional on C (to be rechecked), else open."""
        if self.kind not in SUCCESSES or not self.final:
            return "open"
        return "provisional" if self.grade == "C" else "confirmed"


@dataclass(frozen=True, slots=True)
class Finding:
    """All that the order of the verdicts looks at; ``low``/``high`` are ``None`` when there is no estimate (yet).

    ``success_allowed``: the planned rule (boundary or end) permits to declare success at this look, and the design's
    second opinion does not speak against it.
    """

    low: float | None
    high: float | None
    expected: float
    worthwhile: float
    final: bool
    success_allowed: bool
    invalid: str = ""
    harm_e: float | None = None
    guardrail_harmed: bool = False


def kind_of(finding: Finding) -> Kind:
    """Return the verdict, in this order: invalid → harmful → no worthwhile effect → better → as expected → less → open.

    Harm is u < 0, or the one-sided always-valid evidence of harm at 20 (which halts a running experiment), or a
    guardrail wholly beyond its margin.

    >>> kind_of(Finding(1.0, 7.0, 5.0, 2.5, final=True, success_allowed=True)).value
    'as expected'
    >>> kind_of(Finding(-1.0, 7.0, 5.0, 2.5, final=True, success_allowed=True)).value
    'inconclusive'
    """
    if finding.invalid:
        return Kind.INVALID
    if _harmful(finding):
        return Kind.HARMFUL
    open_kind = Kind.INCONCLUSIVE if finding.final else Kind.NOT_YET
    if finding.low is None or finding.high is None:
        return open_kind
    if lies_within(finding.low, finding.high, finding.worthwhile):
        return Kind.NO_WORTHWHILE_EFFECT
    if finding.low <= 0.0 or not finding.success_allowed:
        return open_kind
    return _success(finding.low, finding.high, finding.expected)


def _harmful(finding: Finding) -> bool:
    return (
        (finding.high is not None and finding.high < 0.0)
        or (finding.harm_e is not None and finding.harm_e >= HARM)
        or finding.guardrail_harmed
    )


def _success(low: float, high: float, expected: float) -> Kind:
    """Return which success an interval above zero is: where the expected Δ lies in it."""
    if low > expected:
        return Kind.BETTER
    return Kind.AS_EXPECTED if expected <= high else Kind.LESS


def why_not_adopt(verdict: Verdict) -> str:
    """Return why this verdict forbids adopting the action, or an empty string when it does not.

    An action that was not carried out as defined was not tested; nor is one nobody checked known to have been.

    >>> then = Millis(0)
    >>> v = Verdict(kind=Kind.HARMFUL, final=True, at=then, watermark=then, grade="A", expected=5, worthwhile=2)
    >>> why_not_adopt(v)
    'the verdict is “harmful”: adapt or abandon the action'
    """
    if verdict.kind in {Kind.HARMFUL, Kind.INVALID, Kind.INCONCLUSIVE, Kind.NOT_YET}:
        return f"the verdict is “{verdict.kind}”: adapt or abandon the action"
    if verdict.fidelity is None:
        return "nobody recorded whether the action was carried out as defined: adapt or abandon it"
    if verdict.fidelity < FAITHFUL:
        share = f"{verdict.fidelity:.0%}".replace("%", " %")
        return f"the action was not executed as defined (fidelity {share}, {FAITHFUL:.0%} needed): adapt or abandon it"
    return ""
