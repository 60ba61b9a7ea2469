"""``ressenti ingest`` from a user's own mapping: every row is accounted for, in one JSON object."""

import json
from pathlib import Path

from tests.streams.history.exports import calls, mapping_in, written
from tests.web.cli.conftest import Ran, Run

ROWS = 40


def ingest(ran: Run, tmp_path: Path, *more: object) -> Ran:
    return ran("ingest", tmp_path / "calls.csv", "--mapping", mapping_in(tmp_path), "--data", tmp_path / "new", *more)


def test_every_row_is_accounted_for(ran: Run, tmp_path: Path) -> None:
    written(tmp_path, "\n".join([*calls(ROWS), "x;1;ada;not a time;done;0;"]))
    told = ingest(ran, tmp_path, "--json")
    assert told.code == 0, told
    assert not told.err
    totals = json.loads(told.out)
    assert totals.keys() == {"received", "scored", "duplicates", "late", "dead_letters"}
    assert totals["received"] == totals["scored"] + totals["duplicates"] + sum(totals["dead_letters"].values())
    assert totals["received"] > ROWS
    assert sum(totals["dead_letters"].values()) == 1
    letters = json.loads(ran("dead-letters", "list", "--data", tmp_path / "new", "--json").out)
    assert letters["counts"] == totals["dead_letters"]
    assert json.loads(ran("verify", "--data", tmp_path / "new", "--json").out)["ok"]


def test_the_same_file_again_changes_nothing(ran: Run, tmp_path: Path) -> None:
    written(tmp_path, "\n".join(calls(ROWS)))
    ingest(ran, tmp_path, "--json")
    before = json.loads(ran("report", "--data", tmp_path / "new", "--json").out)["scores"]
    again = json.loads(ingest(ran, tmp_path, "--json").out)
    assert again["scored"] == 0
    assert again["duplicates"] == again["received"]
    assert json.loads(ran("report", "--data", tmp_path / "new", "--json").out)["scores"] == before


def test_people_read_how_much_came_in(ran: Run, tmp_path: Path) -> None:
    written(tmp_path, "\n".join(calls(ROWS)))
    told = ingest(ran, tmp_path)
    assert told.code == 0
    assert "received" in told.out
    assert not told.err
