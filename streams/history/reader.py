"""Files into rows: every row numbered, every row that cannot be read kept as a reject with its bytes and the reason.

What is wrong with the whole file (no header, a column missing or named twice) is an ``InvalidInput``; what is wrong
with one row is a ``RowReject``, and the rest goes on. What a row means is for ``events``.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

from streams.history import csv_rows, ndjson_rows
from streams.history.lines import Told, lines_of
from streams.history.rows import FileShape, Row, RowReject


def read_rows(
    path: Path, shape: FileShape, columns: Sequence[str], told: Told | None = None
) -> Iterator[Row | RowReject]:
    """Yield the rows of ``path``, in file order; blocks on the disk, keeps one row in memory.

    Raises ``InvalidInput`` for what is wrong with the whole file.
    """
    read = csv_rows.rows if shape.format == "csv" else ndjson_rows.rows
    return read(path, lines_of(path, told), shape, columns)


def columns_of(path: Path, shape: FileShape, limit: int) -> list[str]:
    """Return the names of the columns of a CSV file, or of the first ``limit`` objects of an NDJSON file."""
    lines = lines_of(path)
    if shape.format == "csv":
        return csv_rows.names(path, lines, shape)
    return ndjson_rows.names(islice(lines, limit))
