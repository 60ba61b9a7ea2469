"""What goes wrong on the command line: one sentence with a remedy on standard error, the documented exit code."""

import gzip
import sqlite3
from pathlib import Path

import pytest

from models.policy import default
from store.database import Store
from streams.bootstrap import opened
from streams.settings import read
from tests.web.cli.conftest import Ran, Run
from web.cli import main
from web.cli.exits import Exit

CSV = b"id,who,when\n1,ada,2026-01-01T10:00:00Z\n2,bob,2026-01-01T11:00:00Z\n"
TARGETS = """
[[course]]
id = "known"
sentence = "They knew me."
owner = "Ada"

[[course.target]]
id = "calm"
metric = "journey_score"
scope = "chanel:phone"
start_value = 70
end_value = 80
start = 2026-01-01
end = 2026-06-30
owner = "Ada"
"""


def fails(told: Ran, code: Exit, *says: str) -> None:
    """Assert a failure in one line on standard error, with the remedy behind the fault, and nothing on the other."""
    assert told.code == code, told
    assert told.err.startswith("ressenti: ")
    assert told.err.count("\n") == 1, told.err
    assert "Traceback" not in told.err
    assert any(sign in told.err.removeprefix("ressenti: ") for sign in (";", ": ")), told.err
    assert not told.out
    for words in says:
        assert words in told.err


@pytest.mark.parametrize(
    "command", ["report", "verify", "gaps list", "rescues list", "experiment list", "dead-letters list", "erase x"]
)
def test_a_folder_without_a_store_is_not_made(ran: Run, tmp_path: Path, command: str) -> None:
    fails(ran(*command.split(), "--data", tmp_path / "none"), Exit.UNUSABLE, "holds no store", "--data")
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ("nonsense", "nonsense"),
        ("report --nonsense", "nonsense"),
        ("customer", "subject"),
        ("report --since yesterday --data DATA", "2026-11-23"),
        ("customer nobody --data DATA", "nothing is kept"),
        ("gaps show none --data DATA", "list the gaps"),
        ("experiment show none --data DATA", "none"),
        ("experiment act exp-1 fly --by Ana --role author --data DATA", "iterate"),
        ("experiment act exp-1 explain --by Ana --role author --data DATA", "no root cause"),
        ("experiment open X --on g --author A --owner O --origin dream --data DATA", "opportunity"),
        ("dead-letters show here --data DATA", "PARTITION/OFFSET"),
        ("dead-letters show 0/999 --data DATA", "0/999"),
        ("schema nothing", "contact"),
        ("mapping check nothing", "nothing"),
        ("policy check /nowhere.toml", "cannot be read"),
        ("policy activate nothing --data DATA", "nothing"),
        ("ingest /nowhere.csv --mapping incidents --data DATA", "nowhere.csv"),
        ("ingest FILE --mapping nothing --data DATA", "nothing"),
        ("ingest FILE --mapping incidents --data DATA", "column"),
        ("targets set TARGETS --data DATA", "did you mean"),
        ("worker --port 99999", "'--port'"),
    ],
)
def test_unusable_input_is_one_sentence_with_a_remedy(ran: Run, folder: Path, arguments: str, says: str) -> None:
    files = {"FILE": folder.parent / "rows.csv", "TARGETS": folder.parent / "targets.toml", "DATA": folder}
    files["FILE"].write_bytes(CSV)
    files["TARGETS"].write_text(TARGETS, encoding="utf-8")
    fails(ran(*(files.get(word, word) for word in arguments.split())), Exit.UNUSABLE, says)


def test_an_unknown_key_of_a_policy_is_named(ran: Run, tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(f"{default().text}\n[surprise]\nx = 1\n", encoding="utf-8")
    fails(ran("policy", "check", file), Exit.UNUSABLE, "surprise")


def test_a_target_on_an_unknown_scope_changes_nothing(ran: Run, folder: Path) -> None:
    file = folder.parent / "targets.toml"
    file.write_text(TARGETS, encoding="utf-8")
    before = ran("targets", "list", "--data", folder, "--json").out
    fails(ran("targets", "set", file, "--data", folder), Exit.UNUSABLE, "channel:phone")
    assert ran("targets", "list", "--data", folder, "--json").out == before


def test_a_truncated_gzip_leaves_nothing_half_written(ran: Run, folder: Path) -> None:
    file = folder.parent / "rows.csv.gz"
    file.write_bytes(gzip.compress(CSV * 2_000)[:-30])
    before = ran("report", "--data", folder, "--json").out
    told = ran("ingest", file, "--mapping", "incidents", "--data", folder)
    assert told.code in {Exit.UNUSABLE, Exit.NO}
    assert "Traceback" not in told.err
    assert ran("report", "--data", folder, "--json").out == before


def test_a_damaged_store_refuses_to_start(ran: Run, folder: Path) -> None:
    for file in folder.glob("store.db*"):
        file.unlink()
    (folder / "store.db").write_bytes(b"this was a database once " * 400)
    fails(ran("report", "--data", folder), Exit.REFUSED, "damaged", "backup")


def test_an_unknown_setting_refuses_to_start(ran: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESSENTI_DATTA", "x")
    fails(ran("report", "--data", folder), Exit.REFUSED, "RESSENTI_DATTA")


def test_a_locked_database_asks_to_try_again(ran: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Store.open.__func__.__kwdefaults__, "busy_ms", 100)  # type: ignore[attr-defined]
    other = sqlite3.connect(folder / "store.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    fails(ran("keys", "create", "--source", "/x", "--data", folder), Exit.NOT_READY, "try again")
    other.close()


def test_a_second_engine_on_one_folder_is_refused(ran: Run, folder: Path) -> None:
    with opened(read({}, data=folder)) as house, house.leading():
        file = folder.parent / "rows.csv"
        file.write_bytes(CSV)
        fails(ran("serve", "--data", folder, "--port", "0"), Exit.REFUSED)
        fails(ran("ingest", file, "--mapping", "incidents", "--data", folder), Exit.REFUSED)


def test_serving_others_without_a_proxy_is_refused_before_anything_is_opened(ran: Run, tmp_path: Path) -> None:
    arguments = ("serve", "--data", tmp_path / "none", "--host", "0.0.0.0", "--port", "0")  # noqa: S104
    fails(ran(*arguments), Exit.REFUSED, "no login", "--behind-proxy")
    assert not (tmp_path / "none").exists()


def test_an_error_of_ours_asks_to_be_reported(ran: Run, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("broken")

    monkeypatch.setattr("streams.report.report", broken)
    monkeypatch.setattr("web.cli.report.report_of", broken)
    fails(ran("report", "--data", folder), Exit.OURS, "report", "RuntimeError: broken")


def test_differences_are_the_answer_no(ran: Run, folder: Path) -> None:
    with sqlite3.connect(folder / "store.db") as store:
        store.execute("UPDATE partitions SET scored = scored + 1")
    told = ran("verify", "--data", folder, "--json")
    assert told.code == Exit.NO
    assert '"ok": false' in told.out


def test_the_codes_are_those_of_the_help(ran: Run) -> None:
    told = ran("--help")
    assert told.code == 0
    for code in Exit:
        assert code is Exit.INTERRUPTED or f"{code.value} " in told.out
    assert main.run(["nonsense"]) == Exit.UNUSABLE


def test_a_database_without_brokers_serves_nothing(ran: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESSENTI_DATABASE_URL", "postgresql://ressenti@127.0.0.1:1/ressenti")
    told = ran("serve")
    assert told.code == 3, told
    assert "RESSENTI_KAFKA_BOOTSTRAP is not" in told.err


@pytest.mark.parametrize(
    "command",
    [
        "customer x",
        "report",
        "verify",
        "gaps list",
        "keys list",
        "erase x",
        "migrate",
        "serve",
        "worker",
        "ingest x.csv -m orders",
        "targets list",
        "keys create --source /x",
        "policy list",
        "experiment list",
        "topics declare",
    ],
)
def test_brokers_without_a_database_are_refused_with_both_names(
    ran: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RESSENTI_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    (tmp_path / "x.csv").write_bytes(CSV)
    fails(ran(*command.split()), Exit.REFUSED, "RESSENTI_DATABASE_URL is not", "set both, or neither")
    assert not (tmp_path / ".ressenti").exists()


def test_scopes_of_a_topic_are_declared_only_where_there_is_one(
    ran: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fails(ran("topics", "declare"), Exit.REFUSED, "set RESSENTI_KAFKA_BOOTSTRAP")
    assert not (tmp_path / ".ressenti").exists()
