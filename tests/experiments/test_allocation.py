"""Layers, holdouts, ramps and lists: the committed vectors, and what programs rely on whatever the numbers."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from experiments import assignment, strata
from experiments.allocation import (
    SLOTS,
    Allocation,
    RampStep,
    exclude_each_other,
    is_held_out,
    missing_from,
    ramp_point,
    share_of,
    slot_of,
)
from experiments.assignment import arm_of
from experiments.strata import Listed, draw
from models.identifiers import Millis

VECTORS = json.loads(Path(assignment.__file__).with_name("assignment_vectors.json").read_text())
Vector = dict[str, Any]
UNITS = st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable())
ARMS = [("control", 1), ("treated", 1)]


def other_arithmetic(salt: str, unit: str, total: int) -> int:
    """Compute the point as the documentation says, in another way than the code."""
    digest = hashlib.sha256(f"{salt}\0{unit}".encode()).hexdigest()[:16]
    return int(digest, 16) * total // 2**64


@pytest.mark.parametrize("vector", VECTORS["slots"], ids=lambda v: f"{v['layer']}|{v['unit'][:8]}")
def test_slots(vector: Vector) -> None:
    layer, unit = vector["layer"], vector["unit"]
    assert slot_of(layer, unit) == vector["slot"]
    assert other_arithmetic(f"ressenti/layer/{layer}", unit, 1000) == vector["slot"]


@pytest.mark.parametrize("vector", VECTORS["holdouts"], ids=lambda v: v["unit"][:8])
def test_holdouts(vector: Vector) -> None:
    unit, place = str(vector["unit"]), vector["place"]
    assert other_arithmetic("ressenti/holdout", unit, 1000) == place
    assert not is_held_out(unit, place)
    assert is_held_out(unit, place + 1)


@pytest.mark.parametrize("vector", VECTORS["ramps"], ids=lambda v: f"{v['salt']}|{v['unit'][:8]}")
def test_ramps(vector: Vector) -> None:
    assert ramp_point(vector["salt"], vector["unit"]) == vector["place"]
    assert other_arithmetic(f"{vector['salt']}/ramp", vector["unit"], 1000) == vector["place"]


@pytest.mark.parametrize("vector", VECTORS["strata"], ids=lambda v: v["salt"])
def test_strata(vector: Vector) -> None:
    listed = [Listed(unit, stratum) for unit, stratum in vector["listed"]]
    arms = [(name, int(weight)) for name, weight in vector["arms"]]
    assert [arm for _, arm in draw(str(vector["salt"]), listed, arms)] == vector["drawn"]


def test_the_documentation_shows_these_vectors() -> None:
    text = (Path(__file__).parents[2] / "docs" / "assignment.md").read_text(encoding="utf-8")
    for name, what, value in (("slots", "slot", "help"), ("holdouts", "place", ""), ("ramps", "place", "")):
        row = next(v for v in VECTORS[name] if v["unit"] == "p1_abc" and v.get("layer", value) == value)
        assert f"| {row[what]} |" in text


steps = st.lists(st.tuples(st.integers(0, 50), st.integers(1, SLOTS)), min_size=1, max_size=4)


@given(unit=UNITS, drawn=steps, holdout=st.integers(0, 500), earlier=st.integers(0, 60), later=st.integers(0, 60))
def test_a_unit_once_in_stays_in(
    unit: str, drawn: list[tuple[int, int]], holdout: int, earlier: int, later: int
) -> None:
    times, shares = sorted({at for at, _ in drawn}), sorted({share for _, share in drawn})
    ramp = tuple(RampStep(Millis(at), share) for at, share in zip(times, shares, strict=False))
    allocation = Allocation("help", 0, 600, holdout, ramp)
    assert not list(missing_from(allocation))
    first, second = sorted((earlier, later))
    if share_of(allocation, "salt", unit, Millis(first)) == "takes part":
        assert share_of(allocation, "salt", unit, Millis(second)) == "takes part"


@given(unit=UNITS, cut=st.integers(1, SLOTS - 1), salts=st.tuples(UNITS, UNITS))
def test_two_experiments_with_other_slots_of_one_layer_never_meet_a_unit(
    unit: str, cut: int, salts: tuple[str, str]
) -> None:
    left, right = Allocation("help", 0, cut), Allocation("help", cut, SLOTS - cut)
    assert exclude_each_other(left, right)
    taken = [share_of(a, salt, unit, Millis(0)) for a, salt in zip((left, right), salts, strict=True)]
    assert sorted(taken) == ["in another experiment of the layer", "takes part"]


@given(unit=UNITS, smaller=st.integers(0, SLOTS), larger=st.integers(0, SLOTS))
def test_a_larger_holdout_holds_everybody_of_a_smaller_one(unit: str, smaller: int, larger: int) -> None:
    low, high = sorted((smaller, larger))
    assert is_held_out(unit, high) or not is_held_out(unit, low)


def test_layer_ramp_holdout_and_arm_are_drawn_independently() -> None:
    units = [f"p1_{i}" for i in range(20_000)]
    draws: dict[str, Callable[[str], bool]] = {
        "layer": lambda unit: slot_of("help", unit) < 500,
        "other layer": lambda unit: slot_of("shop", unit) < 500,
        "ramp": lambda unit: ramp_point("salt", unit) < 500,
        "holdout": lambda unit: is_held_out(unit, 500),
        "arm": lambda unit: arm_of("salt", unit, ARMS) == "control",
    }
    found = {name: [drawn(unit) for unit in units] for name, drawn in draws.items()}
    names = list(found)
    for i, one in enumerate(names):
        assert abs(sum(found[one]) - 10_000) < 300, one
        for other in names[i + 1 :]:
            table = [[0, 0], [0, 0]]
            for a, b in zip(found[one], found[other], strict=True):
                table[a][b] += 1
            assert stats.chi2_contingency(table).pvalue > 1e-4, (one, other)


def test_the_share_is_what_really_takes_part() -> None:
    allocation = Allocation("help", 100, 400, 150, (RampStep(Millis(0), 100), RampStep(Millis(9), 700)))
    taken = sum(share_of(allocation, "s", f"p1_{i}", Millis(20)) == "takes part" for i in range(20_000))
    assert taken / 20_000 == pytest.approx(allocation.share, abs=0.01)


@pytest.mark.parametrize(
    ("allocation", "says"),
    [
        (Allocation("help", 900, 200), "slots 900 to 1099 are not there"),
        (Allocation("help", 0, 0), "slots 0 to -1 are not there"),
        (Allocation("", 10, 20), "without a layer"),
        (Allocation(holdout=1000), "leaves nobody"),
        (Allocation(ramp=(RampStep(Millis(0), 0),)), "1 to 1000 thousandths"),
        (Allocation(ramp=(RampStep(Millis(0), 50), RampStep(Millis(9), 50))), "must rise"),
        (Allocation(ramp=(RampStep(Millis(9), 50), RampStep(Millis(9), 90))), "must rise"),
        (Allocation(listed=(Listed("a"), Listed("a"))), "listed twice"),
        (Allocation(listed=(Listed(" "),)), "no name"),
        (Allocation(listed=tuple(Listed(f"u{i}") for i in range(strata.MOST + 1))), "at most 20,000"),
    ],
)
def test_what_cannot_be_is_said(allocation: Allocation, says: str) -> None:
    assert says in "; ".join(missing_from(allocation))


weights = st.lists(st.integers(1, 5), min_size=2, max_size=3)


@given(
    sizes=st.lists(st.integers(0, 23), min_size=1, max_size=4),
    weights=weights,
    salt=st.text("abc", min_size=1, max_size=6),
)
def test_each_arm_has_its_share_of_every_stratum(sizes: list[int], weights: list[int], salt: str) -> None:
    arms = [(f"arm{i}", weight) for i, weight in enumerate(weights)]
    listed = [Listed(f"p{s}_{i}", f"stratum {s}") for s, size in enumerate(sizes) for i in range(size)]
    drawn = dict(draw(salt, listed, arms))
    assert len(drawn) == len(listed)
    for s, size in enumerate(sizes):
        counts = Counter(drawn[f"p{s}_{i}"] for i in range(size))
        for name, weight in arms:
            # One unit a weight may fall on either side of a boundary.
            assert abs(counts[name] - size * weight / sum(weights)) <= weight


def test_every_unit_has_the_same_chance_of_each_arm() -> None:
    listed = [Listed(f"p{i}", "one") for i in range(5)]
    counts = Counter(arm for salt in range(3_000) for unit, arm in draw(f"s{salt}", listed, ARMS) if unit == "p3")
    assert stats.binomtest(counts["control"], 3_000).pvalue > 1e-4
