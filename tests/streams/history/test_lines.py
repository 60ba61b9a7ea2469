import gzip
from pathlib import Path

import pytest

from models.errors import InvalidInput
from streams.history.lines import KEPT, MAX_LINE, lines_of
from tests.streams.history.exports import written


def test_lines_are_numbered_and_keep_their_bytes(tmp_path: Path) -> None:
    lines = list(lines_of(written(tmp_path, b"a\r\n\nb")))
    assert [(line.number, line.data, line.whole) for line in lines] == [
        (1, b"a\r\n", True),
        (2, b"\n", True),
        (3, b"b", True),
    ]


def test_gzip_is_known_by_its_bytes_not_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(gzip.compress(b"a\nb\n"))
    assert [line.data for line in lines_of(path)] == [b"a\n", b"b\n"]


def test_a_truncated_gzip_is_refused_with_the_line_reached(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    whole = gzip.compress(b"".join(b"%d,%d\n" % (n, n * n * 7919) for n in range(20_000)))
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(
        InvalidInput, match=r"ends early, after line [1-9]\d+; nothing was imported; fetch the file again"
    ):
        list(lines_of(path))


def test_a_damaged_gzip_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "export.csv.gz"
    whole = bytearray(gzip.compress(b"".join(b"%d,%d\n" % (n, n * n * 7919) for n in range(20_000))))
    whole[len(whole) // 2] ^= 0xFF
    path.write_bytes(bytes(whole))
    with pytest.raises(InvalidInput, match="damaged after line"):
        list(lines_of(path))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="cannot be read"):
        list(lines_of(tmp_path / "no.csv"))


def test_a_line_of_ten_megabytes_is_cut_and_the_next_is_whole(tmp_path: Path) -> None:
    lines = list(lines_of(written(tmp_path, b"x" * 10_000_000 + b"\nafter\n")))
    assert [(line.number, len(line.data), line.whole) for line in lines] == [(1, KEPT, False), (2, 6, True)]


@pytest.mark.parametrize(("size", "whole"), [(MAX_LINE - 1, True), (MAX_LINE, False)])
def test_the_bound_counts_the_line_end(tmp_path: Path, size: int, whole: bool) -> None:  # noqa: FBT001 - a test's parameter
    lines = list(lines_of(written(tmp_path, b"x" * size + b"\nafter\n")))
    assert [(line.number, line.whole) for line in lines] == [(1, whole), (2, True)]


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    told: list[int] = []
    path = written(tmp_path, "line\n" * 5_000)
    assert len(list(lines_of(path, told.append))) == 5_000
    assert len(told) == 5
    assert told[-1] == path.stat().st_size
