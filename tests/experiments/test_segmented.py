"""Segmented regression against statsmodels, its long-memory variance against the long way round."""

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm
from statsmodels.tsa.arima_process import ArmaProcess

from experiments.designs.before_after import BeforeAfter, placebo_check
from experiments.designs.panel import Table
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.newey_west import MEMORIES, Line, autoregressive, lags_of, newey_west
from experiments.estimators.segmented import line_of, placebos, segmented, segments

Array = npt.NDArray[np.float64]
BEFORE, AFTER = 84, 28


def design() -> tuple[Array, Array]:
    """Return regressors and combination, written out."""
    day = np.arange(BEFORE + AFTER, dtype=float)
    late = (day >= BEFORE).astype(float)
    weekdays = [(day % 7 == w).astype(float) - (day % 7 == 0) for w in range(1, 7)]
    columns = [np.ones_like(day), day, *weekdays, late, late * (day - BEFORE)]
    combination = np.zeros(len(columns))
    combination[-2:] = 1.0, (AFTER - 1) / 2
    return np.column_stack(columns), combination


def series(memory: float = 0.5, seed: int = 1, effect: float = 3.0) -> Array:
    np_random = np.random.default_rng(seed)
    noise = ArmaProcess([1, -memory], [1]).generate_sample(
        BEFORE + AFTER, scale=2.0, distrvs=np_random.standard_normal, burnin=200
    )
    day = np.arange(BEFORE + AFTER)
    return np.asarray(70 + 0.02 * day + 2 * (day % 7 == 5) + effect * (day >= BEFORE) + noise)


def test_effect_and_variance_are_statsmodels_with_newey_west() -> None:
    x, combination = design()
    y, lags = series(), lags_of(BEFORE + AFTER)
    fitted = sm.OLS(y, x).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": True})
    line = line_of(BEFORE, AFTER)
    assert float(line.value(y)) == pytest.approx(float(combination @ fitted.params), rel=1e-9)
    theirs = float(combination @ fitted.cov_params() @ combination)
    assert float(newey_west(line, y, lags)) == pytest.approx(theirs, rel=1e-9)
    assert line.df == fitted.df_resid
    assert np.asarray(line.residuals(y)) == pytest.approx(np.asarray(fitted.resid), abs=1e-9)


def test_without_memory_and_lags_the_variance_is_that_of_whites() -> None:
    x, combination = design()
    y = series(0.0)
    theirs = sm.OLS(y, x).fit(cov_type="HC1").cov_params()
    assert float(newey_west(line_of(BEFORE, AFTER), y, 0)) == pytest.approx(
        float(combination @ theirs @ combination), rel=1e-9
    )


def test_what_residuals_show_of_a_memory_is_the_long_way_round() -> None:
    x, combination = design()
    line = Line.of(x, combination)
    days = len(x)
    maker = np.eye(days) - x @ np.linalg.pinv(x)
    weights = np.linalg.pinv(x).T @ combination
    for i in (0, 3, 9, len(MEMORIES) - 1):
        covariance = MEMORIES[i] ** np.abs(np.subtract.outer(np.arange(days), np.arange(days)))
        rest = maker @ covariance @ maker
        assert line.left[i] == pytest.approx(np.trace(rest), rel=1e-8)
        assert line.shown[i] == pytest.approx(np.trace(rest, 1) / np.trace(rest), abs=1e-8)
        assert line.spread[i] == pytest.approx(weights @ covariance @ weights, rel=1e-8)
    assert (np.diff(line.shown) > 0).all()


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.8])
def test_the_memory_is_found_again_without_bias_and_the_variance_with_it(memory: float) -> None:
    many = np.stack([series(memory, seed, 0.0) for seed in range(800)])
    line = line_of(BEFORE, AFTER)
    variance, found = autoregressive(line, many)
    assert float(np.median(found)) == pytest.approx(memory, abs=0.06)
    # A little too large rather than too small: V is a convex function of a memory that is itself uncertain.
    assert 0.9 < float(np.mean(variance)) / float(line.value(many).var()) < 1.3


def test_many_series_at_once_are_each_of_them() -> None:
    many = np.stack([series(0.5, seed) for seed in range(3)])
    together = segments(many, BEFORE)
    for i in range(3):
        alone = segments(many[i], BEFORE)
        assert float(together.variance[i]) == pytest.approx(float(alone.variance), rel=1e-12)
        assert float(together.df[i]) == pytest.approx(float(alone.df), rel=1e-12)


def test_an_effect_against_the_trend_drawn_on_is_found() -> None:
    found = segmented(series(effect=8.0), BEFORE)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(8.0, abs=3 * found.standard_error)
    assert (found.n_control, found.n_treatment, found.counted) == (BEFORE, AFTER, "days")
    assert found.treatment - found.control == pytest.approx(found.value)


def test_a_short_past_or_a_flat_line_is_refused_in_words() -> None:
    short, soon, flat = segmented(series()[:41], 27), segmented(series()[:90], BEFORE), segmented(np.full(112, 0.1), 84)
    kinds = [one.kind if isinstance(one, NoEstimate) else "" for one in (short, soon, flat)]
    assert kinds == ["early", "early", "no_variance"]


def test_placebo_dates_leave_room_on_both_sides() -> None:
    t = placebos(series(effect=0.0)[:BEFORE], AFTER)
    assert t.shape == (BEFORE - AFTER - 28 + 1,)
    assert placebos(series()[:55], AFTER).shape == (0,)
    assert (placebos(np.full(84, 70.1), AFTER) == 0.0).all()
    long = placebos(np.random.default_rng(1).normal(0, 1, (2, 300)), AFTER)
    assert long.shape == (2, 60)


def table(values: Array, past: int) -> Table:
    treated = (np.arange(len(values)) >= past)[None, :]
    return Table(("",), -past, values[None, :], treated, np.full(1, np.nan))


def test_the_p_value_among_placebo_dates_ranks_the_real_one() -> None:
    layout = BeforeAfter(past=BEFORE)
    strong, none = (
        layout.opinion(table(series(effect=12.0), BEFORE), ""),
        layout.opinion(table(series(effect=0.0), BEFORE), ""),
    )
    assert strong.p == pytest.approx(1 / 30)
    assert none.p is not None
    assert none.p > 0.1
    assert strong.by == "placebo dates"
    assert [check.name for check in strong.checks] == ["placebo dates"]


def test_placebo_dates_that_look_like_effects_are_said() -> None:
    assert placebo_check(np.full(30, 3.0)).failed
    assert placebo_check(np.zeros(30)).passed
    assert placebo_check(np.zeros(5)).passed is None
    assert "100 %" in placebo_check(np.full(30, 3.0)).english


def test_few_missing_days_are_drawn_straight_and_many_refused() -> None:
    values = series()
    values[[5, 40, 100]] = np.nan
    assert isinstance(BeforeAfter(BEFORE).effect(table(values, BEFORE)), Estimate)
    values[::5] = np.nan
    refused = BeforeAfter(BEFORE).effect(table(values, BEFORE))
    assert isinstance(refused, NoEstimate)
    assert BeforeAfter(BEFORE).opinion(table(values, BEFORE), "").p is None
