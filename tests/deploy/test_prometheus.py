"""Prometheus' files and the Grafana dashboard: valid, exercised, and naming only metrics that there are."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from web.metrics.catalogue import METRICS, PREFIX
from web.worker.catalogue import TOLD

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
ALL = (*METRICS, *(told.metric for told in TOLD))
NAMES = {PREFIX + metric.name + ("_total" if metric.kind == "counter" else "") for metric in ALL}
USED = re.compile(r"\bressenti_[a-z_]+")


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None and not os.environ.get("CI"):
        pytest.skip("promtool is not installed")
    assert found, "promtool must be installed in CI"
    return found


@pytest.mark.parametrize(
    "asked",
    [("check", "config", "prometheus.yml"), ("check", "rules", "rules.yml"), ("test", "rules", "rules_test.yml")],
    ids=" ".join,
)
def test_promtool_finds_nothing_to_say(promtool: str, asked: tuple[str, ...]) -> None:
    done = subprocess.run([promtool, *asked], cwd=PROMETHEUS, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


def test_alerts_name_metrics_that_exist_and_what_to_do() -> None:
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"][0]["rules"]
    for rule in rules:
        assert set(USED.findall(rule["expr"])) <= NAMES, rule["alert"]
        assert rule["annotations"]["do"], rule["alert"]


def test_every_alert_is_exercised() -> None:
    rules = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"][0]["rules"]
    tests = yaml.safe_load((PROMETHEUS / "rules_test.yml").read_text())["tests"]
    rung = {one["alertname"] for test in tests for one in test["alert_rule_test"] if one.get("exp_alerts")}
    assert {rule["alert"] for rule in rules} == rung


def test_the_dashboard_asks_for_metrics_that_exist() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "dashboards" / "ressenti.json").read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert asked
    assert {name for expression in asked for name in USED.findall(expression)} <= NAMES
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
