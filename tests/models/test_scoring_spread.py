"""A scope's interval: the clustered variance of an outside library, and its coverage where contacts are not alone."""

import random

import numpy as np
import pytest
import statsmodels.api as sm

from models.cells import Counts
from models.identifiers import DAY, Millis
from models.scoring.spread import MIN_GROUPS, DayGroup, scope_score, variance_of

Cells = dict[DayGroup, Counts]


def put(cells: Cells, day: int, group: int, score: int) -> None:
    counts = cells.setdefault((Millis(day * DAY), group), {})
    for key, value in (("contact.n", 1), ("contact.f", score), ("contact.loss.wait", 10_000 - score)):
        counts[key] = counts.get(key, 0) + value


def company(chance: random.Random, customers: int = 120, days: int = 28) -> Cells:
    """Make customers with a temper of their own, each with many contacts: forty contacts do not count as forty."""
    cells: Cells = {}
    moods = [chance.gauss(0, 400) for _ in range(days)]
    for customer in range(customers):
        temper = chance.gauss(7000, 1500)
        for _ in range(chance.randint(1, 12)):
            day = chance.randrange(days)
            score = temper + moods[day] + chance.gauss(0, 500)
            put(cells, day, customer % 32, min(10_000, max(0, round(score))))
    return cells


def test_between_customers_equals_the_cluster_robust_variance_of_statsmodels() -> None:
    chance = random.Random(7)
    values, groups = [], []
    cells: Cells = {}
    for _ in range(900):
        group = chance.randrange(32)
        score = round(8000 - 60 * group + chance.gauss(0, 100))
        put(cells, chance.randrange(1), group, score)
        values.append(score)
        groups.append(group)
    fitted = sm.OLS(np.array(values, dtype=float), np.ones(len(values))).fit(
        cov_type="cluster", cov_kwds={"groups": np.array(groups)}
    )
    assert variance_of(cells, "contact") == pytest.approx(float(fitted.bse[0]) ** 2, rel=1e-9)


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(150):
        score = scope_score(company(random.Random(seed)), "contact")
        assert score.low is not None
        assert score.high is not None
        covered += score.low <= 6985 <= score.high  # clipping at 100 takes 15 hundredths off the mean of 70
    assert covered >= 0.9 * 150


def test_answers_widen_the_interval_by_their_own_uncertainty() -> None:
    cells = company(random.Random(1))
    plain = variance_of(cells, "contact")
    chance = random.Random(2)
    for (day, group), counts in cells.items():
        if chance.random() < 0.3:
            gap = round(chance.gauss(500, 3000))
            counts |= {"contact.said": 1, "contact.gap": gap}
        assert (day, group) in cells
    with_answers = variance_of(cells, "contact")
    assert plain is not None
    assert with_answers is not None
    assert with_answers > 1.5 * plain


def test_days_that_follow_each_other_widen_the_interval_more_than_the_same_days_shuffled() -> None:
    def of_days(levels: list[int]) -> float:
        cells: Cells = {}
        for day, level in enumerate(levels):
            for group in range(32):
                put(cells, day, group, level)
        variance = variance_of(cells, "contact")
        assert variance is not None
        return variance

    drifting = [7000 + 50 * day for day in range(28)]
    assert of_days(drifting) > 3 * of_days(random.Random(3).sample(drifting, 28))


def test_few_customers_have_no_interval() -> None:
    cells: Cells = {}
    for group in range(MIN_GROUPS - 1):
        put(cells, 0, group, 9000)
    score = scope_score(cells, "contact")
    assert score.value == 9000
    assert score.low is None
    assert scope_score({}, "contact").value is None
