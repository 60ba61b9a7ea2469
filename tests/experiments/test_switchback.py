"""Blocks against scipy's paired test, schedules against its permutation test, carry-over by construction."""

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from experiments.designs.panel import Table
from experiments.designs.switchback import Switchback, blocks_of, carry_over, schedule_p
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.block_differences import block_differences
from models.identifiers import HOUR, Millis

Array = npt.NDArray[np.float64]


def pairs(blocks: int = 30, seed: int = 1) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    control = rng.normal(70, 5, blocks)
    return control, control + rng.normal(1.0, 3, blocks)


def test_block_differences_are_the_paired_t_test() -> None:
    control, treatment = pairs()
    found = block_differences(control, treatment)
    assert isinstance(found, Estimate)
    paired = stats.ttest_rel(treatment, control)
    assert found.p_value == pytest.approx(paired.pvalue, rel=1e-9)
    assert (found.df, found.counted) == (paired.df, "blocks")
    assert found.treatment - found.control == pytest.approx(found.value, rel=1e-12)


def test_a_block_with_one_empty_period_is_left_out() -> None:
    control, treatment = pairs()
    control[3] = treatment[7] = np.nan
    kept = np.isfinite(control + treatment)
    assert block_differences(control, treatment) == block_differences(control[kept], treatment[kept])


@pytest.mark.parametrize(
    ("control", "treatment", "kind"),
    [
        (np.array([]), np.array([]), "empty_arm"),
        (np.full(20, np.nan), np.ones(20), "empty_arm"),
        (np.arange(9.0), np.arange(9.0) + 1, "early"),
        (np.full(20, 70.1), np.full(20, 70.3), "no_variance"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(control: Array, treatment: Array, kind: str) -> None:
    found = block_differences(control, treatment)
    assert isinstance(found, NoEstimate)
    assert found.kind == kind


def test_the_p_value_among_schedules_is_scipys_sign_flip_test() -> None:
    difference = np.random.default_rng(2).normal(0.8, 1, 12)
    theirs = stats.permutation_test([difference], np.sum, permutation_type="samples", n_resamples=4_096)
    assert len(theirs.null_distribution) == 4_096  # all there are
    assert schedule_p(difference, "s") == pytest.approx(theirs.pvalue, rel=1e-12)


def table_of(values: Array, treated: npt.NDArray[np.bool_]) -> Table:
    lanes = tuple(f"lane {i}" for i in range(len(values)))
    return Table(lanes, 0, values, treated, np.full(len(values), np.nan))


def test_blocks_know_their_arms_and_whether_they_open_with_a_change() -> None:
    treated = np.array([[True, False, True, False, False, True, True, False]])
    control, treatment, changed = blocks_of(table_of(np.arange(8.0)[None, :], treated))
    assert control.tolist() == [1.0, 3.0, 4.0, 7.0]
    assert treatment.tolist() == [0.0, 2.0, 5.0, 6.0]
    assert np.isnan(changed[0])
    assert changed[1:].tolist() == [1.0, 0.0, 0.0]


def lived(effect: float, carried: float, seed: int, lanes: int = 4, blocks: int = 40) -> Table:
    """Return periods in which the arm before is still felt by ``carried`` points."""
    rng = np.random.default_rng(seed)
    first = rng.random((lanes, blocks)) < 0.5
    treated = np.stack([first, ~first], axis=2).reshape(lanes, 2 * blocks)
    values = 70 + rng.normal(0, 2, treated.shape) + effect * treated
    values[:, 1:] += carried * treated[:, :-1]
    return table_of(values, treated)


def test_carry_over_is_found_and_lowers_nothing_where_there_is_none() -> None:
    layout = Switchback(Millis(HOUR), ("lane 0", "lane 1", "lane 2", "lane 3"))
    felt, clean = layout.opinion(lived(5, 2, 1), "s"), layout.opinion(lived(5, 0, 1), "s")
    assert [check.failed for check in felt.checks] == [True]
    assert [check.passed for check in clean.checks] == [True]
    assert clean.p == pytest.approx(1e-4)
    # With an effect b and a carry-over c, blocks show b − c/2 on average.
    found = layout.effect(lived(5, 2, 1))
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(4.0, abs=3 * found.standard_error)


def test_carry_over_is_looked_at_from_five_blocks_of_either_kind_on() -> None:
    check = carry_over(np.arange(8.0), np.arange(8) < 4, "s")
    assert (check.passed, check.failed) == (None, False)
    assert "cannot be told" in check.english


def test_carry_over_is_suspected_where_there_is_none_no_oftener_than_said() -> None:
    rng = np.random.default_rng(7)
    changed = np.arange(12) % 2 == 0
    failed = [carry_over(rng.normal(5, 1, 12), changed, "s").failed for _ in range(600)]
    assert np.mean(failed) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 600)
