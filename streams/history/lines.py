"""The physical lines of a file, plain or gzipped: bounded in length, numbered, and honest about a stream cut short.

What a line means (CSV, JSON, an encoding) is for ``reader``.
"""

import gzip
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from models.errors import InvalidInput

MAX_LINE = 1 << 20
"""Bytes. A longer line is no row of a customer's history; it is rejected, and its beginning kept."""
KEPT = 1 << 16
"""Bytes kept of what is rejected for its length."""
GZIP_MAGIC = b"\x1f\x8b"

Told = Callable[[int], None]
"""Told how many bytes of the file, as it lies on disk, have been read."""


class Line(NamedTuple):
    """One physical line with its line end; not ``whole`` where it was longer than ``MAX_LINE`` and cut to ``KEPT``."""

    number: int
    data: bytes
    whole: bool


def lines_of(path: Path, told: Told | None = None) -> Iterator[Line]:
    """Yield the lines of ``path``; blocks on the disk.

    Raises ``InvalidInput`` where the file cannot be opened, is not what its first bytes say, or ends in mid-stream.
    """
    number = 0
    try:
        with path.open("rb") as raw:
            for line in _cut(_plain(raw)):
                number = line.number
                yield line
                if told is not None and number % 1000 == 0:
                    told(raw.tell())
    except EOFError as error:
        raise InvalidInput(
            f"{path}: the gzip stream ends early, after line {number}; nothing was imported; fetch the file again, "
            f"or unpack what is left with `zcat {path.name} > rest.csv` and import that"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise InvalidInput(
            f"{path}: the gzip stream is damaged after line {number} ({error}); nothing was imported; "
            "fetch the file again"
        ) from error
    except OSError as error:
        raise InvalidInput(f"{path}: cannot be read ({error.strerror or error}); name a file that is there") from error


def _plain(raw: BinaryIO) -> BinaryIO:
    magic = raw.read(len(GZIP_MAGIC))
    raw.seek(0)
    return cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if magic == GZIP_MAGIC else raw


def _cut(stream: BinaryIO) -> Iterator[Line]:
    number = 0
    while data := stream.readline(MAX_LINE + 1):
        number += 1
        if len(data) <= MAX_LINE:
            yield Line(number, data, whole=True)
            continue
        rest = data
        while rest and not rest.endswith(b"\n"):
            rest = stream.readline(MAX_LINE)
        yield Line(number, data[:KEPT], whole=False)
