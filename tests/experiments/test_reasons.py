"""Every reason that a look can give is told in French, too; found in the sources, so that none is forgotten."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import experiments
from experiments.estimators import NoEstimate, mean_difference
from experiments.estimators.cluster_means import too_few_clusters
from experiments.estimators.estimate import no_variance, too_few
from experiments.moments import Variance
from experiments.reasons import UNTOLD, french_reason

ROOT = Path(next(iter(experiments.__path__)))
NOT_IN_VERDICTS = {"no mechanism is stated", "all units are of one cluster"}
"""Mechanisms are no verdict's reason; a file's own words are in its flags."""


def templates() -> Iterator[str]:
    """Yield the reasons in the sources, with a figure for each part that is filled in."""
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "NoEstimate"
            if named and isinstance(node, ast.Call) and len(node.args) > 1 and (told := text_of(node.args[1])):
                yield told


def text_of(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) if isinstance(part, ast.Constant) else filled(part) for part in node.values)
    return ""


def filled(part: ast.expr) -> str:
    named = ast.unparse(part)
    return "control" if "arm" in named or "treatment" in named else "7"


@pytest.mark.parametrize("reason", sorted(r for r in set(templates()) if not any(n in r for n in NOT_IN_VERDICTS)))
def test_a_reason_in_the_sources_is_known_in_french(reason: str) -> None:
    told = french_reason(reason)
    assert told not in {"", UNTOLD}, reason
    assert "{" not in told
    assert ("7" in reason) == ("7" in told)


def test_what_engines_say_is_found_in_french() -> None:
    said = [
        too_few(0, 40),
        too_few(40, 12),
        too_few_clusters(2, 3),
        too_few_clusters(12, 0),
        mean_difference(Variance.given(40, 1.0, 0.0), Variance.given(40, 1.0, 0.0)),
        no_variance(),
    ]
    for each in said:
        assert isinstance(each, NoEstimate)
        assert french_reason(each.reason) != UNTOLD
    assert french_reason("the smaller arm has 12 mature units; no look before 30 per arm") == (
        "le plus petit groupe a 12 clients dont la fenêtre est close ; pas d’avis avant 30 par groupe"
    )
    assert not french_reason("")
    assert french_reason("something new") == UNTOLD
