import numpy as np
import pytest

from models.gaps.days import Day, weekday_of
from models.gaps.judging import judge
from models.gaps.own_past import Baseline, baseline_before, baselines_before
from models.gaps.rules import GapRules
from models.gaps.series import Series

RULES = GapRules()


def weekly(days: int, seed: int = 1, answers: float = 0.0, volume: float = 1.0) -> Series:
    """Mondays are worse by 10 points; customers say 6 points less than inferred."""
    rng = np.random.default_rng(seed)
    first = Day(7 * 2000 + 4)
    n = rng.poisson(volume, (days, 32)).astype(np.float64)
    level = np.array([70.0 if weekday_of(first + i) == 0 else 80.0 for i in range(days)])
    f = n * level[:, None] + rng.normal(0, 5, n.shape) * np.sqrt(n)
    a = rng.binomial(n.astype(int), answers).astype(np.float64)
    return Series(first, n, f, a, 6.0 * a)


def test_the_same_weekdays_of_the_eight_weeks_before() -> None:
    series = weekly(100)
    found = baseline_before(series, series.first + 70, RULES)
    assert isinstance(found, Baseline)
    assert (found.first, found.last) == (series.first + 14, series.first + 69)
    assert found.weekdays[0] == pytest.approx(70, abs=2)
    assert all(value == pytest.approx(80, abs=2) for value in found.weekdays[1:])
    targets = found.targets(series.first + 70, 14)
    assert [t == found.weekdays[weekday_of(series.first + 70 + i)] for i, t in enumerate(targets)] == [True] * 14


def test_a_source_younger_than_eight_weeks_is_not_judged() -> None:
    series = weekly(100)
    assert baseline_before(series, series.first + 30, RULES) == (
        "not judged against its past: 30 of 56 days since its first data"
    )
    assert isinstance(baseline_before(series, series.first + 56, RULES), Baseline)


def test_a_past_with_too_little_in_it_is_not_believed() -> None:
    series = weekly(100, volume=0.0)
    series.n[0, 0] = 1
    found = baseline_before(series, series.first + 60, RULES)
    assert isinstance(found, str)
    assert "0 of 14 days in the eight weeks before" in found


def test_a_week_without_mondays_takes_the_mean_of_the_others() -> None:
    series = weekly(70)
    monday = [i for i in range(70) if weekday_of(series.first + i) == 0]
    series.n[monday] = 0
    series.f[monday] = 0
    found = baseline_before(series, series.first + 63, RULES)
    assert isinstance(found, Baseline)
    assert found.weekdays[0] == pytest.approx(80, abs=2)


def test_a_worse_weekday_is_not_a_gap() -> None:
    series = weekly(98, volume=3.0)
    judged = judge(series, None, (series.first + 56, series.first + 97), RULES, 5.0)
    assert judged.enough[-1]
    assert judged.ln_e.max() < 0


def test_the_uncertainty_of_the_past_is_added() -> None:
    series = weekly(98)
    past = baseline_before(series, series.first + 56, RULES)
    assert isinstance(past, Baseline)
    span = (series.first + 56, series.first + 97)
    known = judge(series, past.targets, span, RULES, 5.0)
    unsure = judge(series, past, span, RULES, 5.0)
    assert unsure.variance[-1] - known.variance[-1] == pytest.approx(past.variance)
    assert unsure.shortfall[-1] == pytest.approx(known.shortfall[-1])


def test_seven_weekday_means_are_paid_for() -> None:
    series = weekly(56)
    series.n[:] = series.a[:] = 1
    days = np.arange(56)
    series.f[:] = (80 + 8 * np.where(days // 7 % 2, 1.0, -1.0) * np.where(days % 7 % 2, 1.0, -1.0))[:, None]
    found = baseline_before(series, series.first + 56, RULES)
    assert isinstance(found, Baseline)
    assert found.variance == pytest.approx(8**2 / 56 * 56 / (56 - 7))
    assert found.said_variance == pytest.approx(found.variance)


def test_answers_correct_both_sides_or_neither() -> None:
    told = weekly(98, answers=0.3)
    now_only = weekly(98, answers=0.3)
    now_only.a[:56] = 0
    now_only.d[:56] = 0
    span = (told.first + 56, told.first + 97)
    both = judge(told, None, span, RULES, 5.0)
    neither = judge(now_only, None, span, RULES, 5.0)
    assert both.answers[-1] >= 30
    assert both.shortfall[-1] == pytest.approx(neither.shortfall[-1], abs=1e-6)
    assert both.target[-1] == pytest.approx(neither.target[-1] - 6, abs=1e-6)


def test_many_baselines_at_once_are_each_their_own() -> None:
    series = weekly(200, answers=0.2)
    days = [series.first + d for d in (30, 60, 100, 141)]
    young, *found = baselines_before(series, days, RULES)
    assert young is None
    assert found == [baseline_before(series, day, RULES) for day in days[1:]]
