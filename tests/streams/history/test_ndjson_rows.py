import json
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

SHAPE = FileShape("ndjson", ",", "utf-8", frozenset({""}))


def read(folder: Path, data: bytes | str, *columns: str, name: str = "x.ndjson") -> list[Row | RowReject]:
    return list(read_rows(written(folder, data, name), SHAPE, columns))


def test_nested_names_are_joined_by_dots_and_values_are_text(tmp_path: Path) -> None:
    line = '{"a": {"b": "x", "n": 3}, "t": true, "none": null, "l": [1, "2"], "e": ""}\n'
    columns = ("a.b", "a.n", "t", "none", "l", "e")
    for name in ("x.ndjson", "x.ndjson.gz"):
        [row] = read(tmp_path, line, *columns, name=name)
        assert row == Row(1, line.encode(), ("x", "3", "true", None, '[1,"2"]', None))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"{", "not_json"),
        (b"[1]", "not_json"),
        (b'{"a": "\xff"}', "not_json"),
        (b'{"a": NaN}', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"a": "' + b"x" * MAX_LINE + b'"}', "row_too_long"),
    ],
)
def test_a_bad_line_is_rejected_and_the_rest_goes_on(tmp_path: Path, line: bytes, code: str) -> None:
    bad, good = read(tmp_path, line + b'\n\n{"a": 1}\n', "a")
    assert isinstance(bad, RowReject)
    assert (bad.number, bad.code) == (1, code)
    assert good == Row(3, b'{"a": 1}\n', ("1",))


def test_a_column_that_no_row_has_is_said_at_the_end(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=r"no row has 'b'; correct the names in the mapping \(found: a\)"):
        read(tmp_path, '{"a": 1}\n{"a": 2}\n', "a", "b")


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="the file is empty"):
        read(tmp_path, "\n \n", "a")


def test_columns_are_those_of_all_objects_looked_at(tmp_path: Path) -> None:
    assert columns_of(written(tmp_path, '{"a": 1}\n{\n{"b": 2}\n{"c": 3}\n'), SHAPE, 3) == ["a", "b"]


@settings(max_examples=60)
@given(st.lists(st.dictionaries(st.sampled_from(["a", "b"]), st.text(min_size=1), min_size=2), min_size=1, max_size=6))
def test_what_a_json_writer_wrote_is_read_back(table: list[dict[str, str]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        rows = read(Path(folder), "".join(json.dumps(row) + "\n" for row in table), "a", "b")
    assert [row.cells for row in rows if isinstance(row, Row)] == [(row["a"], row["b"]) for row in table]
