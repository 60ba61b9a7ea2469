"""The stacked difference in differences against the long way round, its variance against every order there is."""

from itertools import permutations

import numpy as np
import numpy.typing as npt
import pytest
import statsmodels.api as sm

from experiments.designs.panel import Table
from experiments.designs.rollout import Rollout, filled, order_p, pre_trend
from experiments.estimators import Estimate, NoEstimate
from experiments.estimators.stacked import (
    Waves,
    contrasts,
    drawn_variance,
    effect_weights,
    stacked_difference,
    trend_weights,
)

Array = npt.NDArray[np.float64]
WAVES = Waves((3, 2, 4, 3), (4, 6, 7, 10), 3)


def panel(seed: int = 1, columns: int = 10, effect: float = 0.0) -> Array:
    rng = np.random.default_rng(seed)
    shared = np.cumsum(rng.normal(0, 1, columns))
    values = rng.normal(70, 5, (12, 1)) + shared + rng.normal(0, 1, (12, columns))
    starts = np.repeat(WAVES.starts, WAVES.sizes)
    return values + effect * (np.arange(columns) >= starts[:, None])


def by_hand(values: Array, waves: Waves) -> float:
    """Return the stacked difference in differences, cluster by cluster and period by period."""
    wave_of = np.repeat(np.arange(len(waves.sizes)), waves.sizes)
    gains = []
    for wave, start in enumerate(waves.starts):
        for t in range(start, values.shape[1]):
            later = [v for v in range(wave + 1, len(waves.starts)) if waves.starts[v] > t]
            controls = np.isin(wave_of, later)
            if controls.sum() < 2:
                continue
            change = values[:, t] - values[:, start - waves.past : start].mean(axis=1)
            gains += [gain - change[controls].mean() for gain in change[wave_of == wave]]
    return float(np.mean(gains))


def estimate(found: Estimate | NoEstimate) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


@pytest.mark.parametrize("columns", [5, 7, 8, 10])
def test_the_stacked_difference_is_the_long_way_round(columns: int) -> None:
    values = panel(columns=columns, effect=2.5)
    found = estimate(stacked_difference(values, np.arange(12), WAVES))
    assert found.value == pytest.approx(by_hand(values, WAVES), rel=1e-9)
    assert found.treatment - found.control == pytest.approx(found.value, rel=1e-12)


def test_the_order_of_rows_does_not_matter() -> None:
    values, mixed = panel(effect=1.0), np.random.default_rng(3).permutation(12)
    found = estimate(stacked_difference(values[mixed], np.argsort(mixed), WAVES))
    assert found.value == pytest.approx(estimate(stacked_difference(values, np.arange(12), WAVES)).value, rel=1e-12)


def test_one_wave_against_the_never_treated_is_two_way_fixed_effects() -> None:
    waves, values = Waves((6, 6), (5, 10), 5), panel(4)
    found = estimate(stacked_difference(values, np.arange(12), waves))
    clusters, periods = np.repeat(np.eye(12), 10, axis=0), np.tile(np.eye(10), (12, 1))
    treated = ((np.arange(10) >= 5) & (np.arange(12) < 6)[:, None]).ravel().astype(float)
    fitted = sm.OLS(values.ravel(), np.column_stack([treated, clusters, periods[:, 1:]])).fit()
    assert found.value == pytest.approx(fitted.params[0], rel=1e-9)


def test_no_cluster_is_ever_compared_with_one_treated_earlier() -> None:
    # An effect that grows for ever in the first wave must not look like a fall in the later ones.
    values = panel(5)
    values[:3, 4:] += 10.0 * np.arange(6)
    for weights in (effect_weights(WAVES, 10), trend_weights(WAVES, 10)):
        assert weights is not None
        assert weights[0, 4:].min() >= 0.0
        assert (weights[WAVES.labels].sum(axis=0)) == pytest.approx(0.0, abs=1e-12)
        assert weights.sum(axis=1) == pytest.approx(0.0, abs=1e-12)


def test_the_variance_is_that_over_every_order() -> None:
    waves = Waves((2, 2, 3), (3, 4, 6), 2)
    values = np.random.default_rng(6).normal(0, 1, (7, 6)).cumsum(axis=1)
    weights = effect_weights(waves, 6)
    assert weights is not None
    each = contrasts(weights, values)[waves.labels]
    every = np.array([each[np.arange(7), list(order)].sum() for order in permutations(range(7))])
    assert every.mean() == pytest.approx(0.0, abs=1e-12)
    assert drawn_variance(waves, contrasts(weights, values)) == pytest.approx(every.var(), rel=1e-9)
    observed = float(np.trace(each))
    share = (np.abs(every) >= abs(observed) - 1e-12).mean()
    assert order_p(weights[waves.labels], values, "s") == pytest.approx(share, abs=0.015)


def test_an_effect_does_not_count_as_noise() -> None:
    still, moved = (stacked_difference(panel(effect=points), np.arange(12), WAVES) for points in (0.0, 20.0))
    assert estimate(moved).value == pytest.approx(estimate(still).value + 20.0, rel=1e-9)
    assert estimate(moved).variance == pytest.approx(estimate(still).variance, rel=1e-9)


def test_the_estimate_scatters_as_its_variance_says() -> None:
    found = [estimate(stacked_difference(panel(seed), np.arange(12), WAVES)) for seed in range(400)]
    assert np.var([one.value for one in found]) == pytest.approx(np.mean([one.variance for one in found]), rel=0.2)
    assert abs(np.mean([one.value for one in found])) < 0.15


def test_a_trend_before_the_turn_is_found() -> None:
    values = panel(8)
    assert pre_trend(values, WAVES, "s").passed
    # The sooner a site's turn, the faster it was rising already.
    values += 2.0 * np.repeat([3, 2, 1, 0], WAVES.sizes)[:, None] * np.arange(10)
    found = pre_trend(values, WAVES, "s")
    assert found.failed
    assert "grade C" in found.english
    assert "niveau C" in found.french


def test_too_few_clusters_or_no_treated_period_yet_are_refused_in_words() -> None:
    few = stacked_difference(panel()[:8], np.arange(8), Waves((4, 4), (4, 10), 3))
    soon = stacked_difference(panel(columns=4), np.arange(12), WAVES)
    flat = stacked_difference(np.full((12, 10), 70.1), np.arange(12), WAVES)
    assert [getattr(one, "kind", "") for one in (few, soon, flat)] == ["early", "early", "no_variance"]
    assert isinstance(few, NoEstimate)
    assert "10 clusters" in few.reason


def a_table(values: Array, rows: dict[str, tuple[bool, ...]]) -> Table:
    treated = np.array([rows[name] for name in sorted(rows)])[:, : values.shape[1]]
    return Table(tuple(sorted(rows)), -4, values, treated, np.full(len(values), np.nan))


def test_gaps_are_filled_without_looking_at_the_arms_and_empty_clusters_are_left_out() -> None:
    layout = Rollout(tuple(f"site {i:02}" for i in range(12)), waves=4, every=3)
    rows = {f"site {i:02}": tuple(t >= 4 + 3 * (i // 3) for t in range(13)) for i in range(12)}
    values = np.random.default_rng(9).normal(70, 1, (12, 13))
    whole = estimate(layout.effect(a_table(values, rows)))
    holed = values.copy()
    holed[2, 5] = holed[7, 9] = np.nan
    assert estimate(layout.effect(a_table(holed, rows))).value == pytest.approx(whole.value, abs=0.3)
    holed[11] = np.nan
    assert estimate(layout.effect(a_table(holed, rows))).n_control == whole.n_control - 1
    nothing = layout.effect(a_table(np.full((12, 13), np.nan), rows))
    assert isinstance(nothing, NoEstimate)
    assert nothing.kind == "nothing_measured"
    additive = np.arange(4.0)[:, None] + 10 * np.arange(5.0)
    missing = additive.copy()
    missing[1, 2] = np.nan
    assert np.isfinite(filled(missing)).all()
    assert filled(additive) is additive
