"""From what is seen to the verdict: figures go through the order of ``verdict.kind_of``, and get their sentences."""

from dataclasses import dataclass

from msgspec import structs

from experiments import sentences
from experiments.comparison import Comparison, Found
from experiments.design import Grade, lowered
from experiments.estimators import Estimate, NoEstimate
from experiments.guardrails import GuardrailResult, judge_guardrail
from experiments.measures import measure_of
from experiments.plan import Expected, sign_of
from experiments.sample_ratio import BROKEN
from experiments.seen import Seen, backed, levels, planned
from experiments.spending import critical_value
from experiments.verdict import FAITHFUL, SUCCESSES, Finding, FurtherResult, Kind, Verdict, Worked, kind_of
from models.identifiers import Millis


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict is made from; ``delivered`` is the share of units that met the arm they were to meet."""

    found: Comparison
    seen: Seen
    ratio_e: float
    guardrails: tuple[GuardrailResult, ...]
    delivered: float | None = None

    @property
    def hidden(self) -> bool:
        """Whether the sample ratio is broken, or was and nobody has explained why: no figure may be shown then."""
        broke = self.found.experiment.imbalance
        return self.ratio_e >= BROKEN or (broke is not None and not broke.explained)

    @property
    def fidelity(self) -> float | None:
        """The share carried out as defined: what people saw, or less where the record of arms says so.

        That arms were met as planned does not say that the action was carried out: alone, only a bad share counts.
        """
        seen, delivered = self.found.experiment.fidelity, self.delivered
        if seen is None:
            return delivered if delivered is not None and delivered < FAITHFUL else None
        return seen if delivered is None else min(seen, delivered)

    @property
    def grade(self) -> Grade:
        """The design's evidence grade, lowered where one of its checks failed."""
        own = self.found.design.grade
        return lowered(own) if any(check.failed for check in self.found.opinion.checks) else own


def judged_guardrails(found: Comparison, seen: Seen) -> tuple[GuardrailResult, ...]:
    """Return every guardrail's standing; the fixed interval speaks at the end only."""
    results = []
    for guardrail, effect in found.guardrails:
        speaks = seen.final and isinstance(effect, Estimate)
        critical = critical_value("fixed", 1.0, effect.df) if speaks and isinstance(effect, Estimate) else None
        results.append(judge_guardrail(guardrail, effect, critical))
    return tuple(results)


def _worked(kind: Kind, mechanism: Found) -> Worked:
    """Return whether a success came with its stated mechanism (interval above zero) or without it."""
    if kind not in SUCCESSES or isinstance(mechanism, NoEstimate):
        return "unknown"
    low = mechanism.value - critical_value("fixed", 1.0, mechanism.df) * mechanism.standard_error
    return "for the stated reason" if low > 0.0 else "for another reason"


def _invalid(evidence: Evidence) -> str:
    """Return why no verdict can be trusted, or an empty string."""
    if evidence.hidden:
        return "the arms do not receive the share of units they were designed to: no estimate can be trusted"
    primary = evidence.found.primary
    if evidence.seen.final and isinstance(primary, NoEstimate) and primary.kind != "early":
        return primary.reason
    return ""


def _kind(evidence: Evidence, invalid: str) -> Kind:
    found, seen = evidence.found, evidence.seen
    low, high = seen.interval or (None, None)
    finding = Finding(
        low=low,
        high=high,
        expected=found.expected.size,
        worthwhile=found.experiment.plan.delta or found.expected.size / 2,
        final=seen.final,
        success_allowed=(seen.final and seen.backed) or seen.success,
        invalid=invalid,
        harm_e=seen.harm_e,
        guardrail_harmed=any(result.standing == "harmed" for result in evidence.guardrails),
    )
    return kind_of(finding)


def verdict_of(evidence: Evidence, at: Millis, watermark: Millis) -> Verdict:
    """Return the verdict with its figures and sentences."""
    found, seen, primary = evidence.found, evidence.seen, evidence.found.primary
    invalid = _invalid(evidence)
    kind = _kind(evidence, invalid)
    low, high = seen.interval or (None, None)
    verdict = Verdict(
        kind=kind,
        final=seen.final,
        at=at,
        watermark=watermark,
        grade=evidence.grade,
        expected=found.expected.size,
        worthwhile=found.experiment.plan.delta or found.expected.size / 2,
        reason=invalid or (primary.reason if isinstance(primary, NoEstimate) else ""),
        estimate=primary.value if isinstance(primary, Estimate) else None,
        low=low,
        high=high,
        rule=seen.rule,
        units=found.mature,
        sample_ratio_e=evidence.ratio_e,
        harm_e=seen.harm_e,
        guardrails=evidence.guardrails,
        worked=_worked(kind, found.mechanism),
        fidelity=evidence.fidelity,
        level=seen.level,
        design_p=found.opinion.p,
        checks=found.opinion.checks,
        further=_further(found, seen),
    )
    return _worded(_without_figures(verdict) if evidence.hidden else verdict, found.expected)


def _without_figures(verdict: Verdict) -> Verdict:
    """Return the verdict with every effect taken out."""
    return structs.replace(
        verdict, estimate=None, low=None, high=None, harm_e=None, guardrails=(), design_p=None, checks=(), further=()
    )


def _further(found: Comparison, seen: Seen) -> tuple[FurtherResult, ...]:
    """Return the further primary results, each read at the level that Holm leaves it."""
    results = []
    for each, level in zip(found.further, levels(found, seen.information)[1:], strict=True):
        expected, effect, p = each.expected, each.effect, each.opinion.p
        if isinstance(effect, NoEstimate):
            results.append(FurtherResult(expected.metric, expected.size, declared=False, reason=effect.reason))
            continue
        at = Seen(seen.information, seen.final, level=level)
        low, high = planned(found, expected, effect, at) or (None, None)
        agreed = backed(p, found.design.stopping, seen.information, level)
        declared = low is not None and low > 0.0 and agreed
        results.append(FurtherResult(expected.metric, expected.size, declared, effect.value, low, high, design_p=p))
    return tuple(results)


def _worded(verdict: Verdict, expected: Expected) -> Verdict:
    """Return the verdict with its sentences."""
    wording = sentences.Wording(measure_of(expected.metric), sign_of(expected.direction))
    english, french = sentences.english(verdict, wording), sentences.french(verdict, wording)
    return structs.replace(verdict, english=english, french=french)
