import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.cells import Counts, value_of
from models.gaps.burn_rate import Lost, burn_rate
from models.gaps.causes import causes_of
from models.gaps.impact import Assumptions, Range, impact_of, shares_of
from models.gaps.word_of_mouth import word_of_mouth
from models.identifiers import FULL

CAUSES = ("wait", "late", "context_lost", "abandoned", "incident")


@st.composite
def cells(draw: st.DrawFn) -> Counts:
    n = draw(st.integers(1, 5000))
    lost = {f"journey.loss.{c}": draw(st.integers(0, 2000 * n)) for c in CAUSES}
    repaired = draw(st.integers(0, sum(lost.values()) // 3))
    said = draw(st.integers(0, min(n, 200)))
    counts = {
        "journey.n": n,
        "journey.f": FULL * n - sum(lost.values()) + repaired,
        "journey.repaired": repaired,
        "journey.said": said,
        "journey.gap": draw(st.integers(-3000 * said, 3000 * said)) if said else 0,
        **lost,
    }
    return {key: value for key, value in counts.items() if value}


@given(cells())
def test_lines_add_up_exactly_to_what_is_missing(counts: Counts) -> None:
    n, said = counts["journey.n"], counts.get("journey.said", 0)
    exact = FULL - counts.get("journey.f", 0) / n + counts.get("journey.gap", 0) / (said if said >= 30 else n)
    total = sum(line.lost for line in causes_of(counts, "journey"))
    exact = min(FULL, max(0, exact))
    assert total == pytest.approx(exact, abs=0.5001)
    assert FULL - total == value_of(counts, "journey").value


@given(cells())
def test_each_line_is_its_share_to_the_hundredth(counts: Counts) -> None:
    for line in causes_of(counts, "journey"):
        if line.cause in CAUSES:
            assert abs(line.lost - counts[f"journey.loss.{line.cause}"] / counts["journey.n"]) < 1


@given(cells(), cells())
def test_growth_adds_up_exactly_to_the_drop(now: Counts, before: Counts) -> None:
    grew = [line.grew for line in causes_of(now, "journey", before)]
    dropped = (value_of(before, "journey").value or 0) - (value_of(now, "journey").value or 0)
    assert sum(g for g in grew if g is not None) == dropped


@given(cells())
def test_causes_come_largest_first(counts: Counts) -> None:
    lost = [line.lost for line in causes_of(counts, "journey")]
    assert lost == sorted(lost, reverse=True)


def test_a_cause_that_is_gone_shows_as_shrunk() -> None:
    now = {"contact.n": 1, "contact.f": FULL}
    before = {"contact.n": 1, "contact.f": 9_000, "contact.loss.wait": 1_000}
    assert [(c.cause, c.lost, c.grew) for c in causes_of(now, "contact", before)] == [("wait", 0, -1000)]


def test_nothing_scored_has_no_causes() -> None:
    assert causes_of({}, "contact") == ()


@given(cells())
def test_shares_of_the_impact_add_up_to_all_of_it(counts: Counts) -> None:
    shares = shares_of(causes_of(counts, "journey"))
    assert sum(part for _, part in shares) in ((FULL,) if shares else (0,))


def test_impact_is_customers_times_excess_leaving_times_margin() -> None:
    believed = Assumptions(Range(0.15, 0.55, 0.90), 0.03, Range(60.0, 120.0, 240.0))
    impact = impact_of(200, [], believed)
    assert impact.leaving == Range(24.0, 104.0, 174.0)
    assert impact.money == Range(24.0 * 60, 104.0 * 120, 174.0 * 240)


def test_an_assumption_that_bad_service_costs_nothing_is_possible_and_never_negative() -> None:
    assert impact_of(10, [], Assumptions(Range(0.0, 0.03, 0.5), 0.03, Range(1, 1, 1))).leaving.low == 0.0


def test_word_of_mouth_takes_one_reading_at_a_time() -> None:
    assert word_of_mouth(10, 10, "people").bad == Range(100.0, 160.0, 220.0)
    assert word_of_mouth(10, 10, "weight").bad == Range(30.0, 30.0, 30.0)
    assert word_of_mouth(3, 1).net == Range(2.0, 8.0, 14.0)


def test_an_alarm_needs_the_long_and_the_short_window() -> None:
    hot, cool = Lost(50, 50 * 40.0), Lost(50, 50 * 10.0)
    assert burn_rate(80.0, hot, hot).burning
    assert not burn_rate(80.0, hot, cool).burning
    assert not burn_rate(80.0, cool, hot).burning
    assert not burn_rate(80.0, hot, Lost(0, 0.0)).burning
    assert burn_rate(100.0, hot, hot).burning
