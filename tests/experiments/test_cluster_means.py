"""Cluster means against scipy and statsmodels, assignments against scipy's permutation test."""

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from scipy import stats

from experiments.designs.cluster import assignment_p
from experiments.designs.rerandomisation import DRAWS, allocations, orders, p_value, signs, smallest_p
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.cluster_means import cluster_means

Array = npt.NDArray[np.float64]
ARM = np.array([False, True, True, False, True, False, True, False, False, True, True, False])


def sites(seed: int, effect: float = 2.0) -> tuple[Array, Array]:
    """Return (after, before) of twelve sites that keep their level."""
    rng = np.random.default_rng(seed)
    level = rng.normal(70, 6, 12)
    return level + rng.normal(0, 2, 12) + effect * ARM, level + rng.normal(0, 2, 12)


def estimate(found: Estimate | NoEstimate) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def test_cluster_means_are_welchs_test_on_clusters() -> None:
    after, _ = sites(1)
    found = estimate(cluster_means(after, ARM))
    welch = stats.ttest_ind(after[ARM], after[~ARM], equal_var=False)
    assert found.value == pytest.approx(after[ARM].mean() - after[~ARM].mean(), rel=1e-12)
    assert found.df == pytest.approx(welch.df, rel=1e-9)
    assert found.p_value == pytest.approx(welch.pvalue, rel=1e-9)
    assert (found.n_control, found.n_treatment, found.counted) == (6, 6, "clusters")


def test_the_level_before_is_taken_out_as_in_an_analysis_of_covariance() -> None:
    after, before = sites(2)
    found = estimate(cluster_means(after, ARM, before))
    fitted = sm.OLS(after, sm.add_constant(np.column_stack([ARM.astype(float), before]))).fit()
    assert found.value == pytest.approx(fitted.params[1], rel=1e-9)
    # Theirs pools the arms' residuals, ours does not: the same but for how evenly the residuals spread.
    assert found.standard_error == pytest.approx(fitted.bse[1], rel=0.25)
    assert found.df <= 9.0
    assert found.variance < 0.5 * estimate(cluster_means(after, ARM)).variance
    assert found.adjusted


def test_where_both_arms_scatter_alike_the_adjusted_variance_is_that_of_least_squares() -> None:
    # The same residuals in both arms, at right angles to the level before: pooled or not makes no difference then.
    rest = np.array([1.0, -1.0, 0.0, 0.0, -1.0, 1.0])
    x = np.concatenate([np.arange(6.0), np.arange(6.0) + 4.0])
    y, arm = 2.0 * x + np.concatenate([rest, rest]) + 3.0 * (np.arange(12) >= 6), np.arange(12) >= 6
    assert float(rest @ np.arange(6.0)) == 0.0
    fitted = sm.OLS(y, sm.add_constant(np.column_stack([arm.astype(float), x]))).fit()
    found = estimate(cluster_means(y, arm, x))
    assert found.variance == pytest.approx(float(fitted.bse[1]) ** 2, rel=1e-9)
    assert found.df == pytest.approx(fitted.df_resid, rel=1e-9)


def test_the_adjusted_variance_is_what_repetition_shows() -> None:
    found = [estimate(cluster_means(after, ARM, before)) for after, before in map(sites, range(600))]
    assert np.var([one.value for one in found]) == pytest.approx(np.mean([one.variance for one in found]), rel=0.15)


def test_a_level_before_that_is_missing_or_says_nothing_changes_nothing() -> None:
    after, before = sites(3)
    plain = cluster_means(after, ARM)
    assert cluster_means(after, ARM, np.where(np.arange(12) == 4, np.nan, before)) == plain
    assert cluster_means(after, ARM, np.full(12, 70.0)) == plain
    assert cluster_means(after, ARM, 2.0 * after + 1.0) == plain


@pytest.mark.parametrize(
    ("values", "arm", "kind", "words"),
    [
        (np.arange(6.0), np.arange(6) < 3, "early", "no look before 10 clusters"),
        (np.arange(1.0), np.array([True]), "empty_arm", "control arm"),
        (np.arange(12.0), np.arange(12) < 2, "early", "smaller arm has 2 clusters"),
        (np.full(12, 0.1), ARM, "no_variance", "same value"),
        (np.full(12, np.nan), ARM, "empty_arm", "control arm"),
        (np.where(np.arange(12) < 4, np.nan, np.arange(12.0)), ARM, "early", "8 clusters"),
    ],
)
def test_too_few_clusters_are_refused_in_words(
    values: Array, arm: npt.NDArray[np.bool_], kind: str, words: str
) -> None:
    found = cluster_means(values, arm)
    assert isinstance(found, NoEstimate)
    assert found.kind == kind
    assert words in found.reason


def test_the_p_value_among_assignments_is_scipys_permutation_test() -> None:
    after, _ = sites(4, effect=3.0)

    def welch_t(x: Array, y: Array) -> float:
        return float(stats.ttest_ind(x, y, equal_var=False).statistic)

    theirs = stats.permutation_test(
        [after[ARM], after[~ARM]], welch_t, permutation_type="independent", n_resamples=1_000, vectorized=False
    )
    assert len(theirs.null_distribution) == 924  # all there are
    # Theirs doubles the smaller tail; of two equal groups every split has its mirror image, so that is the same.
    assert assignment_p(after, ARM, "seed") == pytest.approx(theirs.pvalue, rel=1e-12)


def test_many_clusters_are_drawn_from_the_committed_seed_and_agree_with_the_t_test() -> None:
    rng = np.random.default_rng(5)
    values, arm = rng.normal(0, 1, 40), np.arange(40) % 2 == 0
    values[arm] += 0.8
    one, other = assignment_p(values, arm, "one seed"), assignment_p(values, arm, "another")
    assert one == assignment_p(values, arm, "one seed")
    assert one != other
    welch = stats.ttest_ind(values[arm], values[~arm], equal_var=False).pvalue
    assert one == pytest.approx(welch, abs=0.006)
    assert other == pytest.approx(welch, abs=0.006)


def test_the_draws_are_those_of_every_machine() -> None:
    # Pinned: a committed seed must give the same assignments in ten years.
    masks, exact = allocations(30, 15, "spring/1")
    assert (len(masks), exact, masks.sum()) == (DRAWS, False, 15 * DRAWS)
    assert np.flatnonzero(masks[0]).tolist() == [3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 18, 21, 22, 28, 29]
    assert orders(8, "spring/1")[0][0].tolist() == [3, 7, 6, 4, 0, 2, 5, 1]
    assert signs(30, "spring/1")[0][0][:8].astype(int).tolist() == [1, 1, 1, -1, 1, 1, 1, -1]


def test_each_cluster_is_drawn_as_often_as_the_design_says() -> None:
    masks, _ = allocations(24, 8, "spring/1")
    assert masks.mean(axis=0) == pytest.approx(1 / 3, abs=0.02)


def test_three_and_three_cannot_reach_five_per_cent_and_five_and_five_can() -> None:
    best = assignment_p(np.array([0.0, 1.0, 2.0, 10.0, 11.0, 12.0]), np.arange(6) >= 3, "s")
    assert best == pytest.approx(smallest_p([3, 3])) == pytest.approx(0.1)
    assert smallest_p([5, 5]) == pytest.approx(2 / 252)
    assert smallest_p([2, 2, 2]) == pytest.approx(1 / 90)


def test_a_p_value_is_never_zero() -> None:
    assert p_value(9.0, np.zeros(99), exact=False) == 0.01
    assert p_value(0.0, np.zeros(4), exact=True) == 1.0
