from pathlib import Path

import pytest

from models.causes import Cause
from models.errors import InvalidInput
from models.pseudonyms import pseudonym
from streams.history.check import SCOPES, check_mapping
from tests.streams.history.exports import CALLS, HEADER, KEY, calls, mapping_in, written

ROWS = (
    HEADER + ";extra",
    "1;1;Jane;01/03/2026 09:00;waiting;0;;x",
    "1;2;Jane;01/03/2026 09:05;done;0;bad service;x",
    "2;1;;01/03/2026 09:00;waiting;0;;x",
    "3;1;Bob;soon;waiting;0;;x",
    "4;1;Bob;01/03/2026 08:00;done;0;;x",
)


def test_a_check_tells_what_a_mapping_does(tmp_path: Path) -> None:
    text = CALLS + ('[[event]]\nname = "never"\ntype = "purchase"\nwhen = { state = "bought" }\n')
    checked = check_mapping(written(tmp_path, "\n".join(ROWS)), str(mapping_in(tmp_path, text)))
    assert checked.columns == (*HEADER.split(";"), "extra")
    assert checked.unread == ("extra",)
    assert checked.never_filled == ()
    assert checked.idle == ("never",)
    assert checked.tally.fired == {"called": 3, "complained": 1}
    assert checked.subjects == 2
    assert checked.scopes == {"touchpoint:support": 4, "channel:phone": 4, "source:phone-system": 4}
    assert checked.undeclared == {}
    assert checked.rejected_share == 2 / 5
    assert {(reject.code, reject.raw) for reject in checked.rejects} == {
        ("missing_subject", ROWS[3]),
        ("bad_time", ROWS[4]),
    }
    assert [event["time"] for event in checked.events] == [
        "2026-03-01T07:00:00Z",
        "2026-03-01T08:00:00Z",
        "2026-03-01T08:05:00Z",
        "2026-03-01T08:05:00Z",
    ]
    assert Cause.REPEATED_STEP in checked.unseen


def test_only_the_sample_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, "\n".join(calls(3_000)), "calls.csv.gz")
    path.write_bytes(path.read_bytes()[:-40])
    assert check_mapping(path, str(mapping_in(tmp_path)), 10).tally.rows == 10


def test_a_column_that_is_never_filled_is_named(tmp_path: Path) -> None:
    checked = check_mapping(written(tmp_path, "\n".join(calls(5))), str(mapping_in(tmp_path)))
    assert checked.never_filled == ("comment",)
    assert checked.idle == ("complained",)


def test_scopes_beyond_what_an_import_declares_are_named(tmp_path: Path) -> None:
    text = CALLS.replace('channel = "phone"', 'channel = "phone"\nsegment = { call = "{call}" }')
    checked = check_mapping(written(tmp_path, "\n".join(calls(SCOPES + 1))), str(mapping_in(tmp_path, text)))
    assert len(checked.scopes) == SCOPES + 4
    assert checked.undeclared == {f"segment:call={SCOPES}": 2}


def test_few_examples_are_kept_of_many_rejects(tmp_path: Path) -> None:
    rows = [HEADER, *(f"{n};1;;01/03/2026 09:00;waiting;0;" for n in range(50))]
    checked = check_mapping(written(tmp_path, "\n".join(rows)), str(mapping_in(tmp_path)))
    assert (checked.tally.rejected, len(checked.rejects)) == ({"missing_subject": 50}, 5)


def test_pseudonyms_of_a_check_are_of_no_key_in_use(tmp_path: Path) -> None:
    checked = check_mapping(written(tmp_path, "\n".join(ROWS)), str(mapping_in(tmp_path)))
    assert pseudonym("Jane", KEY) not in {event["subject"] for event in checked.events}


def test_a_wrong_file_or_mapping_is_said_as_on_import(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="does not have"):
        check_mapping(written(tmp_path, "a;b\n"), str(mapping_in(tmp_path)))
    with pytest.raises(InvalidInput, match="not TOML"):
        check_mapping(written(tmp_path, HEADER), str(mapping_in(tmp_path, "name =")))


def test_an_empty_table_has_no_share_of_rejects(tmp_path: Path) -> None:
    assert check_mapping(written(tmp_path, HEADER), str(mapping_in(tmp_path))).rejected_share == 0
