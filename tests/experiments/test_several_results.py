"""Holm and equivalence against statsmodels, Student's always-valid interval by its laws."""

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.weightstats import ttost_ind

from experiments.equivalence import equivalence, lies_within
from experiments.estimators import Estimate, mean_difference
from experiments.holm import holm_adjusted, holm_levels
from experiments.moments import Variance
from experiments.sequential import always_valid, e_above, half_width, normal_of, student_of
from experiments.spending import Stopping, critical_value, nominal_p, p_value
from models.errors import InvalidInput

P_VALUES = st.lists(st.floats(1e-9, 1.0), min_size=1, max_size=6)


@given(P_VALUES)
@settings(max_examples=15)  # theirs collects garbage at every call
def test_holm_is_statsmodels_and_its_levels_reject_the_same(p: list[float]) -> None:
    rejected, adjusted, *_ = multipletests(p, alpha=0.05, method="holm")
    assert holm_adjusted(p) == pytest.approx(adjusted.tolist(), rel=1e-9)
    if min(abs(a - 0.05) for a in adjusted) > 1e-9:
        assert [one <= level for one, level in zip(p, holm_levels(p), strict=True)] == rejected.tolist()


def test_one_result_alone_is_read_at_five_per_cent() -> None:
    assert holm_levels([0.2]) == [0.05]
    assert holm_levels([]) == []


Array = npt.NDArray[np.float64]


def two_arms() -> tuple[Array, Array]:
    rng = np.random.default_rng(3)
    return rng.normal(50, 4, 300), rng.normal(50.2, 6, 280)


@pytest.mark.parametrize("margin", [0.5, 1.0, 2.0])
def test_equivalence_is_statsmodels_two_one_sided_tests(margin: float) -> None:
    c, t = two_arms()
    found = mean_difference(Variance.of(c), Variance.of(t))
    assert isinstance(found, Estimate)
    theirs = ttost_ind(t, c, -margin, margin, usevar="unequal")[0]
    assert equivalence(found, margin, 1.0).p == pytest.approx(theirs, rel=1e-9)


def test_the_evidence_for_equivalence_is_the_weaker_side() -> None:
    found = Estimate(0.5, 0.01, 900.0, 50.0, 50.5, 500, 500)
    assert equivalence(found, 1.0, 1.0).e == pytest.approx(e_above(0.5, 0.01, 1.0))
    assert equivalence(found, 0.4, 1.0).e < 1.0
    assert lies_within(0.2, 0.8, 1.0)
    with pytest.raises(InvalidInput, match="margin"):
        equivalence(found, 0.0, 1.0)


@given(st.floats(0.0, 7.9), st.floats(2.0, 500.0))
@settings(max_examples=100)
def test_students_value_is_as_rare_as_the_normals(z: float, df: float) -> None:
    t = student_of(z, df)
    assert stats.t.sf(t, df) == pytest.approx(stats.norm.sf(z), rel=1e-6)
    assert t >= z - 1e-9
    assert normal_of(t, df) == pytest.approx(z, abs=1e-6)
    assert normal_of(-t, df) == pytest.approx(-z, abs=1e-6)


@given(st.floats(0.0, 1e6), st.floats(2.0, 500.0))
@settings(max_examples=100)
def test_far_out_students_value_stays_a_number_and_keeps_its_order(z: float, df: float) -> None:
    assert math.isfinite(student_of(z, df))
    assert student_of(z + 1.0, df) > student_of(z, df)
    assert normal_of(student_of(z, df), df) == pytest.approx(z, rel=1e-6, abs=1e-6)


@given(st.floats(-50, 50), st.floats(1e-4, 1e4), st.floats(1e-4, 1e4), st.floats(3.0, 60.0))
@settings(max_examples=100)
def test_with_few_clusters_the_interval_still_excludes_zero_exactly_at_twenty(
    difference: float, variance: float, tau: float, df: float
) -> None:
    found = always_valid(difference, variance, tau, df=df)
    assert math.isfinite(found.low)
    assert math.isfinite(found.e)
    if not math.isclose(found.e, 20.0, rel_tol=1e-5):
        assert (found.low > 0 or found.high < 0) == (found.e > 20)
    assert half_width(variance, tau, df=df) >= half_width(variance, tau)


def test_many_degrees_of_freedom_are_the_known_variance() -> None:
    assert always_valid(3.0, 1.0, 4.0, df=1e9).low == pytest.approx(always_valid(3.0, 1.0, 4.0).low, rel=1e-6)
    assert e_above(3.0, 1.0, 4.0, df=1e9) == pytest.approx(e_above(3.0, 1.0, 4.0), rel=1e-5)


@given(st.booleans(), st.one_of(st.floats(0.05, 1.0), st.floats(1e-9, 0.05)), st.floats(3.0, 1e4), st.floats(1e-4, 0.2))
@settings(max_examples=100)
def test_a_planned_p_value_is_the_level_whose_boundary_is_just_reached(
    once: bool,  # noqa: FBT001
    information: float,
    df: float,
    alpha: float,
) -> None:
    rule: Stopping = "fixed" if once else "spending"
    critical = critical_value(rule, information, df, alpha)
    assert 0.0 < critical < math.inf
    assert p_value(rule, information, critical, df) == pytest.approx(alpha, rel=1e-5)
    assert p_value(rule, information, 0.0, df) == 1.0
    assert nominal_p(rule, information, alpha) <= alpha
