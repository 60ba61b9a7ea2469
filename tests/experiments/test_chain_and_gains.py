"""What many experiments say together: chains, the team's calibration, shrunken sums; against another way or a law."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from experiments import life_cycle as life
from experiments.calibration import Foreseen, calibration, foreseen
from experiments.chain import action_of, chain_of, evidence_of
from experiments.conclusion import Conclusion
from experiments.decision import Decision, Learning
from experiments.gains import gains, shrinkage
from experiments.ledger import Experiment
from experiments.plan import Expected, Origin, Step
from experiments.sequential import e_above
from experiments.states import State
from experiments.verdict import Kind, Verdict
from models.identifiers import Millis
from tests.experiments.loops import REVIEWER, T0, day, running, with_plan


def pair(expected: float, measured: float, error: float) -> Foreseen:
    return Foreseen("e", "t", "m", Millis(0), expected, measured, error, measured - 2 * error, measured + 2 * error)


def test_a_team_that_gets_half_of_what_it_expects_is_told_so() -> None:
    random = np.random.default_rng(4)
    covered = []
    for _ in range(300):
        expected = random.uniform(2, 8, 12)
        true = expected * random.normal(0.5, 0.2, 12)
        errors = random.uniform(0.5, 1.5, 12)
        pairs = [
            pair(float(x), float(m), float(s))
            for x, m, s in zip(expected, random.normal(true, errors), errors, strict=True)
        ]
        found = calibration(pairs)
        assert found.low is not None
        assert found.high is not None
        covered.append(found.low <= 0.5 <= found.high)
    assert 0.90 < sum(covered) / 300 < 0.99
    assert "half" not in found.sentence
    assert found.sentence.startswith("Over 12 experiments the team got ")


def test_calibration_of_equal_errors_without_spread_is_the_plain_mean() -> None:
    found = calibration([pair(4.0, x, 4.0) for x in (1.0, 2.0, 3.0)])
    assert found.share == pytest.approx(0.5)
    assert found.spread == 0.0
    # Hartung–Knapp with equal weights is Student's interval of the mean: t(2) · s / √3.
    half = 4.30265273 * 0.25 / math.sqrt(3)
    assert found.low == pytest.approx(0.5 - half)
    assert found.high == pytest.approx(0.5 + half)


def test_too_few_experiments_say_nothing_of_the_team() -> None:
    found = calibration([pair(4.0, 2.0, 1.0)] * 2)
    assert (found.n, found.inside, found.share) == (2, 2, None)
    assert "3 are needed" in found.sentence


values = st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 9.0)), min_size=1, max_size=12)


@given(drawn=values)
def test_shrinkage_lies_between_nothing_and_everything(drawn: list[tuple[float, float]]) -> None:
    factor = shrinkage([x for x, _ in drawn], [v for _, v in drawn])
    assert 0.0 <= factor <= 1.0
    if len(drawn) < 3:
        assert factor == 1.0


def test_shrunken_sums_of_winners_are_nearer_the_truth_than_their_measured_sums() -> None:
    """The law the method is there for: of many noisy effects those adopted look larger than they are."""
    random = np.random.default_rng(7)
    plain, shrunk = [], []
    for _ in range(500):
        true = random.normal(0.5, 1.0, 15)
        seen = true + random.normal(0, 1.0, 15)
        won = seen > 1.0
        factor = shrinkage(seen.tolist(), [1.0] * 15)
        plain.append(seen[won].sum() - true[won].sum())
        shrunk.append(factor * seen[won].sum() - true[won].sum())
    assert np.mean(plain) > 3.0
    assert abs(np.mean(shrunk)) < np.mean(plain) / 2
    assert np.mean(np.square(shrunk)) < np.mean(np.square(plain))


def test_shrinking_loses_less_than_not_shrinking_wherever_the_truth_lies() -> None:
    random = np.random.default_rng(11)
    for size in (0.0, 1.0, 5.0):
        true = np.full(8, size)
        seen = true + random.normal(0, 1, (4_000, 8))
        factors = np.array([shrinkage(row.tolist(), [1.0] * 8) for row in seen])
        loss = ((factors[:, None] * seen - true) ** 2).sum(axis=1).mean()
        assert loss < ((seen - true) ** 2).sum(axis=1).mean()


def concluded(  # noqa: PLR0913 - what the tests vary, each with its usual value
    number: int,
    gain: float,
    choice: str = "adopt",
    *,
    e: float = 30.0,
    step: str = "show the chat",
    origin: str = "gap-7",
    metric: str = "journey_score",
    kind: Kind = Kind.AS_EXPECTED,
) -> Experiment:
    """Return a decided experiment that measured ``gain`` ± 1."""
    verdict = Verdict(
        kind=kind,
        final=True,
        at=day(number),
        watermark=day(number),
        grade="A",
        expected=5.0,
        worthwhile=2.5,
        estimate=gain,
        low=gain - 2,
        high=gain + 2,
    )
    base = running()
    plan = with_plan(base, steps=(Step(step),), expected=Expected(metric, "up", 5.0, day(42), "all"))
    decision = Decision(choice, "olga", day(number))  # type: ignore[arg-type]
    return replace(
        base,
        id=f"e{number}",
        iteration=number,
        origin=Origin("gap", origin),
        plan=plan,
        plan_hash=None,
        state=State.DECIDED,
        verdict=verdict,
        conclusion=Conclusion(estimate=gain, standard_error=1.0, df=99.0, control=60.0, treatment=60 + gain, e=e),
        decision=decision,
        learning=Learning("we know more now than before"),
    )


def test_foreseen_are_the_valid_verdicts_the_latest_first() -> None:
    known = [concluded(1, 2.0), concluded(2, 6.0), concluded(3, 9.0, kind=Kind.INVALID), running()]
    found = list(foreseen(known))
    assert [(each.experiment, each.measured, each.inside) for each in found] == [("e2", 6.0, True), ("e1", 2.0, False)]
    assert found[1].ratio == pytest.approx(0.4)


def test_gains_are_summed_per_metric_over_what_stands_and_shrunk_by_all() -> None:
    known = [
        concluded(i, gain, choice)
        for i, (gain, choice) in enumerate([(3.0, "adopt"), (2.0, "adopt"), (-1.0, "abandon"), (0.5, "adapt")], start=1)
    ]
    known.append(concluded(9, 1.0, metric="contact_score"))
    taken_back = replace(known[1], recheck=None)
    contact, journey = gains(known)
    assert (contact.metric, contact.factor, contact.measured) == ("contact_score", 1.0, 1.0)
    assert "too few to shrink" in contact.sentence
    factor = 1 - 2 / (9 + 4 + 1 + 0.25)
    assert (journey.experiments, journey.adopted, journey.measured) == (4, 2, 5.0)
    assert journey.shrunken == pytest.approx(5.0 * factor)
    assert journey.low < journey.shrunken < journey.high
    assert taken_back.adopted


def test_evidence_multiplies_for_the_same_action_only() -> None:
    same = [concluded(1, 2.0, e=3.0), concluded(2, 2.0, e=8.0, step="Show  the CHAT")]
    found = evidence_of(same)
    [tested] = found.actions
    assert (tested.experiments, tested.e) == (("e1", "e2"), 24.0)
    assert "was tested 2 times: together e = 24 for “it works” (enough)" in found.english
    assert "« show the chat » a été testée 2 fois : ensemble e = 24" in found.french
    other = [*same, concluded(3, 2.0, e=0.5, step="call back")]
    found = evidence_of(other)
    assert [each.e for each in found.actions] == [24.0, 0.5]
    assert found.some_e == pytest.approx(12.25)
    assert "cannot be multiplied, and shows none yet" in found.english
    strong = evidence_of([*same, concluded(3, 2.0, e=40.0, step="call back")])
    assert "Some action in this chain worked; which one, this evidence does not say." in strong.english


def test_void_and_invalid_experiments_have_no_say_in_a_chain() -> None:
    measuring = replace(concluded(2, 3.0), state=State.MEASURING, decision=None)
    voided = life.void(measuring, REVIEWER, T0, "the wrong page")
    found = evidence_of([concluded(1, 3.0), voided, concluded(3, 3.0, kind=Kind.INVALID), running()])
    assert [each.experiments for each in found.actions] == [("e1",)]
    assert (found.english, found.french) == ("", "")


def test_a_chain_is_every_experiment_of_the_origin_in_order() -> None:
    known = [concluded(2, 1.0), concluded(1, 1.0), concluded(5, 1.0, origin="gap-8")]
    retried = replace(known[0], id="e2b", attempt=2)
    assert [each.id for each in chain_of(known[0], [retried, *known])] == ["e1", "e2", "e2b"]


def test_an_action_is_the_same_when_its_steps_and_its_aim_are() -> None:
    one = concluded(1, 1.0)
    assert action_of(one) == action_of(concluded(2, 9.0, step=" show the Chat"))
    assert action_of(one) != action_of(concluded(2, 1.0, metric="contact_score"))


def test_e_values_of_nothing_rarely_multiply_to_enough() -> None:
    """Two tests of an action that does nothing: their product reaches 20 in at most 5 % of the chains."""
    random = np.random.default_rng(2)
    reached = sum(math.prod(e_above(float(d), 1.0, 9.0) for d in random.normal(0, 1, 2)) >= 20 for _ in range(2_000))
    assert reached / 2_000 < 0.05


def test_overwhelming_evidence_stays_a_number_when_it_is_multiplied() -> None:
    found = evidence_of([concluded(1, 9.0, e=1e299), concluded(2, 9.0, e=1e299), concluded(3, 9.0, step="call back")])
    assert math.isfinite(found.actions[0].e)
    assert math.isfinite(found.some_e)
    assert "inf" not in found.english
