"""Quantiles of an outside experiment's units: against NumPy's, and against the law that the values were drawn from."""

import numpy as np
import pytest
from scipy import stats

from experiments.analysis import unit_looks
from experiments.analysis.judging import Expectation, Terms, judge
from experiments.analysis.rows import rows_of
from experiments.analysis.streams import Stream
from experiments.estimators import Estimate, NoEstimate
from experiments.verdict import SUCCESSES
from models.errors import InvalidInput


def waits(size: int, gain: float = 0.0, seed: int = 7) -> list[list[object]]:
    """Return units with a lognormal wait each, exposed over ten days; the treated ones wait ``gain`` shares less."""
    random = np.random.default_rng(seed)
    drawn = 60.0 * random.lognormal(0.0, 1.0, size)
    arms = ["control", "treated"] * (size // 2)
    return [[f"u{i}", arm, i * 10 // size, drawn[i] * (1.0 - gain * (arm == "treated"))] for i, arm in enumerate(arms)]


def quantile_streams(rows: list[list[object]], *metrics: str, header: str = "unit,arm,day,wait") -> list[Stream]:
    return list(
        unit_looks.streams(
            rows_of([header, *(",".join(map(str, row)) for row in rows)], "u.csv"), "u.csv", None, metrics
        )
    )


@pytest.mark.parametrize(("metric", "share"), [("wait@p50", 0.5), ("wait@p90", 0.9), ("wait@p97.5", 0.975)])
def test_a_quantile_that_is_asked_for_is_judged_look_by_look(metric: str, share: float) -> None:
    rows = waits(4_000, gain=0.3)
    [stream] = quantile_streams(rows, metric)
    assert (stream.metric, len(stream.looks)) == (metric, 10)
    for day in (4, 9):
        found = stream.looks[day].found
        assert isinstance(found, Estimate)
        for arm, level in (("control", found.control), ("treated", found.treatment)):
            values = [float(str(row[3])) for row in rows if row[1] == arm and int(str(row[2])) <= day]
            assert level == pytest.approx(np.quantile(values, share, method="inverted_cdf"), rel=0.0025)
        law = stats.lognorm(1.0, scale=60.0)
        theirs = share * (1 - share) / (200 * (day + 1)) / law.pdf(law.ppf(share)) ** 2 * (1 + 0.7**2)
        assert found.variance == pytest.approx(theirs, rel=0.6)
    judged = judge(stream, Terms(expected={metric: Expectation.read("30%")}, down=frozenset({metric})))
    assert judged.looks[-1].verdict in SUCCESSES


def test_a_mean_and_a_quantile_of_one_column_stand_side_by_side() -> None:
    rows = waits(400)
    mean, ninth = quantile_streams([*rows[:-1], [*rows[-1][:3], -5.0]], "wait", "wait@p90")
    assert (mean.flags, mean.usable[-1].n_control + mean.usable[-1].n_treatment) == ((), 400)
    assert ninth.flags == ("wait is negative, and quantiles are of values from 0 up: left out (line 401)",)
    assert ninth.usable[-1].n_control + ninth.usable[-1].n_treatment == 399
    assert ninth.looks[-1].enrolled == (200, 200)
    first = ninth.looks[0].found
    assert isinstance(first, NoEstimate)
    assert "needs 100 per arm" in first.reason


def test_a_quantile_needs_its_column_and_units_drawn_one_by_one() -> None:
    with pytest.raises(InvalidInput, match="the column 'delay' is missing"):
        quantile_streams(waits(10), "delay@p90")
    with pytest.raises(InvalidInput, match="'wait@p0' is missing"):
        quantile_streams(waits(10), "wait@p0")
    sites = [[*row, f"site {i % 8}"] for i, row in enumerate(waits(80))]
    with pytest.raises(InvalidInput, match="quantiles are of units drawn one by one"):
        quantile_streams(sites, "wait@p90", header="unit,arm,day,wait,cluster")
    [named] = quantile_streams([[*row, 1.0] for row in waits(80)], "wait@p90", header="unit,arm,day,wait,wait@p90")
    assert named.usable == []
    assert isinstance(named.looks[-1].found, NoEstimate)
    assert named.looks[-1].found.kind == "no_variance"
