"""Estimators against scipy, statsmodels and the long way round; refusals in words, never NaN."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from experiments.estimators import Estimate, NoEstimate, cuped, cuped_ratio, mean_difference, ratio_difference
from experiments.moments import Comoments, Variance
from experiments.spending import critical_value

Array = npt.NDArray[np.float64]
RNG = np.random.default_rng(20_261)


def estimate(found: Estimate | NoEstimate) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def two_arms(n_control: int = 211, n_treatment: int = 340) -> tuple[Array, Array]:
    rng = np.random.default_rng(5)
    return rng.normal(10, 3, n_control), rng.normal(10.4, 5, n_treatment)


def test_the_mean_difference_is_welchs_in_scipy_and_statsmodels() -> None:
    control, treatment = two_arms()
    found = estimate(mean_difference(Variance.of(control), Variance.of(treatment)))
    welch = stats.ttest_ind(treatment, control, equal_var=False)
    half = critical_value("fixed", 1.0, found.df) * found.standard_error
    low, high = CompareMeans(DescrStatsW(treatment), DescrStatsW(control)).tconfint_diff(usevar="unequal")
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert found.df == pytest.approx(welch.df, rel=1e-9)
    assert (found.value - half, found.value + half) == pytest.approx((low, high), rel=1e-9)


def delta_by_hand(total: Array, count: Array) -> float:
    """Return the delta method's variance of Σtotal/Σcount by the gradient."""
    covariance = np.cov(total, count, ddof=1)
    gradient = np.array([1 / count.mean(), -total.mean() / count.mean() ** 2])
    return float(gradient @ covariance @ gradient) / len(total)


def journeys(gain: float, size: int, seed: int) -> tuple[Array, Array, Array, Array]:
    """Return (total, n, pre_total, pre_n) per customer; the level of a customer lasts."""
    rng = np.random.default_rng(seed)
    level = rng.normal(70, 15, size)
    n, before = rng.poisson(2.0, size).astype(float), rng.poisson(1.0, size).astype(float)
    return n * (level + gain) + 5 * rng.normal(size=size) * n, n, before * level, before


def test_the_ratios_variance_is_the_delta_methods() -> None:
    a, b = journeys(0, 500, 1), journeys(3, 400, 2)
    found = estimate(ratio_difference(Comoments.of(np.column_stack(a[:2])), Comoments.of(np.column_stack(b[:2]))))
    assert found.value == pytest.approx(b[0].sum() / b[1].sum() - a[0].sum() / a[1].sum(), rel=1e-9)
    assert found.variance == pytest.approx(delta_by_hand(*a[:2]) + delta_by_hand(*b[:2]), rel=1e-9)


def test_the_ratios_variance_is_what_repetition_shows() -> None:
    rng = np.random.default_rng(3)
    values, claimed = [], []
    for _ in range(400):
        table = Comoments.of(np.column_stack(journeys(0, 200, int(rng.integers(2**31)))[:2]))
        other = Comoments.of(np.column_stack(journeys(0, 200, int(rng.integers(2**31)))[:2]))
        found = estimate(ratio_difference(table, other))
        values.append(found.value)
        claimed.append(found.variance)
    assert np.var(values) == pytest.approx(np.mean(claimed), rel=0.2)


def test_cuped_is_the_welch_test_of_the_adjusted_units() -> None:
    rng = np.random.default_rng(4)
    before = rng.normal(50, 10, 700)
    outcome = before + rng.normal(0, 5, 700)
    outcome[300:] += 2
    c, t = np.column_stack([outcome, before])[:300], np.column_stack([outcome, before])[300:]
    found = estimate(cuped(Comoments.of(c), Comoments.of(t)))
    centred = [arm - arm.mean(axis=0) for arm in (c, t)]
    theta = sum((arm[:, 0] @ arm[:, 1] for arm in centred), 0.0) / sum((arm[:, 1] @ arm[:, 1] for arm in centred), 0.0)
    adjusted = [arm[:, 0] - theta * (arm[:, 1] - before.mean()) for arm in (c, t)]
    welch = stats.ttest_ind(adjusted[1], adjusted[0], equal_var=False)
    assert found.value == pytest.approx(adjusted[1].mean() - adjusted[0].mean(), rel=1e-9)
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    plain = estimate(mean_difference(Variance.of(c[:, 0]), Variance.of(t[:, 0])))
    assert found.variance < 0.3 * plain.variance
    assert found.adjusted


def test_cuped_for_ratios_is_the_same_on_the_linear_forms() -> None:
    a, b = journeys(0, 600, 8), journeys(3, 600, 9)
    control, treatment = (Comoments.of(np.column_stack(arm)) for arm in (a, b))
    found = estimate(cuped_ratio(control, treatment))
    pre_total, pre_n = (np.concatenate([a[i], b[i]]) for i in (2, 3))
    ratio_before = pre_total.sum() / pre_n.sum()
    linear = []
    for total, n, x_total, x_n in (a, b):
        ratio = total.sum() / n.sum()
        u = ratio + (total - ratio * n) / n.mean()
        x = (x_total - ratio_before * x_n) / pre_n.mean()
        linear.append(np.column_stack([u, x]))
    by_hand = estimate(cuped(Comoments.of(linear[0]), Comoments.of(linear[1])))
    assert found.value == pytest.approx(by_hand.value, rel=1e-9)
    assert found.variance == pytest.approx(by_hand.variance, rel=1e-9)
    assert found.variance < 0.8 * estimate(ratio_difference(control, treatment)).variance


def test_a_past_that_never_varied_or_says_all_leaves_the_plain_difference() -> None:
    outcome = np.arange(80.0)
    flat = np.column_stack([outcome, np.ones(80)])
    same = np.column_stack([outcome, 2 * outcome])
    for table in (flat, same):
        arms = Comoments.of(table[:40]), Comoments.of(table[40:])
        assert cuped(*arms) == mean_difference(arms[0].column(0), arms[1].column(0))
    table = np.column_stack([outcome, np.ones(80), np.zeros(80), np.zeros(80)])
    arms = Comoments.of(table[:40]), Comoments.of(table[40:])
    assert cuped_ratio(*arms) == ratio_difference(*arms)


def constant(value: float, n: int = 50) -> Variance:
    return Variance.of(np.full(n, value))


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (mean_difference(Variance(), constant(1.0)), "empty_arm"),
        (mean_difference(Variance.of(np.arange(29.0)), Variance.of(np.arange(500.0))), "early"),
        (mean_difference(constant(0.1), constant(0.1)), "no_variance"),
        (mean_difference(constant(0.1), constant(0.3)), "no_variance"),
        (ratio_difference(Comoments.empty(2), Comoments.of(np.ones((40, 2)))), "empty_arm"),
        (ratio_difference(Comoments.of(np.zeros((40, 2))), Comoments.of(np.ones((40, 2)))), "nothing_measured"),
        (cuped_ratio(Comoments.of(np.zeros((40, 4))), Comoments.of(np.ones((40, 4)))), "nothing_measured"),
        (cuped(Comoments.empty(2), Comoments.empty(2)), "empty_arm"),
    ],
)
def test_what_cannot_be_estimated_is_refused_in_words(found: Estimate | NoEstimate, kind: str) -> None:
    assert isinstance(found, NoEstimate)
    assert found.kind == kind
    assert len(found.reason) > 20


def test_units_that_all_have_the_same_ratio_have_no_variance() -> None:
    n = np.arange(1.0, 51.0)
    table = Comoments.of(np.column_stack([n * 8_000.1, n]))
    found = ratio_difference(table, table)
    assert isinstance(found, NoEstimate)
    assert found.kind == "no_variance"


def test_scaling_turns_the_good_direction_and_keeps_the_test() -> None:
    control, treatment = two_arms()
    found = estimate(mean_difference(Variance.of(control), Variance.of(treatment)))
    turned = found.scaled(-0.01)
    assert turned.value == pytest.approx(-found.value / 100)
    assert turned.p_value == pytest.approx(found.p_value, rel=1e-12)
    assert math.isclose(turned.control, found.control / 100)
