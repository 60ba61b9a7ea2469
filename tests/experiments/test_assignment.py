"""Assignment: the committed vectors, another way to compute them, and what a hash must do for an experiment."""

import hashlib
import json
from fractions import Fraction
from pathlib import Path

import pytest
from scipy import stats

from experiments import assignment
from experiments.assignment import arm_of, point_of, simulated
from experiments.sample_ratio import BROKEN, sample_ratio_e
from models.errors import InvalidInput

VECTORS = json.loads(Path(assignment.__file__).with_name("assignment_vectors.json").read_text())["vectors"]
HALVES = [("control", 1), ("treatment", 1)]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['salt']}|{v['unit'][:12]}|{len(v['arms'])}")
def test_the_committed_vectors_hold(vector: dict[str, object]) -> None:
    salt, unit = str(vector["salt"]), str(vector["unit"])
    arms = [(str(name), int(weight)) for name, weight in vector["arms"]]  # type: ignore[attr-defined]
    total = sum(weight for _, weight in arms)
    assert point_of(salt, unit, total) == vector["point"]
    assert arm_of(salt, unit, arms) == vector["arm"]


@pytest.mark.parametrize("vector", VECTORS[:5])
def test_a_client_with_other_arithmetic_finds_the_same(vector: dict[str, object]) -> None:
    digest = hashlib.sha256(f"{vector['salt']}\0{vector['unit']}".encode()).hexdigest()
    share = Fraction(int(digest[:16], 16), 2**64)
    arms = [(str(name), int(weight)) for name, weight in vector["arms"]]  # type: ignore[attr-defined]
    total = sum(weight for _, weight in arms)
    ends = [Fraction(sum(weight for _, weight in arms[: i + 1]), total) for i in range(len(arms))]
    assert vector["arm"] == next(name for (name, _), end in zip(arms, ends, strict=True) if share < end)


def test_weights_are_respected() -> None:
    counts = simulated("salt", [("a", 1), ("b", 2), ("c", 5)], units=40_000)
    assert stats.chisquare(list(counts.values()), [5_000, 10_000, 25_000]).pvalue > 0.001


def test_two_salts_assign_independently() -> None:
    pairs = [[0, 0], [0, 0]]
    for i in range(20_000):
        unit = f"p1_{i}"
        first, second = arm_of("e1", unit, HALVES), arm_of("e2", unit, HALVES)
        pairs[first == "control"][second == "control"] += 1
    assert stats.chi2_contingency(pairs).pvalue > 0.001


def test_the_detector_accepts_what_the_hash_does_with_many_salts() -> None:
    for i in range(10):
        assert sample_ratio_e(list(simulated(f"salt-{i}", HALVES).values()), [1, 1]) < BROKEN


@pytest.mark.parametrize("arms", [[], [("a", 0), ("b", 1)], [("a", 1), ("b", -1)], [("a", 1), ("b", 10**7)]])
def test_arms_without_a_usable_weight_are_refused(arms: list[tuple[str, int]]) -> None:
    with pytest.raises(InvalidInput, match="integer weight"):
        arm_of("salt", "unit", arms)


@pytest.mark.parametrize("salt", ["", "a\0b"])
def test_a_salt_that_could_be_confused_is_refused(salt: str) -> None:
    with pytest.raises(InvalidInput, match="salt"):
        arm_of(salt, "unit", HALVES)
