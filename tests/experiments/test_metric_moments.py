"""NPS and quantiles: exact counts, buckets of 0.2 %, and errors that repetition confirms."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.nps import nps_difference
from experiments.estimators.quantile import quantile_difference
from experiments.moments import LogHistogram, Promoters, Variance
from models.errors import InvalidInput
from models.surveys.nps import nps

ANSWERS = st.lists(st.integers(0, 10), max_size=60)


def counted(answers: list[int]) -> Promoters:
    counts = Promoters()
    for answer in answers:
        counts = counts.update(answer)
    return counts


@given(ANSWERS, ANSWERS)
@settings(max_examples=50)
def test_nps_merges_exactly_and_is_the_surveys_nps(left: list[int], right: list[int]) -> None:
    together = counted(left).merge(counted(right))
    assert together == counted(left + right)
    assert together.value == nps(left + right).value
    points = [100.0 if a >= 9 else 0.0 if a >= 7 else -100.0 for a in left + right]
    direct = Variance.of(points)
    assert together.moments.n == direct.n
    assert together.moments.mean == pytest.approx(direct.mean, abs=1e-9)
    assert together.moments.m2 == pytest.approx(direct.m2, rel=1e-9, abs=1e-6)


def test_the_difference_of_two_nps_is_welchs_test_of_their_points() -> None:
    rng = np.random.default_rng(1)
    c, t = rng.integers(0, 11, 150), rng.integers(2, 11, 180)
    found = nps_difference(counted(c.tolist()), counted(t.tolist()))
    assert isinstance(found, Estimate)
    points = [np.where(a >= 9, 100.0, np.where(a >= 7, 0.0, -100.0)) for a in (c, t)]
    assert found.p_value == pytest.approx(stats.ttest_ind(points[1], points[0], equal_var=False).pvalue, rel=1e-9)


@pytest.mark.parametrize("answer", [-1, 11])
def test_an_answer_off_the_scale_is_refused_in_words(answer: int) -> None:
    with pytest.raises(InvalidInput, match="is not from 0 to 10"):
        Promoters().update(answer)


POSITIVE = st.lists(st.one_of(st.just(0.0), st.floats(1e-6, 1e9)), min_size=1, max_size=60)


@given(POSITIVE, POSITIVE)
@settings(max_examples=50)
def test_histograms_merge_exactly_in_any_order(left: list[float], right: list[float]) -> None:
    one, other = LogHistogram.of(left), LogHistogram.of(right)
    assert one.merge(other) == other.merge(one) == LogHistogram.of(left + right)
    assert one.merge(other).n == len(left) + len(right)
    grown = LogHistogram()
    for x in left:
        grown = grown.update(x)
    assert grown == one


@given(POSITIVE, st.floats(0.01, 0.99))
@settings(max_examples=100)
def test_a_quantile_is_right_to_a_bucket(xs: list[float], share: float) -> None:
    found = LogHistogram.of(xs).quantile(share)
    assert found is not None
    exact = float(np.quantile(xs, share, method="inverted_cdf"))
    assert exact / 1.0021 <= found <= exact * 1.0021


def test_quantiles_rise_within_a_bucket_too_and_stay_in_it() -> None:
    found = LogHistogram.of([10.0] * 100).quantiles([0.0, 0.1, 0.5, 0.9, 1.0])
    assert found == sorted(found)
    assert found[1] < found[3]
    assert found[-1] / found[0] <= 1.002 + 1e-12


def test_an_empty_histogram_has_no_quantile_and_bad_values_are_refused() -> None:
    assert LogHistogram().value is None
    assert LogHistogram(zeros=3).value == 0.0
    for bad in (-1.0, math.nan, math.inf):
        with pytest.raises(InvalidInput, match="negative or no number"):
            LogHistogram().update(bad)


def waits(size: int, seed: int, scale: float = 60.0) -> LogHistogram:
    return LogHistogram.of(np.random.default_rng(seed).lognormal(math.log(scale), 1.0, size))


@pytest.mark.parametrize("share", [0.5, 0.9])
def test_the_error_of_a_quantile_is_what_repetition_and_theory_show(share: float) -> None:
    found = [quantile_difference(waits(400, 2 * i), waits(400, 2 * i + 1), share) for i in range(300)]
    estimates = [one for one in found if isinstance(one, Estimate)]
    assert len(estimates) == 300
    scatter = np.var([one.value for one in estimates])
    law = stats.lognorm(1.0, scale=60.0)
    density = law.pdf(law.ppf(share))
    assert scatter == pytest.approx(2 * share * (1 - share) / 400 / density**2, rel=0.25)
    assert np.mean([one.variance for one in estimates]) == pytest.approx(scatter, rel=0.25)


def test_a_quantile_of_too_few_or_of_one_value_is_refused_in_words() -> None:
    few, none = quantile_difference(waits(99, 1), waits(400, 2), 0.9), quantile_difference(waits(0, 1), waits(9, 2))
    same = quantile_difference(LogHistogram.of([0.0] * 500), LogHistogram.of([0.0] * 500))
    assert [one.kind if isinstance(one, NoEstimate) else "" for one in (few, none, same)] == [
        "early",
        "empty_arm",
        "no_variance",
    ]
    assert isinstance(few, NoEstimate)
    assert "needs 100 per arm" in few.reason
    assert isinstance(quantile_difference(waits(100, 1), waits(100, 2), 0.9), Estimate)


def test_not_even_a_median_is_looked_at_before_thirty_units_per_arm() -> None:
    found = quantile_difference(waits(400, 1), waits(29, 2))
    assert isinstance(found, NoEstimate)
    assert "needs 30 per arm" in found.reason
    assert isinstance(quantile_difference(waits(400, 1), waits(30, 2)), Estimate)
