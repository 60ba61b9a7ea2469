from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.gaps.variance import Prefixes, Window, prefixes

Floats = NDArray[np.float64]


def window(seed: int, days: int = 20, answers: float = 0.4) -> Window:
    rng = np.random.default_rng(seed)
    n = rng.poisson(1.5, (days, 32)).astype(np.float64)
    n[rng.random(days) < 0.1] = 0
    f = n * rng.normal(78, 4, (days, 1)) + rng.normal(0, 10, (days, 32)) * np.sqrt(n)
    a = np.floor(n * answers)
    d = a * rng.normal(6, 2, (days, 32))
    target = np.linspace(78, 82, days)
    return Window(n[None], f[None], a[None], d[None], target[None], np.ones(1, dtype=np.bool_))


def by_definition(w: Window, days: int) -> tuple[float, float]:
    """Return shortfall and V of the first ``days`` days, straight from docs/method.md §3, in loops."""
    n, f, a, d = (values[0, :days] for values in (w.n, w.f, w.a, w.d))
    target = w.target[0, :days]
    total, answered = n.sum(), a.sum()
    short = sum(target[i] * n[i].sum() - f[i].sum() for i in range(days)) / total
    said = answered >= 30
    correction = d.sum() / answered if said else 0.0

    def residual(part_n: float, part_short: float, part_a: float, part_d: float) -> float:
        out = part_short - short * part_n
        return float(out + (total / answered) * (part_d - correction * part_a)) if said else out

    groups = [
        residual(n[:, g].sum(), float((target * n[:, g] - f[:, g]).sum()), a[:, g].sum(), d[:, g].sum())
        for g in range(32)
    ]
    daily = [
        residual(n[i].sum(), float(target[i] * n[i].sum() - f[i].sum()), a[i].sum(), d[i].sum()) for i in range(days)
    ]
    lived = int((n.sum(1) > 0).sum())
    square = sum(x * x for x in daily)
    r = sum(x * y for x, y in pairwise(daily)) / square
    held = min(max(r, 0.0), 0.9)
    by_customer = 32 / 31 * sum(x * x for x in groups) / total**2
    by_day = lived / (lived - 1) * square / total**2 * (1 + held) / (1 - held)
    return float(short + correction), float(max(by_customer, by_day))


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.4]))
def test_agrees_with_the_definition_on_every_evening(seed: int, answers: float) -> None:
    w = window(seed, answers=answers)
    stats = prefixes(w)
    for days in range(5, 21):
        shortfall, variance = by_definition(w, days)
        assert stats.shortfall[0, days - 1] == pytest.approx(shortfall)
        assert stats.variance[0, days - 1] == pytest.approx(variance)


def test_the_whole_window_is_its_last_prefix() -> None:
    w = window(3)
    every, whole = prefixes(w), prefixes(w, only_whole=True)
    for name in Prefixes.__slots__:
        assert getattr(whole, name)[0, 0] == pytest.approx(getattr(every, name)[0, -1]), name


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000))
def test_the_names_of_customer_groups_do_not_matter(seed: int) -> None:
    w = window(seed)
    order = np.random.default_rng(seed).permutation(32)
    n, f, a, d = (values[..., order] for values in (w.n, w.f, w.a, w.d))
    shuffled = Window(n, f, a, d, w.target, w.may_correct)
    assert prefixes(shuffled).variance == pytest.approx(prefixes(w).variance, nan_ok=True)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.floats(-20, 20))
def test_moving_scores_and_target_together_changes_nothing(seed: int, by: float) -> None:
    w = window(seed)
    moved = Window(w.n, w.f + by * w.n, w.a, w.d, w.target + by, w.may_correct)
    assert prefixes(moved).shortfall == pytest.approx(prefixes(w).shortfall, nan_ok=True, abs=1e-8)
    assert prefixes(moved).variance == pytest.approx(prefixes(w).variance, nan_ok=True, rel=1e-6)


def test_the_future_does_not_change_the_past() -> None:
    w = window(5)
    f = w.f.copy()
    f[:, 12:] += 1000
    later = prefixes(Window(w.n, f, w.a, w.d, w.target, w.may_correct))
    assert later.variance[0, :12] == pytest.approx(prefixes(w).variance[0, :12], nan_ok=True)


def test_one_customers_forty_contacts_do_not_count_as_forty() -> None:
    rng = np.random.default_rng(2)
    n = np.zeros((30, 32))
    n[:, :8] = 40
    taste = np.zeros(32)
    taste[:8] = rng.normal(0, 10, 8)
    f = n * (80 + taste)
    w = Window(n[None], f[None], 0 * n[None], 0 * n[None], np.full((1, 30), 80.0), np.ones(1, dtype=np.bool_))
    spread = float(taste[:8].std())
    assert float(prefixes(w).variance[0, -1]) == pytest.approx(spread**2 / 8 * 32 / 31, rel=1e-6)


def test_the_correction_by_answers_is_the_prediction_powered_mean() -> None:
    rng = np.random.default_rng(3)
    units, answered = 3200, 640
    inferred = rng.normal(75, 12, units)
    said = inferred - 6 + rng.normal(0, 9, units)
    n, f, a, d = (np.zeros((40, 32)) for _ in range(4))
    day, group = np.arange(units) % 40, rng.integers(0, 32, units)
    np.add.at(n, (day, group), 1)
    np.add.at(f, (day, group), inferred)
    np.add.at(a, (day[:answered], group[:answered]), 1)
    np.add.at(d, (day[:answered], group[:answered]), (inferred - said)[:answered])
    w = Window(n[None], f[None], a[None], d[None], np.full((1, 40), 80.0), np.ones(1, dtype=np.bool_))
    stats = prefixes(w, only_whole=True)
    off = (inferred - said)[:answered]
    assert stats.shortfall[0, 0] == pytest.approx(80 - (inferred.mean() - off.mean()))
    angelopoulos = inferred.var() / units + off.var() / answered
    assert 0.5 < float(stats.variance[0, 0]) / angelopoulos < 2.5


def test_fewer_than_thirty_answers_correct_nothing() -> None:
    w = window(7, answers=0.0)
    w.a[0, 0, :29] = 1
    w.d[0, 0, :29] = 50
    assert not prefixes(w).corrected.any()
    w.a[0, 1, 0] = 1
    assert prefixes(w).corrected[0, 1:].all()


def test_days_that_follow_each_other_weigh_less() -> None:
    days = np.arange(40)
    n = np.ones((40, 32))
    wave, alternate = 80 + 5 * np.sin(days / 6), 80 + 5 * np.sin(days / 6)[np.random.default_rng(1).permutation(40)]
    found = [
        prefixes(
            Window(n[None], (n * v[:, None])[None], 0 * n[None], 0 * n[None], np.full((1, 40), 80.0), np.ones(1, bool)),
            only_whole=True,
        )
        for v in (wave, alternate)
    ]
    assert found[0].r[0, 0] > 0.6 > abs(found[1].r[0, 0])
    assert found[0].variance[0, 0] > 3 * found[1].variance[0, 0]


def test_scores_that_never_vary_are_not_believed_without_limit() -> None:
    n = np.ones((20, 32))
    w = Window(n[None], 70 * n[None], 0 * n[None], 0 * n[None], np.full((1, 20), 80.0), np.ones(1, dtype=np.bool_))
    assert float(prefixes(w).variance[0, -1]) == pytest.approx(1 / 640)


def test_nothing_observed_gives_no_numbers() -> None:
    n = np.zeros((1, 6, 32))
    stats = prefixes(Window(n, n, n, n, np.full((1, 6), 80.0), np.ones(1, dtype=np.bool_)))
    assert not np.isfinite(stats.variance).any()
    assert (stats.units == 0).all()
