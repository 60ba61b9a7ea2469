"""An outside experiment's file: both shapes judged by our engine, everything wrong said with its lines, never a NaN."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from experiments.analysis import summaries, unit_looks
from experiments.analysis.judging import Expectation, Judged, Terms, judge
from experiments.analysis.peeking import naive, ours, summarised
from experiments.analysis.rows import moment, number, rows_of
from experiments.analysis.streams import Stream
from experiments.estimators import Estimate, mean_difference
from experiments.moments import Variance
from experiments.sample_ratio import BROKEN, sample_ratio_e
from experiments.sequential import always_valid
from experiments.verdict import Kind
from models.errors import InvalidInput

HEADER = ",".join(summaries.COLUMNS)


def lines_of(rows: Iterable[Sequence[object]], header: str = HEADER) -> list[str]:
    return [f"{header}\n", *(",".join(str(cell) for cell in row) + "\n" for row in rows)]


def row(
    time: object, count_c: object = 1000, mean_c: object = 1.0, variance_c: object = 4.0, **treated: object
) -> list[object]:
    mine = {"count_t": count_c, "mean_t": 1.1, "variance_t": variance_c} | treated
    return ["e", "v", "m", time, count_c, mean_c, variance_c, mine["count_t"], mine["mean_t"], mine["variance_t"]]


def summary(*rows: Sequence[object]) -> Stream:
    [stream] = summaries.streams(rows_of(lines_of(rows), "x.csv"), "x.csv")
    return stream


def test_a_look_says_what_the_engine_says_of_its_moments() -> None:
    stream = summary(row(1, 100), row(2, 1000), row(3, 4000))
    judged = judge(stream, Terms(expected={"": Expectation(0.2)}))
    last = judged.looks[-1]
    found = mean_difference(Variance.given(4000, 1.0, 4.0), Variance.given(4000, 1.1, 4.0))
    assert isinstance(found, Estimate)
    assert last.estimate == found
    assert last.interval == always_valid(found.value, found.variance, 0.2**2)
    assert last.sample_ratio_e == sample_ratio_e([4000, 4000], [1, 1])
    assert (judged.expected, judged.assumed, judged.worthwhile) == (0.2, False, 0.1)
    assert [look.verdict for look in judged.looks[:2]] == [Kind.NOT_YET, Kind.NOT_YET]


@pytest.mark.parametrize(
    ("gain", "down", "kind"),
    [
        (0.30, (), Kind.AS_EXPECTED),
        (0.30, ("m",), Kind.HARMFUL),
        (-0.30, (), Kind.HARMFUL),
        (0.70, (), Kind.BETTER),
        (0.16, (), Kind.LESS),
        (0.00, (), Kind.NO_WORTHWHILE_EFFECT),
    ],
)
def test_the_order_of_verdicts_is_ours(gain: float, down: tuple[str, ...], kind: Kind) -> None:
    stream = summary(row(1, 9_000, mean_t=1.0 + gain))
    terms = Terms(expected={"m": Expectation(0.3)}, down=frozenset(down), worthwhile=0.9 if not gain else 0.5)
    assert judge(stream, terms).looks[-1].verdict is kind


def test_what_goes_on_is_not_yet_and_what_is_over_inconclusive() -> None:
    stream = summary(row(1, 300, mean_t=1.05))
    assert judge(stream, Terms()).looks[-1].verdict is Kind.INCONCLUSIVE
    assert judge(stream, Terms(running=True)).looks[-1].verdict is Kind.NOT_YET


def test_an_expectation_is_relative_or_absolute_and_otherwise_blind_to_the_difference() -> None:
    stream = summary(row(1, 400, 2.0), row(2, 1600, 5.0))
    assert judge(stream, Terms(expected={"": Expectation.read("10%")})).expected == pytest.approx(0.2)
    assert judge(stream, Terms(expected={"other": Expectation(9.0)})).assumed
    two = [summary(row(1, 400), row(2, 1600, mean_t=t)) for t in (0.5, 1.0, 7.0)]
    assumed = {judge(each, Terms()).expected for each in two}
    assert len(assumed) == 1
    assert assumed.pop() == pytest.approx(2.8016 * math.sqrt(8.0 / 1600), rel=1e-4)
    with pytest.raises(InvalidInput, match="starts at zero; give an absolute size"):
        judge(summary(row(1, 400, 0.0)), Terms(expected={"": Expectation(0.1, relative=True)}))


@pytest.mark.parametrize("text", ["", "0", "-1", "nan", "inf", "abc", "%", "1e999", "1e200", "1e-200"])
def test_an_expectation_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no size above zero"):
        Expectation.read(text)


def test_a_broken_ratio_hides_the_estimates_unless_somebody_insists() -> None:
    stream = summary(row(1, 9_000, count_t=10_000))
    hidden = judge(stream, Terms()).looks[-1]
    assert hidden.verdict is Kind.INVALID
    assert (hidden.estimate, hidden.interval, hidden.harm_e) == (None, None, None)
    assert hidden.sample_ratio_e >= BROKEN
    shown = judge(stream, Terms(reveal=True)).looks[-1]
    assert shown.verdict is Kind.INVALID
    assert shown.estimate is not None
    assert judge(stream, Terms(shares=(9.0, 10.0))).looks[-1].verdict is not Kind.INVALID


BAD = {
    "variance_c: nothing is given: left out (line 3)": row(2, variance_c="", variance_t=4.0),
    "mean_t: nothing is given: left out (line 3)": row(2, mean_t="NaN"),
    "mean_t: 'inf' is not finite: left out (line 3)": row(2, mean_t="inf"),
    "variance_t is negative: left out (line 3)": row(2, variance_t=-0.1),
    "count_c is -5, which counts no units: left out (line 3)": row(2, -5, count_t=7),
    "count_c is 10.5, which counts no units: left out (line 3)": row(2, 10.5, count_t=7),
    "count_t: 'many' is not a number: left out (line 3)": row(2, count_t="many"),
    "time_since_start: 'soon' is neither a number of days nor a date: left out (line 3)": row("soon"),
    "time_since_start is before the start: left out (line 3)": row(-1),
}


@pytest.mark.parametrize("words", BAD)
def test_a_look_that_cannot_be_right_is_left_out_and_said_with_its_line(words: str) -> None:
    stream = summary(row(1, 100), BAD[words], row(3, 3000))
    assert words in stream.flags
    assert [look.line for look in stream.looks] == [2, 4]


def test_counts_that_fall_lose_the_fewest_looks() -> None:
    stream = summary(row(1, 100), row(2, 9000), row(3, 300), row(4, 400), row(5, 500))
    assert [look.line for look in stream.looks] == [2, 4, 5, 6]
    assert stream.flags == ("cumulated counts fall around this look: left out (line 3)",)


def test_a_clock_that_goes_back_and_two_looks_at_one_time_are_said() -> None:
    stream = summary(row(2, 200), row(1, 100), row(3, 300), row(3, 310))
    assert [look.enrolled[0] for look in stream.looks] == [100, 200, 310]
    assert stream.flags == (
        "the clock goes back: looks were put in order of time (line 3)",
        "two looks have the same time: the later line counts (line 4)",
    )


def test_a_metric_that_changes_its_unit_is_said() -> None:
    changed = summary(row(1, 1000), row(2, 1100, 100.0, 40_000.0, mean_t=110.0))
    assert changed.flags == ("the metric’s spread jumps here: it may have changed its meaning or its unit (line 3)",)
    moved = summary(row(1), row(2, 1010, 100.0, mean_t=100.1))
    assert moved.flags == ("the metric’s level jumps here: it may have changed its meaning or its unit (line 3)",)
    assert summary(row(1), row(2, 1010, 1.5)).flags == ()
    assert summary(row(1, 1000), row(2, 9000, 100.0, 40_000.0)).flags == ()


def test_an_arm_without_units_zero_variance_and_no_usable_look_end_in_words() -> None:
    for stream, reason in (
        (summary(row(1, 1000, count_t=0)), "the treatment arm has no mature unit"),
        (summary(row(1, 1000, variance_c=0, variance_t=0)), "within each arm every unit has the same value"),
        (summary(row(1, 20)), "no look before 30 per arm"),
    ):
        [look] = judge(stream, Terms(reveal=True)).looks
        assert reason in look.reason
        assert look.verdict in {Kind.INVALID, Kind.INCONCLUSIVE}
        assert (look.estimate, look.interval) == (None, None)
    nothing = judge(summary(row(1, mean_t="")), Terms())
    assert nothing.looks == ()


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ([], "it is empty"),
        (["\n"], "it is empty"),
        ([f"{HEADER}\n"], "it has no rows"),
        (["experiment_id,count_c,mean_c\n"], "variance_t' are missing"),
        ([HEADER.replace("mean_t", "mean_c") + "\n"], "column 'mean_c' is there twice"),
        ([HEADER.replace("mean_t", "") + "\n"], "a column has no name"),
        (lines_of([["e", "v", "m", 1]]), "line 2: 4 fields under 10 columns"),
        ([f"{HEADER}\n", 'e,v,"m\n'], "line 2: 3 fields under 10 columns"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_line(lines: list[str], says: str) -> None:
    with pytest.raises(InvalidInput, match=r"x\.csv: ") as caught:
        list(summaries.streams(rows_of(lines, "x.csv"), "x.csv"))
    assert says in str(caught.value)


def test_semicolons_tabs_and_a_byte_order_mark_are_read() -> None:
    for delimiter in ";\t":
        lines = [line.replace(",", delimiter) for line in lines_of([row(1, 500)])]
        lines[0] = f"\ufeff{lines[0]}"
        [stream] = summaries.streams(rows_of(lines, "x.csv"), "x.csv")
        assert stream.looks[0].enrolled == (500, 500)


cells = st.one_of(
    st.sampled_from(["", "nan", "inf", "-inf", "1e400", "x", "-1", "0", "1e308", "3"]),
    st.floats(allow_nan=True).map(str),
    st.integers(-10, 10_000).map(str),
)


@given(rows=st.lists(st.lists(cells, min_size=7, max_size=7), min_size=1, max_size=8))
@settings(max_examples=150, deadline=None)
def test_whatever_the_cells_hold_no_figure_is_nan(rows: list[list[str]]) -> None:
    lines = lines_of([["e", "v", "m", *cell] for cell in rows])
    for stream in summaries.streams(rows_of(lines, "x.csv"), "x.csv"):
        judged = judge(stream, Terms(reveal=True))
        assert all(math.isfinite(figure) for figure in figures(judged))
        summarised([judged], BROKEN)


def figures(judged: Judged) -> list[float]:
    found = [judged.expected or 0.0]
    for look in judged.looks:
        found += [look.sample_ratio_e, look.harm_e or 0.0]
        if look.estimate is not None:
            found += [look.estimate.value, look.estimate.standard_error, look.estimate.p_value]
        if look.interval is not None:
            found += [look.interval.low, look.interval.high, look.interval.e, look.interval.p]
    return found


def test_numbers_and_moments() -> None:
    assert number(" 1") == 1.0
    assert number("?") is None
    assert moment("2026-03-02") == moment("2026-03-02T00:00:00+00:00")


UNIT_HEADER = "unit,arm,day,spend,spend_pre"


def a_sheet(size: int = 400, gain: float = 1.0, seed: int = 3) -> list[list[object]]:
    random = np.random.default_rng(seed)
    before = random.normal(10, 3, size)
    arms = ["control", "treated"] * (size // 2)
    noise = random.normal(0, 1, size)
    return [
        [f"u{i}", arms[i], i * 10 // size, before[i] + noise[i] + gain * (arms[i] == "treated"), before[i]]
        for i in range(size)
    ]


def unit_streams(rows: list[list[object]], header: str = UNIT_HEADER, control: str | None = None) -> list[Stream]:
    return list(unit_looks.streams(rows_of(lines_of(rows, header), "u.csv"), "u.csv", control))


def test_units_are_compared_day_by_day_and_by_their_past() -> None:
    [stream] = unit_streams(a_sheet())
    assert (stream.experiment, stream.variant, stream.metric) == ("u.csv", "treated", "spend")
    assert [look.time for look in stream.looks] == list(range(10))
    assert stream.looks[-1].enrolled == (200, 200)
    last = stream.usable[-1]
    assert last.adjusted == "by the period before"
    [plain] = unit_streams([[*r[:3], r[3]] for r in a_sheet()], "unit,arm,day,spend")
    assert plain.usable[-1].variance > 5 * last.variance
    assert last.value == pytest.approx(1.0, abs=0.3)
    values = [(r[1], float(str(r[3]))) for r in a_sheet()]
    control, treated = ([v for arm, v in values if arm == name] for name in ("control", "treated"))
    assert plain.usable[-1].value == pytest.approx(np.mean(treated) - np.mean(control), abs=1e-12)


def test_looks_of_units_are_those_of_the_units_known_by_then() -> None:
    rows = a_sheet()
    [stream] = unit_streams(rows)
    for day in (3, 7):
        [until] = unit_streams([r for r in rows if int(str(r[2])) <= day])
        ours_, theirs = stream.looks[day].found, until.looks[-1].found
        assert isinstance(ours_, Estimate)
        assert isinstance(theirs, Estimate)
        assert ours_.value == pytest.approx(theirs.value, rel=1e-9)
        assert ours_.variance == pytest.approx(theirs.variance, rel=1e-9)


def test_wrong_units_are_said_with_their_lines() -> None:
    rows = a_sheet(200)
    rows += [
        ["u0", "treated", 0, 5.0, 1.0],
        ["u1", "treated", 0, 99.0, 1.0],
        ["u900", "treated", 0, "nan", 1.0],
        ["u901", "treated", 0, "much", 1.0],
        ["", "treated", 0, 1.0, 1.0],
        ["u902", "", 0, 1.0, 1.0],
        ["u903", "control", "", 1.0, 1.0],
    ]
    [stream] = unit_streams(rows)
    assert set(stream.flags) == {
        "the unit is in two arms: left out of the comparison (line 202)",
        "the unit has been there before: its first row counts (line 203)",
        "spend: nothing is given (write 0 for a silent unit): left out (line 204)",
        "spend: 'much' is not a number: left out (line 205)",
        "no unit is given: left out (line 206)",
        "no arm is given: left out (line 207)",
        "day: nothing is given: left out (line 208)",
    }
    # Crossed units and those without an outcome met their arms all the same: the ratio is judged on them.
    assert stream.looks[-1].enrolled == (100, 103)
    assert stream.usable[-1].n_control == 99


def test_a_unit_of_two_arms_is_counted_once_in_each_however_often_it_is_there() -> None:
    rows = a_sheet(200) + [["u0", "treated", 0, 5.0, 1.0]] * 40 + [["u0", "control", 0, 5.0, 1.0]] * 9
    [stream] = unit_streams(rows)
    assert stream.looks[-1].enrolled == (100, 101)


def test_a_missing_period_before_counts_as_none_and_the_unit_stays() -> None:
    rows = [[*r[:4], "" if i == 5 else r[4]] for i, r in enumerate(a_sheet(200))]
    [stream] = unit_streams(rows)
    assert stream.flags == ("spend_pre: nothing is given (write 0 for a silent unit): counted as 0 (line 7)",)
    assert stream.usable[-1].n_control + stream.usable[-1].n_treatment == 200


def test_an_outcome_before_the_exposure_is_left_out_and_said() -> None:
    rows = [[*r[:3], float(str(r[2])) + 1.0, r[3]] for r in a_sheet(200)]
    rows[7][3] = -1
    [stream] = unit_streams(rows, "unit,arm,day,outcome_day,spend")
    assert stream.flags == ("the outcome was taken before the exposure: left out (line 9)",)
    assert sum(stream.looks[-1].enrolled) == 199


def test_clusters_are_compared_as_wholes() -> None:
    random = np.random.default_rng(8)
    sites = random.normal(10, 2, 24)
    rows: list[list[object]] = [
        [f"u{i}", "treated" if i % 24 < 12 else "control", f"site{i % 24}", sites[i % 24] + random.normal()]
        for i in range(2_400)
    ]
    [stream] = unit_streams(rows, "unit,arm,cluster,spend")
    found = stream.usable[-1]
    assert (found.counted, found.n_control, found.n_treatment) == ("clusters", 12, 12)
    [naively] = unit_streams([[*r[:2], r[3]] for r in rows], "unit,arm,spend")
    assert found.variance > 20 * naively.usable[-1].variance
    rows.append(["extra", "control", "site0", 3.0])
    [mixed] = unit_streams(rows, "unit,arm,cluster,spend")
    assert "a cluster is in two arms: its units are left out" in mixed.flags[0]
    [one] = unit_streams([[*r[:2], "all" if r[1] == "control" else "", r[3]] for r in rows], "unit,arm,cluster,spend")
    assert not one.usable


@pytest.mark.parametrize(
    ("header", "rows", "control", "says"),
    [
        ("unit,spend", [["u", 1]], None, "the column 'arm' is missing; it has unit, spend"),
        ("unit,arm", [["u", "a"]], None, "it has no metric"),
        ("unit,arm,spend", [], None, "it has no rows"),
        ("unit,arm,spend", [["u", "a", 1]], None, "only the arm a has units"),
        ("unit,arm,spend", [["u", "x", 1], ["v", "y", 1]], None, "which arm is the control? its arms are x, y"),
        ("unit,arm,spend", [["u", "x", 1], ["v", "y", 1]], "z", "the control 'z' has no unit"),
    ],
)
def test_a_table_of_units_that_says_too_little_is_refused(
    header: str, rows: list[list[object]], control: str | None, says: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        unit_streams(rows, header, control)
    assert says in str(caught.value)


def test_several_variants_and_experiments_are_each_compared_with_their_control() -> None:
    rows = [[f"u{i}", "abc"[i % 3], f"e{i % 2}", i % 7, i % 5] for i in range(600)]
    found = unit_streams(rows, "unit,arm,experiment,spend,visits")
    assert [(s.experiment, s.variant, s.metric) for s in found] == [
        (e, v, m) for e in ("e0", "e1") for v in ("b", "c") for m in ("spend", "visits")
    ]


def test_peeking_is_counted_the_same_way_for_both() -> None:
    def looks(*means: float) -> Judged:
        rows = [row(i, 2_000 * (i + 1), mean_t=1.0 + mean) for i, mean in enumerate(means)]
        return judge(summary(*rows), Terms(expected={"": Expectation(0.1)}))

    faded, stayed, turned = looks(0.30, 0.10, 0.0), looks(0.0, 0.2, 0.25), looks(0.4, 0.0, -0.3)
    for judged, declared, reversed_ in ((faded, True, True), (stayed, True, False), (turned, True, True)):
        for said in (naive(judged), ours(judged)):
            assert (said.declared, said.reversed) == (declared, reversed_)
    quiet = looks(0.0, 0.01, 0.0)
    assert not naive(quiet).declared
    total = summarised([faded, stayed, turned, quiet], BROKEN)
    assert (total.streams, total.naive_declared, total.naive_reversed) == (4, 3, 2)
    assert "a naive peeker declares 3 and takes back 2; we declare 3 and take back 2" in total.sentence
