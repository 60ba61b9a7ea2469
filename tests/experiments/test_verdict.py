"""The eight words in their order, what they allow, and how they read."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.estimators import Estimate, NoEstimate
from experiments.guardrails import judge_guardrail
from experiments.measures import measure_of
from experiments.plan import Guardrail
from experiments.sentences import FRENCH, Wording, english, french
from experiments.verdict import SUCCESSES, Finding, Kind, Verdict, kind_of, why_not_adopt
from models.identifiers import Millis


def finding(
    low: float | None, high: float | None, *, final: bool = True, invalid: str = "", harm_e: float = 0.1
) -> Finding:
    return Finding(low, high, 5.0, 2.5, final=final, success_allowed=final, invalid=invalid, harm_e=harm_e)


@pytest.mark.parametrize(
    ("low", "high", "kind"),
    [
        (-7.0, -1.0, Kind.HARMFUL),
        (-2.0, 2.0, Kind.NO_WORTHWHILE_EFFECT),
        (0.5, 2.0, Kind.NO_WORTHWHILE_EFFECT),
        (5.1, 9.0, Kind.BETTER),
        (1.0, 5.0, Kind.AS_EXPECTED),
        (5.0, 9.0, Kind.AS_EXPECTED),
        (1.0, 4.9, Kind.LESS),
        (0.0, 9.0, Kind.INCONCLUSIVE),
        (-1.0, 9.0, Kind.INCONCLUSIVE),
        (-2.5, 2.0, Kind.INCONCLUSIVE),
        (None, None, Kind.INCONCLUSIVE),
    ],
)
def test_an_interval_at_the_end_has_one_word(low: float | None, high: float | None, kind: Kind) -> None:
    assert kind_of(finding(low, high)) is kind


def test_before_the_end_success_waits_for_its_planned_rule() -> None:
    assert kind_of(finding(1.0, 9.0, final=False)) is Kind.NOT_YET
    assert kind_of(Finding(1.0, 9.0, 5.0, 2.5, final=False, success_allowed=True)) is Kind.AS_EXPECTED
    assert kind_of(finding(-7.0, -1.0, final=False)) is Kind.HARMFUL
    assert kind_of(finding(-1.0, 1.0, final=False)) is Kind.NO_WORTHWHILE_EFFECT


def test_invalid_comes_before_harm_and_harm_before_success() -> None:
    assert kind_of(finding(-7.0, -1.0, invalid="broken")) is Kind.INVALID
    assert kind_of(finding(1.0, 9.0, harm_e=20.0)) is Kind.HARMFUL
    assert kind_of(Finding(1.0, 9.0, 5.0, 2.5, final=True, success_allowed=True, guardrail_harmed=True)) is Kind.HARMFUL


@given(st.floats(-20, 20), st.floats(0, 20), st.booleans())
@settings(max_examples=100)
def test_every_interval_has_a_verdict_and_open_ones_only_where_open(low: float, width: float, final: bool) -> None:  # noqa: FBT001
    kind = kind_of(finding(low, low + width, final=final))
    assert kind is not (Kind.NOT_YET if final else Kind.INCONCLUSIVE)
    if kind in SUCCESSES:
        assert low > 0


def verdict(kind: Kind, fidelity: float | None = 0.9, **more: object) -> Verdict:
    then = Millis(0)
    given = {"estimate": 3.2, "low": 1.1, "high": 5.25} | more
    return Verdict(
        kind=kind,
        final=True,
        at=then,
        watermark=then,
        grade="A",
        expected=5.0,
        worthwhile=2.5,
        fidelity=fidelity,
        **given,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize("kind", list(Kind))
def test_adoption_is_forbidden_exactly_where_the_method_forbids_it(kind: Kind) -> None:
    allowed = SUCCESSES | {Kind.NO_WORTHWHILE_EFFECT}
    assert (why_not_adopt(verdict(kind)) == "") == (kind in allowed)
    assert "not executed as defined" in why_not_adopt(verdict(Kind.BETTER, 0.79))
    assert "nobody recorded" in why_not_adopt(verdict(Kind.BETTER, None))


UP, DOWN = Wording(measure_of("journey_score"), 1), Wording(measure_of("contacts"), -1)


def test_a_verdict_reads_in_both_languages() -> None:
    said = verdict(Kind.AS_EXPECTED, worked="for the stated reason")
    assert english(said, UP) == (
        "As expected: the journey score changed by +3.2 (between +1.1 and +5.2); +5.0 was expected. "
        "It worked for the stated reason."
    )
    assert french(said, UP) == (
        "Comme prévu : le score de parcours a changé de +3,2 (entre +1,1 et +5,2) ; +5,0 était attendu. "
        "Elle a agi pour la raison annoncée."
    )


def test_an_effect_is_shown_in_its_metrics_own_direction() -> None:
    text = english(verdict(Kind.LESS, estimate=0.4, low=0.1, high=0.75), DOWN)
    assert "changed by −0.40 (between −0.75 and −0.10); −5.0 was expected" in text


@pytest.mark.parametrize("kind", list(Kind))
def test_every_verdict_has_its_sentences_with_and_without_figures(kind: Kind) -> None:
    for said in (verdict(kind, 0.5), verdict(kind, estimate=None, low=None, high=None, reason="too few units")):
        for text, lead in ((english(said, UP), kind.value.capitalize()), (french(said, UP), FRENCH[kind].capitalize())):
            assert text.startswith(lead)
            assert "nan" not in text.lower()
            assert "None" not in text
    assert "Not executed as defined" in english(verdict(kind, 0.5), UP)
    assert "pas été exécutée" in french(verdict(kind, 0.5), UP)


GUARD = Guardrail("contacts", "down", 1.0)


def effect(value: float, se: float = 0.1) -> Estimate:
    return Estimate(value, se**2, 1_000.0, 2.0, 2.0 - value, 500, 500)


@pytest.mark.parametrize(
    ("value", "critical", "standing"),
    [
        (-3.0, None, "harmed"),
        (-3.0, 1.96, "harmed"),
        (-0.5, 1.96, "safe"),
        (-0.9, 1.96, "unsure"),
        (-1.1, 1.96, "unsure"),
        (2.0, 1.96, "safe"),
        (2.0, None, "unsure"),  # before the end nothing is called safe
    ],
)
def test_a_guardrail_is_judged_against_its_margin(value: float, critical: float | None, standing: str) -> None:
    assert judge_guardrail(GUARD, effect(value), critical).standing == standing


def test_a_guardrail_added_later_can_alarm_and_cannot_acquit() -> None:
    """Units of before count nothing for it, so whatever it shows is less than it is."""
    added = Guardrail("contacts", "down", 1.0, unplanned=True)
    found = judge_guardrail(added, effect(-0.5), 1.96)
    assert (found.standing, found.value) == ("unsure", -0.5)
    assert "can show harm, but no safety" in found.reason
    assert judge_guardrail(added, effect(-3.0), 1.96).standing == "harmed"


def test_a_guardrail_nobody_could_measure_is_unsure_and_says_why() -> None:
    found = judge_guardrail(GUARD, NoEstimate("early", "too few units"), 1.96)
    assert (found.standing, found.reason, found.value) == ("unsure", "too few units", None)
