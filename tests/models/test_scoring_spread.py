"""A scope's interval: the clustered variance of an outside library, and its coverage where contacts are not alone."""

import random
from itertools import pairwise
from math import sqrt

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from models.cells import Counts, ScopeScore, Unit
from models.gaps.days import Day
from models.gaps.series import DayTable, table_of
from models.scoring import spread
from models.scoring.spread import MIN_GROUPS, scope_scores

Cells = dict[tuple[int, int], Counts]


def table(cells: Cells) -> DayTable:
    return table_of((Day(day), group, counts) for (day, group), counts in cells.items())


def scope_score(cells: Cells, unit: Unit) -> ScopeScore:
    return spread.scope_score(table(cells), unit)


def variance_of(cells: Cells, unit: Unit) -> float | None:
    return spread.variance_of(table(cells), unit)


def put(cells: Cells, day: int, group: int, score: int) -> None:
    counts = cells.setdefault((day, group), {})
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


def told(seed: int, days: int, answers: float) -> Cells:
    """Return cells of which some are empty, some days are missing, and some units answered."""
    chance = random.Random(seed)
    cells: Cells = {}
    for day in range(days):
        for group in chance.sample(range(32), chance.choice((0, 3, 12, 32))):
            for _ in range(chance.randint(1, 4)):
                put(cells, day, group, chance.randint(4000, 10_000))
            if chance.random() < answers:
                cells[day, group] |= {"contact.said": 1, "contact.gap": chance.randint(-4000, 4000)}
    return cells


def by_definition(cells: Cells) -> tuple[float, int]:
    """Return V and how many groups were met, straight from docs/method.md §3, in loops."""
    n, f, said, gap = (sum(c.get(f"contact.{k}", 0) for c in cells.values()) for k in ("n", "f", "said", "gap"))
    enough = said >= 30
    mean = f / n if enough else (f - gap) / n
    by_group, by_day = dict.fromkeys(range(32), 0.0), dict.fromkeys(range(400), 0.0)
    for (day, group), counts in cells.items():
        off = counts.get("contact.gap", 0)
        more = n / said * (off - gap / said * counts.get("contact.said", 0)) if enough else off
        residual = counts["contact.f"] - mean * counts["contact.n"] - more
        by_group[group] += residual
        by_day[day] += residual
    lived = len({day for day, _ in cells})
    square = sum(e * e for e in by_day.values())
    r = min(0.9, max(0.0, sum(a * b for a, b in pairwise(by_day.values())) / square))
    between_days = square * lived / (lived - 1) * (1 + r) / (1 - r)
    groups = len({group for _, group in cells})
    return max(32 / 31 * sum(e * e for e in by_group.values()), between_days) / n**2, groups


@given(st.integers(0, 10_000), st.integers(5, 60), st.sampled_from([0.0, 0.01, 0.5]))
@settings(max_examples=40, deadline=None)
def test_the_interval_is_that_of_the_definition(seed: int, days: int, answers: float) -> None:
    cells = told(seed, days, answers)
    assume(len({group for _, group in cells}) >= MIN_GROUPS)
    assume(len({day for day, _ in cells}) > 1)
    variance, groups = by_definition(cells)
    assert variance_of(cells, "contact") == pytest.approx(variance, rel=1e-9)
    score = scope_score(cells, "contact")
    half = float(stats.t.ppf(0.975, groups - 1)) * sqrt(variance)
    assert score.value is not None
    assert (score.low, score.high) == (max(0, round(score.value - half)), min(10_000, round(score.value + half)))


def test_scopes_scored_together_are_scored_as_if_alone() -> None:
    together = [told(seed, days, 0.3) for seed, days in ((1, 28), (2, 7), (3, 91), (4, 0), (5, 1))]
    alone = [scope_score(cells, "contact") for cells in together]
    assert scope_scores([table(cells) for cells in together], "contact") == alone
    assert scope_scores([], "contact") == []
