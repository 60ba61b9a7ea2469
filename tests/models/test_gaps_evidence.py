import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import halfnorm, norm

from models.gaps.evidence import half_width, ln_e_plus

points = st.floats(-30, 30)
variances = st.floats(0.01, 100)


@pytest.mark.parametrize("shortfall", [-8.0, -1.0, 0.0, 0.4, 3.0, 9.0])
@pytest.mark.parametrize("variance", [0.3, 4.0, 30.0])
@pytest.mark.parametrize("delta", [2.0, 5.0])
def test_e_is_the_likelihood_ratio_mixed_over_a_half_normal_prior(
    shortfall: float, variance: float, delta: float
) -> None:
    def mixed(theta: float) -> float:
        ratio = np.exp((theta * shortfall - theta**2 / 2) / variance)
        return float(ratio * halfnorm.pdf(theta, scale=delta))

    expected, _ = quad(mixed, 0, 20 * delta, points=[max(0.0, shortfall)], limit=200)
    assert float(np.exp(ln_e_plus(shortfall, variance, delta**2))) == pytest.approx(expected, rel=1e-7)


@given(points, variances)
def test_e_agrees_with_the_formula_as_written(shortfall: float, variance: float) -> None:
    tau, z = 25.0, shortfall / np.sqrt(variance)
    if abs(z) > 30:
        return
    written = np.log(2) + norm.logcdf(z * np.sqrt(tau / (variance + tau)))
    written += 0.5 * np.log(variance / (variance + tau)) + z**2 * tau / (2 * (variance + tau))
    assert float(ln_e_plus(shortfall, variance, tau)) == pytest.approx(float(written), rel=1e-6, abs=1e-9)


@given(variances, points, st.floats(0.01, 10))
def test_e_grows_with_the_shortfall(variance: float, shortfall: float, more: float) -> None:
    assert ln_e_plus(shortfall + more, variance, 25.0) > ln_e_plus(shortfall, variance, 25.0)


@pytest.mark.parametrize("shortfall", [-1e8, -1e4, 1e4, 1e8])
def test_no_shortfall_is_too_large(shortfall: float) -> None:
    assert np.isfinite(ln_e_plus(shortfall, 1.0, 25.0))


def test_there_is_no_evidence_without_a_variance() -> None:
    assert np.isnan(ln_e_plus(np.array([3.0]), np.array([0.0]), 25.0)[0])


def test_the_mean_e_without_a_shortfall_is_at_most_one() -> None:
    draws = np.random.default_rng(5).normal(0.0, 2.0, 200_000)
    assert float(np.exp(ln_e_plus(draws, 4.0, 4.0)).mean()) == pytest.approx(1.0, abs=0.03)


def test_looking_every_day_keeps_the_stated_error() -> None:
    rng = np.random.default_rng(8)
    sums = np.cumsum(rng.normal(0.0, 10.0, (4000, 200)), axis=1)
    looks = np.arange(1, 201)
    ln_e = ln_e_plus(sums / looks, np.broadcast_to(100.0 / looks, sums.shape), 25.0)
    assert (ln_e.max(axis=1) >= np.log(20)).mean() < 0.05


def test_the_interval_holds_at_every_look() -> None:
    rng = np.random.default_rng(9)
    sums = np.cumsum(rng.normal(0.0, 10.0, (4000, 200)), axis=1)
    looks = np.arange(1, 201)
    widths = np.array([half_width(100.0 / n, 25.0) for n in looks])
    assert (np.abs(sums / looks) > widths).any(axis=1).mean() < 0.05
