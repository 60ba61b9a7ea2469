import csv
import io
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.errors import InvalidInput
from streams.history.lines import MAX_LINE
from streams.history.reader import columns_of, read_rows
from streams.history.rows import FileShape, Row, RowReject
from tests.streams.history.exports import written

SHAPE = FileShape("csv", ",", "utf-8", frozenset({"", "?"}))


def read(folder: Path, data: bytes | str, *columns: str, shape: FileShape = SHAPE) -> list[Row | RowReject]:
    return list(read_rows(written(folder, data), shape, columns))


def test_rows_have_the_cells_asked_for_in_that_order(tmp_path: Path) -> None:
    rows = read(tmp_path, "a,b,c\n1,2,3\n?,,x\n", "c", "a")
    assert rows == [Row(2, b"1,2,3\n", ("3", "1")), Row(3, b"?,,x\n", ("x", None))]


def test_quoted_values_span_lines_and_empty_lines_are_no_rows(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\r\n"1\n2",x\r\n\r\n3,"say ""hi"""\r\n', "a", "b")
    assert rows == [
        Row(2, b'"1\n2",x\r\n', ("1\n2", "x")),
        Row(5, b'3,"say ""hi"""\r\n', ("3", 'say "hi"')),
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert read(tmp_path, "\ufeffa,b\n1,2\n", "a") == [Row(2, b"1,2\n", ("1",))]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"1\n", "ragged_row"),
        (b"1,2,3\n", "ragged_row"),
        (b"1,\x00\n", "nul_byte"),
        (b"1,caf\xe9\n", "wrong_encoding"),
        (b'1,"x"y\n', "not_csv"),
        (b"1," + b"x" * MAX_LINE + b"\n", "row_too_long"),
    ],
)
def test_a_bad_row_is_rejected_with_its_bytes_and_the_rest_goes_on(tmp_path: Path, line: bytes, code: str) -> None:
    first, bad, last = read(tmp_path, b"a,b\n0,0\n" + line + b"9,9\n", "a")
    assert (first, last) == (Row(2, b"0,0\n", ("0",)), Row(4, b"9,9\n", ("9",)))
    assert isinstance(bad, RowReject)
    assert (bad.number, bad.code) == (3, code)
    assert line.startswith(bad.raw)
    assert bad.fault
    assert bad.remedy


def test_an_unclosed_quote_costs_one_line_and_no_more(tmp_path: Path) -> None:
    rows = read(tmp_path, 'a,b\n1,"open\n2,x\n3,"fine"\n4,z\n', "a")
    # The quote at line 2 swallows lines up to the next quote, which then stands inside the value.
    assert [(type(row), row.number) for row in rows] == [(RowReject, 2), (Row, 3), (Row, 4), (Row, 5)]


def test_a_quote_open_to_the_end_of_a_large_file_costs_one_line(tmp_path: Path) -> None:
    body = "".join(f"{n},{'y' * 90}\n" for n in range(30_000))
    rows = read(tmp_path, 'a,b\n1,"open\n' + body, "a")
    rejects = [row for row in rows if isinstance(row, RowReject)]
    assert [(reject.number, reject.code) for reject in rejects] == [(2, "unclosed_quote")]
    assert len(rows) == 30_001


def test_other_encodings_are_read_as_the_mapping_says(tmp_path: Path) -> None:
    shape = FileShape("csv", ";", "cp1252", frozenset({""}))
    rows = read(tmp_path, "é;b\ncafé €;2\n".encode("cp1252"), "é", shape=shape)
    assert [row.cells for row in rows if isinstance(row, Row)] == [("café €",)]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "the file is empty"),
        (b"a,b,a\n1,2,3\n", "'a' more than once"),
        (b"a,x\n1,2\n", "does not have: 'b'"),
        (b"a,B\n1,2\n", "does not have: 'b'"),
        (b"a;b\n1;2\n", "is `delimiter` ',' right"),
        ("\u00e9,a,b\n".encode("latin-1"), "the header is not utf-8"),
        (b'a,"b\n1,2\n', "no header in CSV"),
    ],
)
def test_what_is_wrong_with_the_whole_file_is_said_at_once(tmp_path: Path, data: bytes, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        read(tmp_path, data, "a", "b")


def test_a_near_miss_of_a_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="'customer_id' is near 'custmer_id'"):
        read(tmp_path, "customer_id\n1\n", "custmer_id")


def test_columns_are_listed_without_reading_on(tmp_path: Path) -> None:
    assert columns_of(written(tmp_path, 'a, b ,c\n"open'), SHAPE, 10) == ["a", "b", "c"]


cells = st.text(st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=60)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), max_size=8), st.sampled_from([",", ";", "\t", "|"]))
def test_what_a_csv_writer_wrote_is_read_back(table: list[list[str]], delimiter: str) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows([["x", "y", "z"], *table])
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), text.getvalue())
        rows = list(read_rows(path, FileShape("csv", delimiter, "utf-8", frozenset()), ("z", "x", "y")))
    assert [row.cells for row in rows if isinstance(row, Row)] == [(c, a, b) for a, b, c in table]
    assert not any(isinstance(row, RowReject) for row in rows)


@settings(max_examples=60)
@given(st.binary(max_size=300))
def test_any_bytes_are_accounted_for(noise: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = list(read_rows(written(Path(folder), b"a,b\n" + noise), SHAPE, ("a",)))
    # Every byte after the header is in exactly one row or reject, but for the ends of empty lines.
    kept = b"".join(row.raw for row in rows)
    assert sorted(kept.replace(b"\r", b"").replace(b"\n", b"")) == sorted(noise.replace(b"\r", b"").replace(b"\n", b""))
