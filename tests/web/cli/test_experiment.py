"""The loop's commands, at the real time: causes weighed, units listed, arms told, tables exported; faults in words."""

import csv
import json
from pathlib import Path

import msgspec

from experiments.assignment import arm_of
from experiments.tables import NAMES
from streams.bootstrap import opened
from streams.settings import read
from tests.web.cli.conftest import Run
from tests.web.experiments import ARMS, plan_in, planned_in, started_in


def told(ran: Run, folder: Path, *words: object) -> dict[str, object]:
    done = ran("experiment", *words, "--data", folder, "--json")
    assert done.code == 0, done
    found: dict[str, object] = json.loads(done.out)
    return found


def refused(ran: Run, folder: Path, says: str, *words: object) -> None:
    done = ran("experiment", *words, "--data", folder)
    assert done.code == 2, done
    assert says in " ".join(done.err.split()), done.err


def a_running_one(folder: Path) -> str:
    with opened(read({}, data=folder)) as made:
        return started_in(made).id


def test_proposals_are_taken_up_and_rejected(ran: Run, folder: Path) -> None:
    shown = ran("experiment", "causes", "exp-1", "--data", folder).out
    assert "never a conclusion" in shown
    assert "repeated step costs 17.50" in shown
    taken = ("causes", "exp-1", "--accept", "ledger:repeated_step", "--cause", "nobody sees the chat", "--by", "Ana")
    record = told(ran, folder, *taken)
    assert "nobody sees the chat" in str(record["plan"])
    turned = ("causes", "exp-1", "--reject", "ledger:wait", "--by", "Ana")
    refused(ran, folder, "write why this explanation was rejected", *turned)
    told(ran, folder, *turned, "--because", "waits are alike")
    refused(ran, folder, "give one of them", *turned, "--accept", "ledger:wait")
    standing = {
        each["id"]: each["standing"]
        for each in json.loads(ran("experiment", "causes", "exp-1", "--data", folder, "--json").out)
    }
    assert standing == {"ledger:wait": "rejected", "ledger:repeated_step": "accepted"}


def test_an_arm_is_told_and_an_exposure_recorded(ran: Run, folder: Path) -> None:
    name = a_running_one(folder)
    first = told(ran, folder, "assign", name, "--customer", "customer-1")
    assert first["arm"] in ARMS
    salt = told(ran, folder, "show", name)["salt"]
    assert first["arm"] == arm_of(str(salt), str(first["unit"]), [(arm, 1) for arm in ARMS])
    assert told(ran, folder, "assign", name, first["unit"]) == first
    assert told(ran, folder, "assign", name, first["unit"], "--expose")["exposed"] is True
    refused(ran, folder, "no pseudonym of ours", "assign", name, "jane@example.org")
    refused(ran, folder, "give either unit", "assign", name)


def test_listed_units_come_from_a_table(ran: Run, folder: Path, tmp_path: Path) -> None:
    with opened(read({}, data=folder)) as made:
        name = planned_in(made, plan_in(made))
    file = tmp_path / "list.csv"
    rows = "".join(f"customer-{i},{'gold' if i < 10 else 'tin'}\n" for i in range(40))
    file.write_text("customer,stratum\n" + rows, encoding="utf-8")
    record = told(ran, folder, "enlist", name, file, "--by", "Ana")
    assert "customer-1" not in json.dumps(record)
    plan = record["plan"]
    assert isinstance(plan, dict)
    assert [each["stratum"] for each in plan["allocation"]["listed"]].count("gold") == 10
    started = told(ran, folder, "act", name, "start", "--by", "Rui", "--role", "reviewer")
    drawn = started["drawn"]
    assert isinstance(drawn, list)
    assert [arm for _, arm in drawn[:10]].count(ARMS[0]) == 5
    found = told(ran, folder, "assign", name, "--customer", "customer-3")
    assert found["arm"] == dict(drawn)[found["unit"]]
    assert told(ran, folder, "assign", name, "--customer", "customer-99")["why"] == "not on the list of units"
    for text, says in (
        ("who\nx\n", "the column 'customer' is missing"),
        ("unit\njane\n", "line 2: 'jane' is no pseudonym of ours"),
        ("customer\nc1\nc1\n", "only possible when it is draft"),
        ("customer,stratum\n", "it lists nobody"),
    ):
        file.write_text(text, encoding="utf-8")
        refused(ran, folder, says, "enlist", name, file, "--by", "Ana")


def test_tables_are_exported_as_csv_and_json(ran: Run, folder: Path, tmp_path: Path) -> None:
    name = a_running_one(folder)
    told(ran, folder, "assign", name, "--customer", "customer-1", "--expose")
    listed = told(ran, folder, "export", name)
    assert tuple(listed) == NAMES
    audit = ran("experiment", "export", name, "--table", "audit", "--data", folder).out
    assert [row["act"] for row in csv.DictReader(audit.splitlines())][-1] == "start"
    to = tmp_path / "out" / "tables"
    written = told(ran, folder, "export", name, "--to", to)["written"]
    assert isinstance(written, list)
    assert {Path(str(each)).name for each in written} == {*(f"{n}.csv" for n in NAMES), "units.csv", "tables.json"}
    kept = json.loads((to / "tables.json").read_text(encoding="utf-8"))
    timeless = [name for name in NAMES if name != "verdict"]
    assert {name: kept[name] for name in timeless} == {name: listed[name] for name in timeless}
    assert (to / "units.csv").read_text(encoding="utf-8").startswith("unit,arm,")
    refused(ran, folder, "there is none; choose verdict", "export", name, "--table", "charm")
    (tmp_path / "file").write_text("x", encoding="utf-8")
    refused(ran, folder, "cannot be written", "export", name, "--to", tmp_path / "file" / "x")


def test_a_plan_goes_round_as_a_file(ran: Run, folder: Path, tmp_path: Path) -> None:
    with opened(read({}, data=folder)) as made:
        plan = plan_in(made)
    lived = ("--on", "lived twice", "--origin", "opportunity", "--author", "Ana", "--owner", "Olga")
    opened_ = told(ran, folder, "open", "T", *lived)
    file = tmp_path / "plan.json"
    file.write_bytes(msgspec.json.encode(plan))
    revised = told(ran, folder, "revise", opened_["id"], "--plan", file, "--by", "Ana")
    assert revised["plan"] == json.loads(msgspec.json.encode(plan))
    toml = tmp_path / "plan.toml"
    toml.write_text("worthwhile = nan\n", encoding="utf-8")
    refused(ran, folder, "worthwhile: nan is no number", "revise", opened_["id"], "--plan", toml, "--by", "Ana")
    refused(ran, folder, "no root cause is named", "act", "exp-1", "explain", "--by", "Ana", "--role", "author")
    refused(ran, folder, "is not known", "act", "exp-1", "conclude", "--by", "x", "--role", "anyone")
    refused(ran, folder, "acts by itself", "act", "exp-1", "void", "--by", "x", "--role", "system")
    refused(ran, folder, "choice", "act", "exp-1", "decide", "--by", "x", "--role", "owner", "--choice", "maybe")
    as_author = ("--by", "x", "--role", "author")
    refused(ran, folder, "not a fraction", "act", "exp-1", "explain", *as_author, "--occasions", "9")
    refused(ran, folder, "not a fraction", "act", "exp-1", "explain", *as_author, "--occasions", "²/³")


def test_a_title_that_looks_like_markup_is_listed_as_it_is(ran: Run, folder: Path) -> None:
    lived = ("--on", "lived twice", "--origin", "opportunity", "--author", "Ana", "--owner", "Olga")
    told(ran, folder, "open", "Show [/b] the [red]chat", *lived)
    done = ran("experiment", "list", "--data", folder)
    assert done.code == 0, done.err
    assert "Show [/b] the [red]chat" in done.out
