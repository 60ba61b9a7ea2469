"""Every command says with ``--json`` one JSON document and nothing else, and without it something for people."""

import json
from pathlib import Path

import pytest

from demo import story
from models.policy import default
from tests.web.cli.conftest import Run
from web.cli.commands import known
from web.cli.output import say

GAP = "20260301-abcdef0123"
COMMANDS = (
    "report",
    "report --since 2026-03-01 --until 2026-03-02 --weeks",
    f"customer {story.subject()}",
    "customer customer-1",
    "targets list",
    "targets show",
    "gaps list --all",
    f"gaps show {GAP}",
    "rescues list",
    "experiment list",
    "experiment show exp-1",
    "experiment open Another --on lived --origin opportunity --author Ana --owner Olga",
    "experiment act exp-1 void --by Rui --role reviewer --note wrong",
    "experiment causes exp-1",
    "experiment export exp-1",
    "experiment library",
    "experiment calibration",
    "policy list",
    "policy show",
    "policy check POLICY",
    "replay --policy POLICY",
    "dead-letters list",
    "dead-letters replay",
    "verify",
    "migrate",
    "schema",
    "schema contact",
    "mapping list",
    "mapping show incidents",
    "mapping check incidents",
    "config",
    "keys create --source /phone",
    "keys list",
    "erase customer-1",
)
WITHOUT_DATA = ("schema", "mapping", "policy check")
ENDLESS = {"serve", "demo", "worker"}
ELSEWHERE = {"ingest", "topics"}
"""Tested with files, in ``test_ingest``, and with a broker, in ``tests/streams/kafka``."""


def words_of(command: str, folder: Path) -> list[str]:
    policy = folder.parent / "policy.toml"
    policy.write_text(default().text.replace("points = 15", "points = 14"), encoding="utf-8")
    words = [str(policy) if word == "POLICY" else word for word in command.split()]
    return words if command.startswith(WITHOUT_DATA) else [*words, "--data", str(folder)]


def test_every_command_is_tried_here() -> None:
    assert {command.split()[0] for command in COMMANDS} | ENDLESS | ELSEWHERE == known().keys()


@pytest.mark.parametrize("command", COMMANDS)
def test_json_is_one_document(ran: Run, folder: Path, command: str) -> None:
    told = ran(*words_of(command, folder), "--json")
    assert told.code == 0, told
    assert told.out.count("\n") == 1
    assert isinstance(json.loads(told.out), dict | list)
    assert not told.err


@pytest.mark.parametrize("command", COMMANDS)
def test_without_json_it_speaks_to_people(ran: Run, folder: Path, command: str) -> None:
    told = ran(*words_of(command, folder))
    assert told.code == 0, told
    assert told.out.strip()
    assert "Traceback" not in told.err


def test_the_report_has_what_programs_rely_on(ran: Run, folder: Path) -> None:
    told = json.loads(ran("report", "--data", folder, "--json").out)
    assert {"scores", "gaps", "rescues", "experiments"} <= told.keys()
    for score in told["scores"]:
        assert {"metric", "scope", "value", "low", "high", "n", "observed_share", "causes"} <= score.keys()
        if score["value"] is not None:
            assert score["value"] + sum(score["causes"].values()) == pytest.approx(100)
    assert [gap["id"] for gap in told["gaps"]] == [GAP]


def test_verify_says_that_all_is_equal(ran: Run, folder: Path) -> None:
    told = json.loads(ran("verify", "--data", folder, "--json").out)
    assert told["ok"] is True
    assert told["differences"] == []


def test_data_may_be_named_before_the_command_and_in_the_environment(
    ran: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(json.loads(ran("--data", folder, "gaps", "list", "--json").out)) == 1
    monkeypatch.setenv("RESSENTI_DATA", str(folder))
    assert len(json.loads(ran("gaps", "list", "--json").out)) == 1


def test_a_key_is_shown_once(ran: Run, folder: Path) -> None:
    made = json.loads(ran("keys", "create", "--source", "/phone", "--data", folder, "--json").out)
    listed = ran("keys", "list", "--data", folder, "--json").out
    assert made["id"] in listed
    assert made["secret"] not in listed
    assert ran("keys", "revoke", made["id"], "--data", folder).code == 0
    assert ran("keys", "revoke", made["id"], "--data", folder).code == 2


def test_a_sentence_stays_whole_where_there_is_no_screen(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    sentence = "Ressenti listens on http://127.0.0.1:8000"
    say(sentence)
    assert capsys.readouterr().out == f"{sentence}\n"
