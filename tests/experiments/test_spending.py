"""The planned success rule: its closed forms against statsmodels and against simulation."""

import math

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower

from experiments.spending import boundary, critical_value, information, power, spent
from models.errors import InvalidInput

LOOKS = 200


def score_processes(
    drift: float, runs: int, seed: int, upto: float = 1.0
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    looks = round(LOOKS * upto)
    rng = np.random.default_rng(seed)
    return np.cumsum(rng.normal(drift / LOOKS, 1 / math.sqrt(LOOKS), (runs, looks)), axis=1)


def crossed(drift: float, seed: int, upto: float = 1.0) -> float:
    t = np.arange(1, round(LOOKS * upto) + 1) / LOOKS
    z = np.abs(score_processes(drift, 8_000, seed, upto)) / np.sqrt(t)
    limits = np.array([boundary(min(1.0, float(x))) for x in t])
    return float((z > limits).any(axis=1).mean())


def test_200_looks_spend_no_more_than_5_per_cent() -> None:
    assert 0.035 < crossed(0.0, 21) <= 0.055  # docs/method.md: 4.3 %


def test_power_is_what_the_closed_form_says() -> None:
    shift = 2.8016
    assert 0.74 < crossed(shift, 22) < 0.79  # docs/method.md: 76 %
    assert power(shift, "spending") == pytest.approx(0.7776, abs=1e-4)


def test_running_on_beyond_the_frozen_end_would_break_the_promise() -> None:
    assert 0.065 < crossed(0.0, 23, upto=1.5) < 0.095  # docs/method.md: 7.8 %


def test_power_of_one_look_is_statsmodels() -> None:
    for n, ratio, effect in ((100, 1.0, 0.3), (400, 3.0, 0.1)):
        shift = effect / math.sqrt(1 / n + 1 / (n * ratio))
        theirs = NormalIndPower().power(effect, n, 0.05, ratio=ratio)
        assert power(shift, "fixed") == pytest.approx(theirs, rel=1e-9)


def test_what_is_spent_is_the_boundarys_own_probability() -> None:
    for t in (0.2, 0.5, 1.0):
        assert spent(t) == pytest.approx(4 * stats.norm.sf(boundary(t)), rel=1e-9)
    assert spent(1.0) == pytest.approx(0.05, rel=1e-12)
    for stopping, alpha in (("fixed", 0.025), ("spending", 0.0125)):
        assert critical_value(stopping, 1.0, 58.0) == pytest.approx(stats.t.isf(alpha, 58.0), rel=1e-9)  # type: ignore[arg-type]


@pytest.mark.parametrize("outside", [0.0, -0.1, 1.0001])
def test_success_may_not_be_declared_outside_the_plan(outside: float) -> None:
    with pytest.raises(InvalidInput, match="may not be declared"):
        boundary(outside)


@pytest.mark.parametrize("rate", [0.5, 0.9, 1.0, 1.1, 2.0])
def test_more_or_fewer_units_than_planned_keep_the_promise(rate: float) -> None:
    # Units come at a steady rate; the plan expected rate 1. Looks at every half per cent of the time, then the end.
    elapsed = np.arange(1, LOOKS + 1) / LOOKS
    limits = np.array([boundary(information(round(1e6 * rate * s), 1_000_000, s)) for s in elapsed.tolist()])
    z = np.abs(score_processes(0.0, 6_000, 24)) / np.sqrt(elapsed)
    assert float((z > limits).any(axis=1).mean()) <= 0.055


def test_power_is_a_probability_whatever_the_size() -> None:
    for shift in (0.0, 1e-9, 5.0, 50.0, 1e4):
        assert 0.0 <= power(shift, "spending") <= 1.0
    assert power(0.0, "spending") == pytest.approx(0.05, rel=1e-9)
