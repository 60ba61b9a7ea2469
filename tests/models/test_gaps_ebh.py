import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.gaps.ebh import rejected

values = st.lists(st.floats(-5, 20), min_size=1, max_size=30)


def by_definition(ln_e: list[float], alpha: float, total: int) -> list[bool]:
    """Reject the k largest for the largest k whose k-th largest e is at least K/(kα)."""
    order = sorted(range(len(ln_e)), key=lambda i: -ln_e[i])
    best = 0
    for k in range(1, len(ln_e) + 1):
        if ln_e[order[k - 1]] >= np.log(total / (k * alpha)):
            best = k
    bar = ln_e[order[best - 1]] if best else np.inf
    return [value >= bar for value in ln_e]


@given(values, st.integers(0, 50))
def test_agrees_with_the_definition(ln_e: list[float], silent: int) -> None:
    total = len(ln_e) + silent
    assert rejected(np.array(ln_e), 0.05, total).tolist() == by_definition(ln_e, 0.05, total)


@given(values)
def test_the_order_of_scopes_does_not_matter(ln_e: list[float]) -> None:
    order = np.random.default_rng(len(ln_e)).permutation(len(ln_e))
    shuffled = rejected(np.array(ln_e)[order], 0.1)
    assert shuffled.tolist() == rejected(np.array(ln_e), 0.1)[order].tolist()


@given(values)
def test_scopes_that_cannot_speak_only_raise_the_bar(ln_e: list[float]) -> None:
    alone = rejected(np.array(ln_e), 0.05)
    among = rejected(np.array([*ln_e, *[np.nan] * 40]), 0.05)[: len(ln_e)]
    assert not (among & ~alone).any()


def test_one_declared_target_needs_twenty() -> None:
    assert rejected(np.log([20.0]), 0.05).tolist() == [True]
    assert rejected(np.log([19.9]), 0.05).tolist() == [False]


def test_nothing_watched_confirms_nothing() -> None:
    assert rejected(np.array([]), 0.05).tolist() == []


def test_the_share_of_false_discoveries_stays_under_alpha() -> None:
    rng = np.random.default_rng(4)
    shares = []
    for _ in range(400):
        d = rng.normal(0.0, 2.0, 100)
        d[:10] += 9.0
        z = d / 2.0
        ln_e = -0.5 * np.log(1 + 25 / 4) + z**2 * 25 / (2 * 29) + np.where(z > 0, np.log(2.0), -10.0)
        found = rejected(ln_e, 0.1)
        shares.append(found[10:].sum() / max(1, found.sum()))
    assert np.mean(shares) < 0.1
