"""The sample-ratio detector: against scipy's multinomial mixture, and how soon and how rarely it speaks."""

import math

import numpy as np
import pytest
from scipy import stats
from scipy.special import betaln

from experiments.sample_ratio import BROKEN, CONCENTRATION, sample_ratio_e
from models.errors import InvalidInput


def test_two_arms_are_the_closed_form_with_betaln() -> None:
    for a, b, share in ((10, 12, 0.5), (5_500, 4_500, 0.5), (9_100, 900, 0.9)):
        alpha, beta = CONCENTRATION * share, CONCENTRATION * (1 - share)
        log_e = betaln(alpha + a, beta + b) - betaln(alpha, beta) - a * math.log(share) - b * math.log(1 - share)
        assert sample_ratio_e([a, b], [share, 1 - share]) == pytest.approx(math.exp(log_e), rel=1e-9)


def test_three_arms_are_scipys_dirichlet_multinomial() -> None:
    counts, shares = [420, 310, 270], np.array([0.4, 0.35, 0.25])
    mixed = stats.dirichlet_multinomial.logpmf(counts, CONCENTRATION * shares, np.array(sum(counts)))
    plain = stats.multinomial(sum(counts), shares).logpmf(counts)
    assert math.log(sample_ratio_e(counts, [8, 7, 5])) == pytest.approx(mixed - plain, abs=1e-8)


def test_the_order_of_weights_units_does_not_matter() -> None:
    assert sample_ratio_e([120, 80], [1, 1]) == pytest.approx(sample_ratio_e([120, 80], [50, 50]), rel=1e-12)


def first_alarms(share: float, runs: int, every: int, units: int, seed: int) -> list[int | None]:
    """Return after how many units each run first reaches 20, looking ``every`` units."""
    rng = np.random.default_rng(seed)
    log_beta = betaln(CONCENTRATION / 2, CONCENTRATION / 2)
    n = np.arange(every, units + 1, every)
    first = np.cumsum(rng.binomial(every, share, (runs, len(n))), axis=1)
    log_e = betaln(CONCENTRATION / 2 + first, CONCENTRATION / 2 + n - first) - log_beta + n * math.log(2)
    hit = log_e >= math.log(BROKEN)
    return [int(n[row.argmax()]) if row.any() else None for row in hit]


def test_a_sound_ratio_is_rarely_suspected_in_200_looks() -> None:
    alarms = first_alarms(0.5, runs=4_000, every=50, units=10_000, seed=31)
    assert sum(a is not None for a in alarms) / 4_000 < 0.03  # docs/method.md: 2.3 %


def test_55_to_45_is_found_after_about_1200_units() -> None:
    alarms = [a for a in first_alarms(0.55, runs=4_000, every=50, units=10_000, seed=32) if a is not None]
    assert len(alarms) > 3_990
    assert 1_000 <= float(np.median(alarms)) <= 1_300  # docs/method.md: 1,200


def test_bad_counts_and_weights_are_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="one positive weight"):
        sample_ratio_e([1, 2], [1])
    with pytest.raises(InvalidInput, match="one positive weight"):
        sample_ratio_e([1, 2], [1, 0])
    with pytest.raises(InvalidInput, match="negative"):
        sample_ratio_e([1, -2], [1, 1])


def test_a_hopeless_ratio_stays_a_number() -> None:
    assert math.isfinite(sample_ratio_e([10_000_000, 0], [1, 1]))
