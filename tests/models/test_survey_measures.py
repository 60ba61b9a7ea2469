"""Survey measures against published numbers and outside libraries."""

import random
from statistics import fmean

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from models.errors import InvalidInput
from models.intervals import ANSWERS_NEEDED, of_mean, person, wilson
from models.surveys.ces import ces
from models.surveys.csat import csat
from models.surveys.nps import nps, nps_of_counts
from models.surveys.prediction_powered import prediction_powered_mean

shares = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


class TestWilson:
    @given(shares)
    def test_equals_statsmodels(self, share: tuple[int, int]) -> None:
        successes, n = share
        low, high = proportion_confint(successes, n, method="wilson")
        assert wilson(successes, n) == pytest.approx((max(0.0, low), min(1.0, high)), abs=1e-12)

    def test_of_nothing_says_nothing(self) -> None:
        assert wilson(0, 0) == (0.0, 1.0)


class TestNps:
    @given(st.lists(st.integers(0, 10), min_size=1, max_size=60))
    def test_counts_promoters_and_detractors(self, answers: list[int]) -> None:
        result = nps(answers)
        expected = fmean(100 if a >= 9 else 0 if a >= 7 else -100 for a in answers)
        assert result.value == pytest.approx(expected)
        assert result.n == len(answers)

    @given(st.integers(0, 400), st.integers(0, 400), st.integers(1, 400))
    def test_interval_is_the_wald_interval_of_the_sample_with_three_answers_more(self, p: int, n: int, d: int) -> None:
        augmented = DescrStatsW(np.array([1.0, 0.0, -1.0]), weights=np.array([p + 0.75, n + 1.5, d + 0.75]), ddof=0)
        middle, error = float(augmented.mean), float(augmented.var / (p + n + d + 3)) ** 0.5
        interval = nps_of_counts(p, n, d).interval
        assert interval is not None
        assert interval.low == pytest.approx(max(-100, 100 * (middle - 1.959963984540054 * error)))
        assert interval.high == pytest.approx(min(100, 100 * (middle + 1.959963984540054 * error)))

    def test_at_a_hundred_answers_it_is_about_fifteen_points(self) -> None:
        interval = nps_of_counts(45, 30, 25).interval
        assert interval is not None
        assert (interval.high - interval.low) / 2 == pytest.approx(15, abs=1)

    def test_it_covers_the_truth(self) -> None:
        chance = random.Random(5)
        covered = 0
        for _ in range(1000):
            answers = chance.choices([10, 8, 3], weights=[45, 35, 20], k=40)
            interval = nps(answers).interval
            assert interval is not None
            covered += interval.low <= 25 <= interval.high
        assert 0.93 <= covered / 1000 <= 0.98

    @pytest.mark.parametrize("answer", [-1, 11])
    def test_never_on_another_scale(self, answer: int) -> None:
        with pytest.raises(InvalidInput, match="not from 0 to 10"):
            nps([9, answer])

    def test_without_answers_there_is_none(self) -> None:
        assert nps([]).value is None


class TestCsat:
    def test_eight_of_ten_is_49_to_94(self) -> None:
        result = csat([5] * 8 + [1] * 2)
        assert result.interval is not None
        assert [round(100 * bound) for bound in result.interval] == [49, 94]

    def test_off_the_scale_or_empty(self) -> None:
        assert csat([]).value is None
        with pytest.raises(InvalidInput, match="not from 1 to 5"):
            csat([0])


class TestCes:
    @given(st.lists(st.integers(1, 7), min_size=3, max_size=50))
    def test_mean_interval_equals_statsmodels(self, answers: list[int]) -> None:
        result = ces(answers)
        if len(set(answers)) > 1:
            assert result.mean_interval == pytest.approx(DescrStatsW(np.array(answers)).tconfint_mean())
        assert result.share == sum(a >= 5 for a in answers) / len(answers)

    def test_off_the_scale_or_few(self) -> None:
        assert ces([]).mean is None
        assert ces([7]).mean_interval is None
        assert of_mean(1.0, 1.0, 1) is None
        with pytest.raises(InvalidInput, match="not from 1 to 7"):
            ces([8])


class TestPredictionPowered:
    def test_variance_is_the_sum_of_two_squared_standard_errors(self) -> None:
        chance = random.Random(3)
        predicted = [chance.gauss(60, 20) for _ in range(400)]
        answered = [(f, f + chance.gauss(-5, 10)) for f in predicted[:80]]
        result = prediction_powered_mean(predicted, answered)
        f_error = DescrStatsW(np.array(predicted)).std_mean
        gap_error = DescrStatsW(np.array([f - y for f, y in answered])).std_mean
        half = (result.interval.high - result.interval.low) / 2
        assert half / 1.959963984540054 == pytest.approx(float(np.hypot(f_error, gap_error)))
        assert result.value == pytest.approx(fmean(predicted) - fmean(f - y for f, y in answered))

    def test_weights_equal_weighted_least_squares(self) -> None:
        chance = random.Random(4)
        answered = [(chance.gauss(60, 20), chance.gauss(55, 20)) for _ in range(50)]
        weights = [chance.uniform(1, 5) for _ in answered]
        flat = [50.0] * 10
        result = prediction_powered_mean(flat, answered, weights)
        gaps = np.array([f - y for f, y in answered])
        fitted = sm.WLS(gaps, np.ones(50), weights=weights).fit(cov_type="HC1")
        assert result.value == pytest.approx(50 - float(fitted.params[0]))
        half = (result.interval.high - result.interval.low) / 2
        assert half == pytest.approx(1.959963984540054 * float(fitted.bse[0]))

    def test_seventy_answers_of_a_thousand_at_correlation_seven_tenths_are_worth_about_128(self) -> None:
        chance = np.random.default_rng(6)
        worth = []
        for _ in range(200):
            said = chance.normal(0, 1, 1000)
            predicted = 0.49 * said + chance.normal(0, 0.7 * 0.51**0.5, 1000)
            pairs = list(zip(predicted[:70].tolist(), said[:70].tolist(), strict=True))
            worth.append(prediction_powered_mean(predicted.tolist(), pairs).worth)
        assert fmean(worth) == pytest.approx(128, abs=4)

    def test_too_few_or_bad_weights_are_refused(self) -> None:
        with pytest.raises(InvalidInput, match="wait for more answers"):
            prediction_powered_mean([1.0, 2.0], [(1.0, 1.0)])
        with pytest.raises(InvalidInput, match="positive weight"):
            prediction_powered_mean([1.0, 2.0], [(1.0, 1.0), (2.0, 2.0)], [1.0, 0.0])


class TestPerson:
    def test_under_a_hundred_answers_it_is_not_calibrated(self) -> None:
        assert person(5000, [0] * (ANSWERS_NEEDED - 1)) is None
        assert person(5000, [0] * ANSWERS_NEEDED) == (5000, 5000)

    def test_it_covers_nine_answers_in_ten(self) -> None:
        chance = random.Random(8)
        inside = 0
        for _ in range(400):
            errors = [round(chance.gauss(0, 1500)) for _ in range(151)]
            bounds = person(5000, errors[:150])
            assert bounds is not None
            inside += bounds[0] <= min(10_000, max(0, 5000 + errors[150])) <= bounds[1]
        assert 0.87 <= inside / 400 <= 0.94

    def test_only_the_latest_thousand_answers_count(self) -> None:
        assert person(5000, [9000] * 500 + [100] * 1000) == (4900, 5100)
