import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import proportion_confint

from models.gaps.consistency import Consistency, consistency, der_simonian_laird, q_of, q_profile
from models.gaps.days import Day
from models.gaps.good_experience import good_experience, share_of
from models.gaps.series import Series

effects = st.lists(st.tuples(st.floats(-20, 20), st.floats(0.05, 30)), min_size=2, max_size=15)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # statsmodels divides by Q and by clipped variances
@settings(max_examples=30, deadline=None)
@given(effects)
def test_agrees_with_statsmodels_on_der_simonian_laird(drawn: list[tuple[float, float]]) -> None:
    values, variances = (np.array(column) for column in zip(*drawn, strict=True))
    theirs = combine_effects(values, variances, method_re="dl")
    assert der_simonian_laird(values, variances) == pytest.approx(max(0.0, theirs.tau2), abs=1e-8)
    assert q_of(values, variances, 0.0) == pytest.approx(theirs.q)


@settings(max_examples=50, deadline=None)
@given(effects)
def test_the_q_profile_ends_where_q_meets_the_quantiles(drawn: list[tuple[float, float]]) -> None:
    values, variances = (np.array(column) for column in zip(*drawn, strict=True))
    low, high = q_profile(values, variances)
    freedom = len(values) - 1
    for end, level in ((low, 0.975), (high, 0.025)):
        bar = chi2.ppf(level, freedom)
        if end > 0:
            assert q_of(values, variances, end) == pytest.approx(bar, rel=1e-6, abs=1e-9)
        else:
            assert q_of(values, variances, 0.0) <= bar


def test_the_q_profile_of_a_published_meta_analysis() -> None:
    """BCG vaccine, 13 trials (Colditz et al. 1994): metafor's confint gives tau² from 0.1197 to 1.1115, DL 0.3088."""
    values = np.array(
        [
            -0.8893,
            -1.5854,
            -1.3481,
            -1.4416,
            -0.2175,
            -0.7861,
            -1.6209,
            0.0120,
            -0.4694,
            -1.3713,
            -0.3394,
            0.4459,
            -0.0173,
        ]
    )
    variances = np.array(
        [0.3256, 0.1946, 0.4154, 0.0200, 0.0512, 0.0069, 0.2230, 0.0040, 0.0564, 0.0730, 0.0124, 0.5325, 0.0714]
    )
    low, high = q_profile(values, variances)
    assert der_simonian_laird(values, variances) == pytest.approx(0.3088, abs=2e-3)
    assert low == pytest.approx(0.1197, abs=2e-3)
    assert high == pytest.approx(1.1115, abs=5e-3)


def team(seed: int, offset: float, base: float = 80.0, per_cell: float = 1.0) -> Series:
    rng = np.random.default_rng(seed)
    n = rng.poisson(per_cell, (30, 32)).astype(np.float64)
    f = n * (base + offset) + rng.normal(0, 12, (30, 32)) * np.sqrt(n)
    return Series(Day(100), n, f, 0 * n, 0 * n)


def test_teams_that_differ_do_so_beyond_chance() -> None:
    found = consistency({f"team{i}": {"phone": team(i, offset)} for i, offset in enumerate((-6, -3, 0, 3, 6))})
    assert isinstance(found, Consistency)
    assert found.beyond_chance
    assert found.low < np.std([-6, -3, 0, 3, 6], ddof=1) < found.high
    assert "beyond chance" in found.words


def test_equal_teams_on_unequal_channels_do_not_differ() -> None:
    members = {
        "phones": {"phone": team(1, 0, 70, 2.0), "chat": team(2, 0, 90, 0.2)},
        "chats": {"phone": team(3, 0, 70, 0.2), "chat": team(4, 0, 90, 2.0)},
        "both": {"phone": team(5, 0, 70), "chat": team(6, 0, 90)},
    }
    found = consistency(members)
    assert isinstance(found, Consistency)
    assert not found.beyond_chance
    assert max(abs(m.difference) for m in found.members) < 2


def test_chance_alone_is_called_beyond_chance_in_about_one_of_forty() -> None:
    hits = 0
    for run in range(100):
        found = consistency({f"t{i}": {"phone": team(1000 * run + i, 0.0)} for i in range(6)})
        hits += isinstance(found, Consistency) and found.beyond_chance
    assert hits / 100 < 0.06


def test_small_teams_are_left_out_and_named() -> None:
    members = {"a": {"p": team(1, 0)}, "b": {"p": team(2, 0)}, "tiny": {"p": team(3, 30, per_cell=0.01)}}
    found = consistency(members)
    assert isinstance(found, Consistency)
    assert found.left_out == ("tiny",)


def test_one_team_cannot_be_inconsistent() -> None:
    assert consistency({"a": {"p": team(1, 0)}}) == "not enough data: 1 of 2 groups with 30 contacts and 10 customers"


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 300), st.integers(1, 300))
def test_agrees_with_statsmodels_on_wilson(count: int, total: int) -> None:
    count = min(count, total)
    share = share_of(count, total)
    low, high = proportion_confint(count, total, method="wilson")
    assert share.interval.low == pytest.approx(low, abs=1e-9)
    assert share.interval.high == pytest.approx(high, abs=1e-9)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)).map(lambda p: (min(p), max(p))), max_size=60))
def test_everyone_is_in_one_share_or_left_out(customers: list[tuple[int, int]]) -> None:
    found = good_experience(customers)
    assert found.above_80.count + found.between.count + found.below_60.count + found.left_out == len(customers)
    assert found.rate.total == sum(total for _, total in customers)


def test_eighty_and_sixty_per_cent_are_between() -> None:
    found = good_experience([(4, 5), (3, 5)])
    assert found.between.count == 2


def test_nobody_has_no_share() -> None:
    assert good_experience([]).rate.value is None
