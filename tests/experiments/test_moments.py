"""Laws every moment obeys, found by introspection, and what numpy says of the same numbers."""

import inspect

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments import moments
from experiments.moments import Comoments, Covariance, Mean, Variance
from models.errors import InvalidInput

NUMBERS = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def test_every_moment_has_the_three_verbs() -> None:
    classes = [thing for _, thing in inspect.getmembers(moments, inspect.isclass)]
    assert len(classes) == 6
    for moment in classes:
        assert {"update", "merge", "value"} <= set(dir(moment)), moment


@given(NUMBERS, st.integers(0, 40))
@settings(max_examples=50)
def test_online_merged_and_batch_agree(xs: list[float], cut: int) -> None:
    online, left, right = Variance(), Variance(), Variance()
    mean = Mean()
    for i, x in enumerate(xs):
        online, mean = online.update(x), mean.update(x)
        left, right = (left.update(x), right) if i < cut else (left, right.update(x))
    for found in (online, left.merge(right), right.merge(left), Variance.of(xs)):
        assert found.n == len(xs)
        assert found.mean == pytest.approx(np.mean(xs), rel=1e-9, abs=1e-6)
        assert found.value == pytest.approx(np.var(xs, ddof=1), rel=1e-9, abs=1e-6)
    assert mean.value == pytest.approx(np.mean(xs), rel=1e-9, abs=1e-6)


@given(NUMBERS, st.integers(0, 40))
@settings(max_examples=50)
def test_covariance_and_comoments_agree_with_numpy(xs: list[float], cut: int) -> None:
    ys = [x / 2 + i for i, x in enumerate(xs)]
    left, right = Covariance(), Covariance()
    matrix = Comoments.empty(2)
    for i, pair in enumerate(zip(xs, ys, strict=True)):
        left, right = (left.update(*pair), right) if i < cut else (left, right.update(*pair))
        matrix = matrix.update(pair)
    expected = np.cov(xs, ys, ddof=1)
    assert left.merge(right).value == pytest.approx(expected[0, 1], rel=1e-8, abs=1e-4)
    assert matrix.value is not None
    assert matrix.value == pytest.approx(expected, rel=1e-8, abs=1e-4)
    assert Comoments.of(list(zip(xs, ys, strict=True))).value == pytest.approx(expected, rel=1e-8, abs=1e-4)


@given(NUMBERS, NUMBERS, NUMBERS)
@settings(max_examples=30)
def test_merging_in_any_grouping_agrees(a: list[float], b: list[float], c: list[float]) -> None:
    x, y, z = Variance.of(a), Variance.of(b), Variance.of(c)
    one, other = x.merge(y).merge(z), z.merge(x.merge(y))
    assert one.n == other.n
    assert one.mean == pytest.approx(other.mean, abs=1e-6)
    assert one.m2 == pytest.approx(other.m2, rel=1e-9)


@pytest.mark.parametrize("offset", [1e8, 1e9])
def test_an_offset_does_not_cancel_the_variance(offset: float) -> None:
    xs = np.random.default_rng(1).standard_normal(10_000)
    shifted = xs + offset
    online = Variance()
    for x in shifted:
        online = online.update(float(x))
    halves = Variance.of(shifted[:5_000]).merge(Variance.of(shifted[5_000:]))
    matrix = Comoments.of(np.column_stack([shifted, shifted])).value
    naive = float((shifted**2).sum() - shifted.sum() ** 2 / len(shifted)) / (len(shifted) - 1)
    truth = float(np.var(xs, ddof=1))
    assert matrix is not None
    for found in (online.value, halves.value, matrix[0, 1]):
        assert found == pytest.approx(truth, rel=1e-6)
    assert abs(naive - truth) > 0.1  # what keeping Σx² would have given


def test_too_few_numbers_have_no_value_instead_of_nan() -> None:
    assert Mean().value is None
    assert Variance().update(1.0).value is None
    assert Covariance().update(1.0, 2.0).value is None
    assert Comoments.empty(2).value is None
    for empty in (Mean(), Variance(), Covariance()):
        assert empty.merge(empty) == empty  # type: ignore[arg-type]
    assert Variance.of([]) == Variance()


@pytest.mark.parametrize(
    ("n", "mean", "variance", "field"),
    [
        (-1, 0.0, 1.0, "count"),
        (5, None, 1.0, "mean"),
        (5, float("nan"), 1.0, "mean"),
        (5, 0.0, None, "variance"),
        (5, 0.0, -0.5, "variance"),
        (5, 0.0, float("inf"), "variance"),
    ],
)
def test_impossible_moments_are_refused_in_words(
    n: int, mean: float | None, variance: float | None, field: str
) -> None:
    with pytest.raises(InvalidInput, match=f"^{field}: .*; give"):
        Variance.given(n, mean, variance)
