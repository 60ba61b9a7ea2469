import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.pseudonyms import PseudonymKey, is_pseudonym, pseudonym
from streams.history.importing import Target, import_files
from tests.streams.history.exports import CALLS, HEADER, KEY, FakeLog, imported, mapping_in, written

ROW = "7;1;Jane;01/03/2026 09:00;waiting;0;"


def rows(*lines: str) -> str:
    return "\n".join((HEADER, *lines, ""))


def test_a_row_becomes_an_event_of_the_contract(tmp_path: Path) -> None:
    result, log = imported(tmp_path, rows(ROW))
    [event] = log.events()
    assert event == {
        "specversion": "1.0",
        "id": event["id"],
        "source": "phone-system",
        "type": "ressenti.contact",
        "time": "2026-03-01T08:00:00Z",
        "subject": pseudonym("Jane", KEY),
        "history": True,
        "data": {
            "touchpoint": "support",
            "channel": "phone",
            "contact": "7",
            "phase": "queued",
            "cold_transfers": 0,
        },
    }
    assert event["id"].startswith("called-")
    assert log.records[0][0] == event["subject"].encode()
    assert (result.tally.rows, result.tally.told, result.received) == (1, 1, 1)
    assert [made.fact.history for made in log.facts()] == [True]


def test_the_raw_id_of_a_customer_is_nowhere_in_the_events(tmp_path: Path) -> None:
    _, log = imported(tmp_path, rows(ROW, "8;1;Jane;01/03/2026 09:00;waiting;0;it failed"))
    assert len(log.records) == 3
    assert not any(b"Jane" in key + value for key, value in log.records)
    assert all(is_pseudonym(key.decode()) for key, _ in log.records)


def test_words_are_redacted(tmp_path: Path) -> None:
    _, log = imported(tmp_path, rows(ROW + "write to jane@example.org"))
    [words] = [made.verbatim for made in log.facts() if made.verbatim]
    assert words.text == "write to [mail]"


def test_the_same_row_always_gets_the_same_ids_and_content(tmp_path: Path) -> None:
    _, first = imported(tmp_path, rows(ROW + "bad", "8;1;Bob;02/03/2026 09:00;done;0;"))
    _, again = imported(tmp_path, rows("8;1;Bob;02/03/2026 09:00;done;0;", ROW + "bad"), name="other.csv.gz")
    assert first.records == again.records
    assert len({event["id"] for event in first.events()}) == 3


def test_without_identity_columns_the_whole_row_is_its_identity(tmp_path: Path) -> None:
    text = CALLS.replace('identity = ["call", "line"]\n', "")
    _, unix = imported(tmp_path, rows(ROW, ROW, ROW.replace("waiting", "done")), text)
    _, dos = imported(tmp_path, rows(ROW).replace("\n", "\r\n"), text)
    ids = [event["id"] for event in unix.events()]
    assert ids[0] == ids[1] != ids[2]
    assert [event["id"] for event in dos.events()] == ids[:1]


def test_another_key_makes_other_customers(tmp_path: Path) -> None:
    log = FakeLog()
    target = Target(log, log, PseudonymKey(2, b"another key for tests"))
    import_files([written(tmp_path, rows(ROW))], str(mapping_in(tmp_path)), target)
    assert log.events()[0]["subject"].startswith("p2_")


@pytest.mark.parametrize(
    ("row", "code", "says"),
    [
        (ROW.replace("Jane", ""), "missing_subject", "names no customer"),
        (ROW.replace("Jane", "  "), "missing_subject", "names no customer"),
        (ROW.replace("01/03", "31/02"), "bad_time", "column 'at': '31/02/2026 09:00' is not a time"),
        (ROW.replace("01/03/2026 09:00", "?"), "missing_time", "the row has no time"),
        (ROW.replace("2026", "1970"), "out_of_range", "outside the years 2000 to 2100"),
        (ROW.replace(";0;", ";many;"), "not_a_number", "'many' is not a number"),
        (ROW.replace(";0;", ";5000;"), "out_of_range", "5000 is above 1000"),
        (ROW.replace("7;1", "?;1"), "missing", "is required and absent"),
        (ROW + ";more", "ragged_row", "8 values where the header names 7"),
    ],
)
def test_a_row_that_breaks_the_contract_is_kept_with_its_number_bytes_and_reason(
    tmp_path: Path, row: str, code: str, says: str
) -> None:
    result, log = imported(tmp_path, rows(ROW, row, "9;1;Bob;01/03/2026 09:00;done;0;"))
    [reject] = log.rejects()
    assert (reject.code, reject.raw, reject.field[:6]) == (code, row.encode() + b"\n", "row 3:")
    assert says in reject.reason
    assert len(log.facts()) == 2
    assert result.tally.rejected == {code: 1}
    assert result.received == 3


def test_a_row_is_taken_whole_or_not_at_all(tmp_path: Path) -> None:
    # The contact is good, the complaint's id is too long for the contract.
    text = CALLS.replace('complaint = "{call}"', f'complaint = "{"x" * 200}"')
    result, log = imported(tmp_path, rows(ROW + "bad"), text)
    assert (len(log.facts()), [reject.code for reject in log.rejects()]) == (0, ["too_long"])
    assert result.tally.events == 0


def test_a_rule_whose_time_is_missing_rejects_the_row(tmp_path: Path) -> None:
    text = CALLS.replace('type = "complaint"', 'type = "complaint"\ntime = "state"')
    _, log = imported(tmp_path, rows("7;1;Jane;01/03/2026 09:00;?;0;bad"), text)
    [reject] = log.rejects()
    assert reject.code in {"missing_time", "missing"}


def test_a_large_reject_keeps_its_beginning(tmp_path: Path) -> None:
    _, log = imported(tmp_path, rows("x;" * 400_000))
    [reject] = log.rejects()
    assert (reject.code, reject.raw) == ("ragged_row", b"x;" * 16_384)


def test_rows_for_which_no_rule_fires_are_counted_as_silent(tmp_path: Path) -> None:
    text = CALLS.replace('type = "contact"\n', 'type = "contact"\nwhen = { state = "done" }\n')
    result, log = imported(tmp_path, rows(ROW, ROW.replace("waiting", "done")), text)
    assert (result.tally.silent, result.tally.told, len(log.records)) == (1, 1, 1)


def case_text(extra: str) -> str:
    return CALLS.replace('type = "contact"\n', f'type = "contact"\n{extra}\n')


CASE = (
    "7;3;Jane;03/03/2026 09:00;done;2;",
    "8;1;Bob;01/03/2026 09:00;waiting;0;",
    "7;1;Jane;01/03/2026 09:00;waiting;0;",
    "7;2;Jane;02/03/2026 09:00;waiting;1;",
)


@pytest.mark.parametrize(
    ("extra", "times"),
    [
        ('rows = "first"', ["1 Bob", "1 Jane"]),
        ('rows = "last"', ["1 Bob", "3 Jane"]),
        ('rows = "later"', ["2 Jane", "3 Jane"]),
        ('before = { state = "waiting" }', ["2 Jane", "3 Jane"]),
        ("when = { state = { changed = true } }", ["1 Bob", "1 Jane", "3 Jane"]),
        ('when = { state = "done" }\nbefore = { transfers = "1" }', ["3 Jane"]),
    ],
)
def test_rows_of_a_case_know_each_other_in_time_order_wherever_they_stand(
    tmp_path: Path, extra: str, times: list[str]
) -> None:
    _, log = imported(tmp_path, rows(*CASE), case_text(extra))
    names = {pseudonym(name, KEY): name for name in ("Jane", "Bob")}
    assert sorted(f"{event['time'][9]} {names[event['subject']]}" for event in log.events()) == times


def test_a_rejected_row_of_a_case_does_not_take_the_others_along(tmp_path: Path) -> None:
    result, log = imported(tmp_path, rows(*CASE, "7;4;;04/03/2026 09:00;done;2;"), case_text('rows = "later"'))
    assert (len(log.facts()), result.tally.rejected) == (2, {"missing_subject": 1})


def test_ndjson_rows_become_the_same_events(tmp_path: Path) -> None:
    names = HEADER.split(";")
    lines = "".join(json.dumps(dict(zip(names, row.split(";"), strict=True))) + "\n" for row in CASE)
    _, csv = imported(tmp_path, rows(*CASE))
    _, ndjson = imported(tmp_path, lines, CALLS.replace("[file]", '[file]\nformat = "ndjson"'), "calls.ndjson.gz")
    assert csv.records == ndjson.records


plain = st.text(st.characters(exclude_characters='\0\r\n";?', exclude_categories=["Cs", "Cc"]), max_size=20)


@settings(max_examples=40)
@given(
    st.lists(st.tuples(plain, plain, st.sampled_from(["waiting", "done", "?"]), st.integers(-5, 2_000)), max_size=12)
)
def test_every_row_is_accounted_for_and_every_event_is_within_the_contract(
    table: list[tuple[str, str, str, int]],
) -> None:
    lines = [
        f"{call};{n};{customer};01/03/2026 09:{n:02d};{state};{transfers};{'words' if n % 2 else ''}"
        for n, (call, customer, state, transfers) in enumerate(table)
    ]
    with tempfile.TemporaryDirectory() as folder:
        result, log = imported(Path(folder), rows(*lines))
    tally = result.tally
    assert tally.rows == len(table) == tally.told + tally.silent + tally.rejected.total()
    assert tally.received == len(log.records)
    assert len(log.facts()) == tally.events == sum(tally.fired.values())
    assert len(log.rejects()) == tally.rejected.total()
