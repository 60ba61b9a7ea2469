"""Before the start: power against statsmodels, likeness of clusters against its analysis of variance, rehearsals."""

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from msgspec.structs import replace
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower

from experiments.design import Arm, Baseline, Design, DesignKind
from experiments.designs import BeforeAfter, Clusters, Frame, Layout, Rollout, Switchback
from experiments.designs.panel import Table
from experiments.estimators import cuped_ratio
from experiments.moments import Comoments, Variance
from experiments.power import (
    by_week,
    design_effect,
    likeness_of,
    power_at,
    power_of,
    precision,
    rehearse_customers,
    rehearse_layout,
    shift_needed,
    smallest_effect,
    weeks_needed,
)
from experiments.power.rehearsing import _others
from experiments.rehearsal import Rehearsal
from experiments.spending import Stopping
from models.errors import InvalidInput
from models.identifiers import DAY, HOUR, Millis

Array = npt.NDArray[np.float64]
KNOWN = Baseline(mean=70.0, variance=900.0, units_per_day=60.0)
SITES = tuple(f"site {i:02}" for i in range(20))


def a_design(layout: Layout | None = None, kind: DesignKind = "customer_randomised", **changes: object) -> Design:
    given: dict[str, object] = {"baseline": KNOWN, "stopping": "fixed"} | changes
    return Design((Arm("a"), Arm("b")), 1_000, Millis(70 * DAY), "p", kind=kind, layout=layout, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize("units", [6, 10, 40])
def test_power_with_few_units_is_statsmodels_noncentral_t(units: int) -> None:
    effect = 0.9
    theirs = TTestIndPower().power(effect, units, 0.05)
    assert power_of(effect / math.sqrt(2 / units), "fixed", 2.0 * units - 2) == pytest.approx(theirs, rel=1e-9)
    paired = TTestPower().power(effect, units, 0.05)
    assert power_of(effect * math.sqrt(units), "fixed", units - 1.0) == pytest.approx(paired, rel=1e-9)


@pytest.mark.parametrize("stopping", ["fixed", "spending"])
def test_few_degrees_of_freedom_need_a_larger_shift_and_many_do_not(stopping: Stopping) -> None:
    assert shift_needed(0.8, stopping, 8.0) > shift_needed(0.8, stopping, 30.0) > shift_needed(0.8, stopping)
    assert shift_needed(0.8, stopping, 900.0) == pytest.approx(shift_needed(0.8, stopping), rel=5e-3)
    assert power_of(shift_needed(0.8, stopping, 8.0), stopping, 8.0) == pytest.approx(0.8, abs=1e-9)


def customers(sizes: list[int], between: float, seed: int = 1) -> list[Array]:
    rng = np.random.default_rng(seed)
    return [rng.normal(70 + between * rng.normal(), 10.0, size) for size in sizes]


def test_likeness_is_that_of_an_analysis_of_variance() -> None:
    sizes = [30, 12, 55, 40, 8, 25, 60, 33]
    groups = customers(sizes, 4.0)
    ratio = float(stats.f_oneway(*groups).statistic)
    typical = (sum(sizes) - sum(n * n for n in sizes) / sum(sizes)) / (len(sizes) - 1)
    found = likeness_of([Variance.of(group) for group in groups])
    assert found.correlation == pytest.approx((ratio - 1) / (ratio - 1 + typical), rel=1e-9)
    centred = np.concatenate([group - group.mean() for group in groups])
    assert found.within == pytest.approx(float(centred @ centred) / (len(centred) - len(sizes)), rel=1e-9)
    assert found.unevenness == pytest.approx(np.std(sizes) / np.mean(sizes), rel=1e-9)


def test_customers_who_are_not_alike_have_no_likeness() -> None:
    assert likeness_of([Variance.of(group) for group in customers([50] * 200, 0.0)]).correlation < 0.01
    alike = [Variance.of(group) for group in customers([50] * 200, 5.0)]
    assert likeness_of(alike).correlation == pytest.approx(0.2, abs=0.03)
    for useless in ([Variance.of([1.0, 2.0])], [Variance.of([1.0]), Variance.of([2.0])], []):
        with pytest.raises(InvalidInput, match="clusters"):
            likeness_of(useless)


@pytest.mark.parametrize("sizes", [[40] * 400, [10] * 200 + [70] * 200])
def test_the_design_effect_is_what_repetition_shows(sizes: list[int]) -> None:
    rho = 4.0**2 / (4.0**2 + 10.0**2)
    unevenness = float(np.std(sizes) / np.mean(sizes))
    draws = [np.concatenate(customers(sizes, 4.0, seed)).mean() for seed in range(300)]
    simple = (4.0**2 + 10.0**2) / sum(sizes)
    assert np.var(draws) / simple == pytest.approx(design_effect(40.0, rho, unevenness), rel=0.25)


def test_a_plan_of_clusters_has_the_precision_that_repetition_shows() -> None:
    layout, rho = Clusters(SITES, 0.05), 0.05
    known = precision(2_000, a_design(layout, "cluster"))
    rng = np.random.default_rng(2)
    means = rng.normal(0, math.sqrt(900 * rho), (4_000, 20)) + rng.normal(
        0, math.sqrt(900 * (1 - rho) / 100), (4_000, 20)
    )
    differences = means[:, 10:].mean(axis=1) - means[:, :10].mean(axis=1)
    assert known.standard_error == pytest.approx(float(differences.std()), rel=0.03)
    assert known.df == 18.0


def test_time_does_not_make_up_for_clusters() -> None:
    few = a_design(Clusters(SITES[:10], 0.2), "cluster")
    with pytest.raises(InvalidInput, match=r"104 weeks do not suffice to see 5; .* take about [\d.]+ times as many"):
        weeks_needed(5.0, few)
    more = a_design(Clusters(tuple(f"s{i}" for i in range(200)), 0.02), "cluster")
    assert weeks_needed(5.0, more).days < 7 * 12
    rows = by_week(few, 12)
    assert [row.weeks for row in rows] == list(range(1, 13))
    assert all(a.effect > b.effect for a, b in pairwise(rows))
    assert rows[-1].effect > 0.7 * rows[3].effect


def test_what_is_detectable_has_the_power_it_is_said_to_have() -> None:
    for design in (a_design(), a_design(stopping="spending"), a_design(Clusters(SITES, 0.05), "cluster")):
        effect = smallest_effect(1_000, design)
        assert power_at(effect, 1_000, design) == pytest.approx(0.8, abs=1e-6)
    sample = weeks_needed(5.0, a_design())
    assert sample.sentence == "to see 5 with a chance of 80 %: 1,260 customers, 3 weeks"


@pytest.mark.parametrize(
    ("design", "words"),
    [
        (a_design(baseline=None), "baseline"),
        (a_design(Clusters(SITES), "cluster"), "correlation"),
        (a_design(Switchback(Millis(DAY)), "switchback"), "rehearse it on past data first"),
        (a_design(BeforeAfter(), "before_after"), "rehearse it on past data first"),
    ],
)
def test_what_power_cannot_be_computed_from_is_said(design: Design, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        power_at(5.0, 1_000, design)


def test_a_rehearsal_is_what_power_is_computed_from() -> None:
    design = a_design(Switchback(Millis(DAY)), "switchback", rehearsal=Rehearsal(1_000, 50, 1.5, 27.0, 56.0))
    assert power_at(5.0, 1_000, design) == pytest.approx(power_of(5.0 / 1.5, "fixed", 27.0))
    assert precision(1, design).standard_error == 1.5


def test_a_rehearsal_of_one_duration_tells_of_others_only_where_variance_falls_with_blocks() -> None:
    rehearsed = Rehearsal(1_000, 50, 3.0, 27.0, 28.0)
    design = a_design(Switchback(Millis(DAY)), "switchback", rehearsal=rehearsed)
    weeks = by_week(design, 16)
    assert weeks[15].effect / weeks[3].effect == pytest.approx(0.5, rel=0.03)
    assert weeks[3].effect == pytest.approx(smallest_effect(1, design), rel=1e-9)
    assert weeks_needed(weeks[6].effect, design).days == 49
    with pytest.raises(InvalidInput, match="rehearse it on past data first"):
        by_week(a_design(BeforeAfter(), "before_after", rehearsal=rehearsed))


def test_a_rehearsal_of_customers_is_carried_to_as_many_as_are_planned() -> None:
    # Adjusting by the time before has halved the variance of what the baseline says.
    split = Rehearsal(1_000, 50, math.sqrt(0.5 * 4 * 900 / 4_000), 3_990.0, 28.0, units=4_000)
    plain, adjusted = a_design(), a_design(rehearsal=split)
    assert precision(1_000, adjusted).standard_error == pytest.approx(math.sqrt(0.5 * 4 * 900 / 1_000))
    assert smallest_effect(1_000, adjusted) / smallest_effect(1_000, plain) == pytest.approx(math.sqrt(0.5), rel=1e-3)
    for with_it, without in zip(by_week(adjusted, 4), by_week(plain, 4), strict=True):
        assert with_it.effect / without.effect == pytest.approx(math.sqrt(0.5), rel=5e-3)


def past_customers(size: int = 1_500) -> Array:
    rng = np.random.default_rng(3)
    level, n = rng.normal(70, 15, size), rng.integers(1, 4, size).astype(float)
    total = n * level + np.sqrt(n) * rng.normal(0, 20, size)
    return np.column_stack([total, n, level + rng.normal(0, 20, size), np.ones(size)])


def test_splitting_past_customers_finds_nothing_five_times_in_a_hundred() -> None:
    rows = past_customers()
    found = rehearse_customers(rows, 0.5, "spring/1", 28.0, runs=600)
    assert (found.runs, found.units) == (600, 1_500)
    assert not found.suspect
    assert abs(found.rate - 0.05) < 3 * math.sqrt(0.05 * 0.95 / 600)
    whole = cuped_ratio(Comoments.of(rows[::2]), Comoments.of(rows[1::2]))
    assert found.standard_error == pytest.approx(math.sqrt(whole.variance), rel=0.1)  # type: ignore[union-attr]
    assert found == rehearse_customers(rows, 0.5, "spring/1", 28.0, runs=600)
    with pytest.raises(InvalidInput, match="cannot be rehearsed"):
        rehearse_customers(rows[:40], 0.5, "spring/1", 28.0, runs=10)


def test_the_units_not_treated_are_all_the_others() -> None:
    rows, mask = past_customers(200) + 1e6, np.arange(200) % 3 == 0
    found, direct = _others(Comoments.of(rows), Comoments.of(rows[mask])), Comoments.of(rows[~mask])
    assert found.n == direct.n
    assert found.means == pytest.approx(direct.means, rel=1e-12)
    assert found.products == pytest.approx(direct.products, rel=1e-6)


def a_frame(days: float = 56.0) -> Frame:
    return Frame(0.5, Millis(6 * HOUR), "fixed", Millis(0), Millis(round(days * DAY)))


def a_past(clusters: int, columns: int, seed: int = 4, memory: float = 0.5) -> Table:
    """Return a past whose clusters keep their level and whose periods resemble the ones before."""
    rng = np.random.default_rng(seed)
    level = rng.normal(70, 5, (clusters, 1))
    values = rng.normal(0, 2, (clusters, columns))
    for t in range(1, columns):
        values[:, t] += memory * values[:, t - 1]
    names = SITES[:clusters] if clusters > 1 else ("",)
    before = (level[:, 0] + rng.normal(0, 1, clusters)) if clusters > 1 else np.full(1, np.nan)
    return Table(names, 0, level + values, np.zeros((clusters, columns), dtype=np.bool_), before)


@pytest.mark.parametrize(
    ("layout", "past"),
    [
        (Clusters(SITES), a_past(20, 1)),
        (Switchback(Millis(DAY), SITES[:4]), a_past(4, 56)),
        (Rollout(SITES, waves=5, every=2), a_past(20, 12)),
    ],
    ids=["cluster", "switchback", "rollout"],
)
def test_drawing_a_design_anew_over_its_past_finds_little_and_tells_its_error(layout: Layout, past: Table) -> None:
    found = rehearse_layout(layout, past, a_frame(), "spring/1", runs=400)
    assert found.runs == 400
    assert found.rate < 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    estimate = layout.effect(replace_treated(layout, past))
    assert found.standard_error == pytest.approx(math.sqrt(estimate.variance), rel=0.45)  # type: ignore[union-attr]


def replace_treated(layout: Layout, past: Table) -> Table:
    timetable = layout.timetable("one", a_frame())
    treated = np.array([timetable.treated[cluster] for cluster in past.clusters])
    lately = np.asarray(past.values)[:, -treated.shape[1] :]
    return Table(past.clusters, timetable.first, lately, treated, past.before)


def test_every_past_date_is_tried_before_a_date_is_believed() -> None:
    found = rehearse_layout(BeforeAfter(past=84), a_past(1, 400), a_frame(28), "any")
    assert found.runs == 400 - 84 - 28 + 1
    assert found.days == 28.0
    assert found.rate < 0.25
    with pytest.raises(InvalidInput, match="the past is too short"):
        rehearse_layout(BeforeAfter(past=84), a_past(1, 30), a_frame(28), "any")


def test_a_past_that_is_too_short_is_refused_in_words() -> None:
    with pytest.raises(InvalidInput, match="it has 20 periods and the plan 56"):
        rehearse_layout(Switchback(Millis(DAY), SITES[:4]), a_past(4, 20), a_frame(), "s", runs=3)


def test_a_design_that_fools_itself_on_the_past_may_not_start() -> None:
    loud = Rehearsal(1_000, 130, 1.0, 18.0, 56.0)
    assert loud.suspect
    design = replace(a_design(Clusters(SITES, 0.05), "cluster"), rehearsal=loud)
    assert any("13.0 %" in words for words in design.missing(Millis(0)))
